import { Code } from "@connectrpc/connect";
import type { UploadResponse, UploadSpec } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Gate, type Problem } from "sluice-client/parts";

import type { PickedFile } from "../../components/picked-file";

/** Where an upload of this page stands. */
export type JobState =
  | { kind: "queued" }
  | { kind: "verifying"; done: number; total: number }
  | { kind: "sending" }
  | { kind: "pausing" }
  | { kind: "paused" }
  | { kind: "waiting"; problem: Problem; retryInMs: number }
  | { kind: "finishing" }
  | { kind: "done"; result: UploadResponse }
  | { kind: "failed"; problem: Problem }
  | { kind: "stopped" }
  /** Not begun, because one before it did not load. */
  | { kind: "held" };

/** An upload of this page. */
export interface UploadJob {
  /** The id of the transfer. */
  id: string;
  spec: UploadSpec;
  picked: PickedFile;
  /** The uploads of one start share it; they run one after the other. */
  queue: string;
  fileName: string;
  fileSize: number;
  state: JobState;
  /** Bytes that the server has. */
  sentBytes: number;
  controls: { gate: Gate; controller: AbortController };
}

/** Whether a job of this page still has work to do. */
export function isActive(job: UploadJob): boolean {
  return !["done", "failed", "stopped", "held"].includes(job.state.kind);
}

/** Whether the same upload may go on once the reader has done something about it. */
export function mayRetry(problem: Problem): boolean {
  return problem.code === Code.Unauthenticated || problem.isRetryable;
}
