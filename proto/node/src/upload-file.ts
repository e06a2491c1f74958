import { clone, create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { appendChunk, expectedOffset, type Outcome } from "./append-chunk.js";
import type { Clients } from "./clients.js";
import { describeError, isCancelled, type Problem } from "./errors.js";
import { type Chunk, FileChunks } from "./file-chunks.js";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import {
  type AppendUploadResponse,
  type Transfer,
  type UploadResponse,
  type UploadSpec,
  UploadSpecSchema,
} from "./gen/sluice/v1/ingest_service_pb.js";
import { childOf, type Gate, sleep } from "./time.js";
import { atItsServer, ofTransfer } from "./transfer-call.js";

/** The bytes of one append. */
export const chunkBytes = 4 << 20;
/** The most appends that are under way at once. */
const maxInFlight = 3;
/** The longest wait before a lost connection is tried again, in milliseconds. */
const maxBackOffMs = 15_000;
/** How often in a row the server may name another offset before the upload fails. */
const maxMoves = 20;

/** The beginning of a file: its length, and the checksum of its bytes. */
export interface Prefix {
  offset: number;
  crc32c: number;
}

/** What an upload tells while it goes on. */
export type UploadEvent =
  | { kind: "verifying"; done: number; total: number }
  | { kind: "opened"; transfer: Transfer | undefined; offset: number }
  | { kind: "sent"; offset: number; response: AppendUploadResponse; passed: Prefix | undefined }
  | { kind: "paused" }
  | { kind: "waiting"; problem: Problem; retryInMs: number }
  | { kind: "finishing" }
  | { kind: "done"; result: UploadResponse };

/** One file on its way. */
export interface UploadInput {
  ingest: Clients["ingest"];
  file: Blob;
  /** What to load; its `transferId` is set. */
  spec: UploadSpec;
  /** Whether the transfer was opened before, by this page or another. */
  isResumed: boolean;
  /** What an earlier page has sent of the file; another file is refused. */
  expected?: Prefix | undefined;
  /** Closed while the upload is paused. */
  gate: Gate;
  signal: AbortSignal;
  /** What goes with each call. */
  headers?: Record<string, string>;
  /** Fires `online` when the network is back; the window. */
  network?: EventTarget;
}

/** Loads a file; ends after `done` or throws. A lost network, or server, is waited for. */
export async function* uploadFile(input: UploadInput): AsyncGenerator<UploadEvent, void> {
  const chunks = new FileChunks(input.file, chunkBytes);
  let wasOpened = input.isResumed;
  let failures = 0;
  if (input.expected) yield* compare(input, chunks, input.expected);
  for (;;) {
    try {
      for await (const event of attempt(input, chunks, wasOpened)) {
        if (event.kind === "opened") wasOpened = true;
        if (event.kind === "sent") failures = 0;
        yield event;
        if (event.kind === "done") return;
      }
    } catch (thrown) {
      if (input.signal.aborted || isCancelled(thrown)) throw thrown;
      const problem = describeError(thrown);
      if (!problem.isRetryable) throw thrown;
      const retryInMs = problem.retryAfterMs ?? Math.min(maxBackOffMs, 500 * 2 ** failures);
      failures += 1;
      yield { kind: "waiting", problem, retryInMs };
      await sleep(retryInMs, input.signal, input.network);
    }
  }
}

/** Opens the upload, sends what is missing and ends it; returns without `done` to be opened again. */
async function* attempt(
  input: UploadInput,
  chunks: FileChunks,
  wasOpened: boolean,
): AsyncGenerator<UploadEvent, void> {
  const { controller, release } = childOf(input.signal);
  try {
    yield* callsOf({ ...input, signal: controller.signal }, chunks, wasOpened);
  } finally {
    // No append of a try outlives it.
    controller.abort();
    release();
  }
}

async function* callsOf(
  input: UploadInput,
  chunks: FileChunks,
  wasOpened: boolean,
): AsyncGenerator<UploadEvent, void> {
  const { ingest, signal, headers = {} } = input;
  const prefix = wasOpened ? yield* knownPrefix(input, chunks) : undefined;
  const spec = clone(UploadSpecSchema, input.spec);
  if (prefix !== undefined) spec.prefixCrc32c = prefix;
  const id = spec.transferId;
  const options = ofTransfer(id, { signal, headers });
  const opened = await ingest.beginUpload({ spec }, options);
  const offset = Number(opened.committedOffset);
  yield { kind: "opened", transfer: opened.transfer, offset };
  const isWhole = yield* sendFrom(input, chunks, offset);
  if (!isWhole) return;
  yield { kind: "finishing" };
  const end = { transferId: id, totalBytes: BigInt(chunks.size), ...chunks.checksum() };
  const finish = () => ingest.finishUpload(end, options);
  const finished = await atItsServer(finish, signal);
  if (finished.result) yield { kind: "done", result: finished.result };
}

/** Sees that the file begins as the one did that an earlier page has sent. */
async function* compare(
  { signal }: UploadInput,
  chunks: FileChunks,
  expected: Prefix,
): AsyncGenerator<UploadEvent, void> {
  if ((yield* checksumOf(chunks, expected.offset, signal)) === expected.crc32c) return;
  const info = create(ErrorInfoSchema, { reason: "FILE_CHANGED", domain: "sluice.v1" });
  const message = "other bytes are where those stand that were sent before";
  throw new ConnectError(message, Code.FailedPrecondition, undefined, [
    { desc: ErrorInfoSchema, value: info },
  ]);
}

async function* checksumOf(
  chunks: FileChunks,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<UploadEvent, number> {
  const checksum = chunks.prefixChecksum(offset, signal);
  for (;;) {
    const step = await checksum.next();
    if (step.done) return step.value;
    yield { kind: "verifying", done: step.value, total: offset };
  }
}

/** The checksum of the bytes that the server has already; undefined when it knows of none. */
async function* knownPrefix(
  { ingest, spec, signal, headers = {} }: UploadInput,
  chunks: FileChunks,
): AsyncGenerator<UploadEvent, number | undefined> {
  let committed: number;
  try {
    const { transferId } = spec;
    const { transfer } = await ingest.getTransfer(
      { transferId },
      ofTransfer(transferId, { signal, headers }),
    );
    committed = Number(transfer?.committedOffset ?? 0n);
  } catch (thrown) {
    if (describeError(thrown).code === Code.NotFound) return undefined;
    throw thrown;
  }
  if (committed <= 0 || committed > chunks.size) return undefined;
  return yield* checksumOf(chunks, committed, signal);
}

/** Sends the chunks from `start` on, some at a time. False when it was paused and is to be opened again. */
async function* sendFrom(
  input: UploadInput,
  chunks: FileChunks,
  start: number,
): AsyncGenerator<UploadEvent, boolean> {
  const inFlight: { chunk: Chunk; outcome: Promise<Outcome> }[] = [];
  let next = start;
  let moves = 0;
  while (next < chunks.size || inFlight.length > 0) {
    if (input.gate.isClosed && inFlight.length === 0) {
      yield { kind: "paused" };
      await input.gate.pass(input.signal);
      return false;
    }
    while (!input.gate.isClosed && inFlight.length < maxInFlight && next < chunks.size) {
      const chunk = await chunks.read(next);
      inFlight.push({ chunk, outcome: appendChunk(input, chunk) });
      next = chunk.end;
    }
    const first = inFlight.shift();
    if (!first) continue;
    const outcome = await first.outcome;
    if (outcome.kind === "sent") {
      moves = 0;
      const offset = first.chunk.end;
      const crc32c = chunks.passedChecksum(offset);
      const passed = crc32c === undefined ? undefined : { offset, crc32c };
      yield { kind: "sent", offset, response: outcome.response, passed };
      continue;
    }
    // Those behind the first wait for it at the server: what is no matter of offsets is thrown at once.
    expectedOffset([outcome]);
    const rest = await Promise.all(inFlight.splice(0).map(({ outcome }) => outcome));
    next = expectedOffset([outcome, ...rest]);
    moves += 1;
    if (moves > maxMoves) throw outcome.thrown;
  }
  return true;
}
