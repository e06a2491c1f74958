import { Code } from "@connectrpc/connect";
import type { UploadSpec } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Clients, describeError, Gate, type Prefix } from "sluice-client/parts";

import type { PickedFile } from "../../components/picked-file";
import { createStore } from "../../lib/store";
import { reportFailure } from "../../rpc/failures";
import { bindTransfer, ofTransfer } from "../../rpc/transfer-call";
import { forgetUpload } from "./unfinished";
import { isActive, type UploadJob } from "./upload-job";

/** The uploads of this page by transfer id, in the order of their start. */
export const uploadJobs = createStore<ReadonlyMap<string, UploadJob>>(new Map());

/** One upload to start. Its mode stands in its spec, whatever becomes of those around it. */
export interface JobRequest {
  spec: UploadSpec;
  picked: PickedFile;
  /** The uploads of one start share it. */
  queue: string;
  isResumed: boolean;
  /** What an earlier page has sent of the file. */
  expected?: Prefix | undefined;
}

/** Puts an upload in its place, to be run; one with the same id goes on in the place that it has. */
export function addJob({ spec, picked, queue }: JobRequest): void {
  bindTransfer(spec.transferId);
  const job: UploadJob = {
    id: spec.transferId,
    spec,
    picked,
    queue,
    fileName: picked.file.name,
    fileSize: picked.file.size,
    state: { kind: "queued" },
    sentBytes: 0,
    controls: { gate: new Gate(), controller: new AbortController() },
  };
  uploadJobs.update((jobs) => new Map(jobs).set(job.id, job));
}

/** Changes some of an upload. */
export function changeJob(id: string, part: Partial<UploadJob>): void {
  uploadJobs.update((jobs) => {
    const job = jobs.get(id);
    return job ? new Map(jobs).set(id, { ...job, ...part }) : jobs;
  });
}

/** Lets what is under way arrive, and sends no more. */
export function pauseUpload(id: string): void {
  const job = uploadJobs.get().get(id);
  job?.controls.gate.close();
  if (job?.state.kind === "sending") changeJob(id, { state: { kind: "pausing" } });
}

/** Goes on after a pause. */
export function resumeUpload(id: string): void {
  const job = uploadJobs.get().get(id);
  job?.controls.gate.open();
  if (job && ["pausing", "paused"].includes(job.state.kind)) {
    changeJob(id, { state: { kind: "sending" } });
  }
}

/** Ends an upload for good; those behind it do not begin. */
export async function stopUpload(clients: Clients, id: string): Promise<void> {
  const job = uploadJobs.get().get(id);
  job?.controls.controller.abort();
  if (job?.state.kind === "queued") {
    changeJob(id, { state: { kind: "stopped" } });
    return;
  }
  await forgetUpload(id);
  try {
    await clients.ingest.cancelTransfer({ transferId: id }, ofTransfer(id));
  } catch (thrown) {
    // One that was never opened has nothing to stop.
    if (describeError(thrown).code !== Code.NotFound) reportFailure(thrown);
  }
}

addEventListener("beforeunload", (event) => {
  if ([...uploadJobs.get().values()].some(isActive)) event.preventDefault();
});
