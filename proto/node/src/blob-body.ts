import { createContextKey, createContextValues, type Interceptor } from "@connectrpc/connect";

import { AppendUploadRequestSchema } from "./gen/sluice/v1/ingest_service_pb.js";

/*
 * Sends the bytes of an append from the file itself.
 *
 * A piece of a file as the body of a request is read by the browser, beside the page; through a message its
 * bytes would be copied four times by the page, which halves the rate. So the message is sent without its
 * `data`, and the piece is put behind it: in protobuf, what follows a message is more of its fields.
 */

const dataKey = createContextKey<Blob | undefined>(undefined, { description: "data of an append" });

/** Names the piece between the interceptor and `fetch`; never leaves the page. */
const keyHeader = "x-body";
const pieces = new Map<string, Blob>();
let lastKey = 0;

/** The context of a call of AppendUpload whose data is `data`. */
export function withData(data: Blob) {
  return createContextValues().set(dataKey, data);
}

/** Hands the piece of a call on to `fetchWithData`. */
export const dataInterceptor: Interceptor = (next) => async (request) => {
  const data = request.contextValues.get(dataKey);
  if (!data) return await next(request);
  const key = `${(lastKey += 1)}`;
  pieces.set(key, data);
  request.header.set(keyHeader, key);
  try {
    return await next(request);
  } finally {
    pieces.delete(key);
  }
};

/** `fetch`, with the piece of the call behind its message. */
export const fetchWithData: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  const data = pieces.get(headers.get(keyHeader) ?? "");
  const message = init?.body;
  if (!data || !(message instanceof Uint8Array)) return fetch(input, init);
  headers.delete(keyHeader);
  return fetch(input, { ...init, headers, body: frame(message as Uint8Array<ArrayBuffer>, data) });
};

/** The bytes of a frame's head: flags, and the length of the message. */
const headBytes = 5;
/** The wire type of a field with a length. */
const lengthDelimited = 2;

/** A frame of gRPC-Web that holds the message of `framed`, and `data` as its field of that name. */
export function frame(framed: Uint8Array<ArrayBuffer>, data: Blob): Blob {
  const message = framed.subarray(headBytes);
  const tag = (AppendUploadRequestSchema.field.data.number << 3) | lengthDelimited;
  const field = new Uint8Array([...varint(tag), ...varint(data.size)]);
  const head = new DataView(new ArrayBuffer(headBytes));
  head.setUint32(1, message.length + field.length + data.size);
  return new Blob([head, message, field, data]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
