import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { frame } from "./blob-body.js";
import { AppendUploadRequestSchema } from "./gen/sluice/v1/ingest_service_pb.js";

test("a frame with a piece of a file is the frame of the whole message", async () => {
  const data = crypto.getRandomValues(new Uint8Array(40_000));
  const request = create(AppendUploadRequestSchema, {
    transferId: "7c0f6d3e-0000-4000-8000-000000000000",
    offset: 123_456_789_012n,
    crc32c: 0xfedcba98,
  });
  const message = toBinary(AppendUploadRequestSchema, request);
  const framed = new Uint8Array([0, 0, 0, 0, message.length, ...message]);
  const sent = new Uint8Array(await frame(framed, new Blob([data])).arrayBuffer());
  expect(sent[0]).toBe(0);
  expect(new DataView(sent.buffer).getUint32(1)).toBe(sent.length - 5);
  expect(fromBinary(AppendUploadRequestSchema, sent.subarray(5))).toEqual({ ...request, data });
});
