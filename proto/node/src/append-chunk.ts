import { withData } from "./blob-body.js";
import { describeError } from "./errors.js";
import type { Chunk } from "./file-chunks.js";
import type { AppendUploadResponse } from "./gen/sluice/v1/ingest_service_pb.js";
import { atItsServer, ofTransfer } from "./transfer-call.js";
import type { UploadInput } from "./upload-file.js";

/** What came of an append. */
export type Outcome =
  { kind: "sent"; response: AppendUploadResponse } | { kind: "failed"; thrown: unknown };

/** Sends one chunk; never throws. */
export async function appendChunk(
  { ingest, spec, signal, headers = {} }: UploadInput,
  chunk: Chunk,
): Promise<Outcome> {
  const request = {
    transferId: spec.transferId,
    offset: BigInt(chunk.offset),
    crc32c: chunk.crc32c,
  };
  try {
    const contextValues = withData(chunk.data);
    const options = ofTransfer(spec.transferId, { signal, headers, contextValues });
    const response = await atItsServer(() => ingest.appendUpload(request, options), signal);
    return { kind: "sent", response };
  } catch (thrown) {
    return { kind: "failed", thrown };
  }
}

/** Where the server stands after appends of which the first failed; throws what is no matter of offsets. */
export function expectedOffset(outcomes: Outcome[]): number {
  let offset = -1;
  for (const outcome of outcomes) {
    if (outcome.kind === "sent") {
      offset = Math.max(offset, Number(outcome.response.committedOffset));
      continue;
    }
    const { reason, metadata } = describeError(outcome.thrown);
    if (reason !== "OFFSET_ALREADY_COMMITTED" && reason !== "OFFSET_OUT_OF_RANGE") {
      throw outcome.thrown;
    }
    offset = Math.max(offset, Number(metadata["expectedOffset"] ?? -1));
  }
  if (offset < 0) throw new Error("the server does not say which offset it expects");
  return offset;
}
