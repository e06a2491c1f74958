import type { PickedFile } from "../../components/picked-file";
import type { UploadSpec } from "../../gen/sluice/v1/ingest_service_pb";
import { createStore } from "../../lib/store";
import { Gate } from "../../lib/time";
import type { Clients } from "../../rpc/clients";
import { describeError, isCancelled } from "../../rpc/errors";
import { forgetUpload, rememberSent, rememberUpload } from "./unfinished";
import { type Prefix, type UploadEvent, uploadFile } from "./upload-file";
import { isActive, mayRetry, type UploadJob } from "./upload-job";

/** The uploads of this page by transfer id, in the order of their start. */
export const uploadJobs = createStore<ReadonlyMap<string, UploadJob>>(new Map());

/** How often counters are shown, in milliseconds. */
const showEveryMs = 100;

/** How often it is written down how far an upload is, in milliseconds. */
const rememberEveryMs = 1_000;

/** One upload to start. */
export interface JobRequest {
  spec: UploadSpec;
  picked: PickedFile;
  isResumed: boolean;
  /** What an earlier page has sent of the file. */
  expected?: Prefix | undefined;
}

/** Runs uploads one after the other; a failed one ends those behind it. */
export async function runUploads(clients: Clients, requests: readonly JobRequest[]): Promise<void> {
  for (const request of requests) addJob(request);
  let isBroken = false;
  for (const request of requests) {
    const id = request.spec.transferId;
    if (isBroken) change(id, { state: { kind: "stopped" } });
    else isBroken = !(await runUpload(clients, request));
  }
}

/** Lets what is under way arrive, and sends no more. */
export function pauseUpload(id: string): void {
  const job = uploadJobs.get().get(id);
  job?.controls.gate.close();
  if (job?.state.kind === "sending") change(id, { state: { kind: "pausing" } });
}

/** Goes on after a pause. */
export function resumeUpload(id: string): void {
  const job = uploadJobs.get().get(id);
  job?.controls.gate.open();
  if (job && ["pausing", "paused"].includes(job.state.kind)) {
    change(id, { state: { kind: "sending" } });
  }
}

/** Tries an upload again that failed for a reason that may have gone, such as an expired token. */
export async function retryUpload(clients: Clients, id: string): Promise<void> {
  const job = uploadJobs.get().get(id);
  if (job) await runUploads(clients, [{ spec: job.spec, picked: job.picked, isResumed: true }]);
}

/** Ends an upload for good. */
export async function stopUpload(clients: Clients, id: string): Promise<void> {
  uploadJobs.get().get(id)?.controls.controller.abort();
  await forgetUpload(id);
  try {
    await clients.ingest.cancelTransfer({ transferId: id });
  } catch (thrown) {
    // One that was never opened, or a server that is away: it ends by itself there.
    describeError(thrown);
  }
}

function addJob({ spec, picked }: JobRequest): void {
  const job: UploadJob = {
    id: spec.transferId,
    spec,
    picked,
    fileName: picked.file.name,
    fileSize: picked.file.size,
    state: { kind: "queued" },
    sentBytes: 0,
    controls: { gate: new Gate(), controller: new AbortController() },
  };
  uploadJobs.update((jobs) => new Map(jobs).set(job.id, job));
}

function change(id: string, part: Partial<UploadJob>): void {
  uploadJobs.update((jobs) => {
    const job = jobs.get(id);
    return job ? new Map(jobs).set(id, { ...job, ...part }) : jobs;
  });
}

/** Runs one upload to its end; whether it succeeded. */
async function runUpload(clients: Clients, request: JobRequest): Promise<boolean> {
  const { spec, picked, isResumed, expected } = request;
  const id = spec.transferId;
  const job = uploadJobs.get().get(id);
  if (!job || job.controls.controller.signal.aborted) {
    change(id, { state: { kind: "stopped" } });
    return false;
  }
  const { gate, controller } = job.controls;
  if (!spec.dryRun) await rememberUpload(spec, picked);
  change(id, { state: { kind: "sending" } });
  const lock = await holdWakeLock();
  try {
    const events = uploadFile({
      ingest: clients.ingest,
      file: picked.file,
      spec,
      isResumed,
      expected,
      gate,
      signal: controller.signal,
      network: window,
    });
    let shownAt = 0;
    let rememberedAt = 0;
    for await (const event of events) {
      if (event.kind === "sent" && event.passed) {
        const isDue = performance.now() - rememberedAt > rememberEveryMs || gate.isClosed;
        if (isDue) {
          rememberedAt = performance.now();
          await rememberSent(id, event.passed);
        }
      }
      if (event.kind === "sent" && performance.now() - shownAt < showEveryMs) continue;
      shownAt = performance.now();
      show(id, event, gate);
    }
    await forgetUpload(id);
    return true;
  } catch (thrown) {
    const isStopped = controller.signal.aborted || isCancelled(thrown);
    const problem = describeError(thrown);
    change(id, { state: isStopped ? { kind: "stopped" } : { kind: "failed", problem } });
    if (!mayRetry(problem)) await forgetUpload(id);
    return false;
  } finally {
    await lock?.release().catch(() => undefined);
  }
}

function show(id: string, event: UploadEvent, gate: Gate): void {
  switch (event.kind) {
    case "opened":
      change(id, { sentBytes: event.offset, state: { kind: "sending" } });
      return;
    case "sent":
      change(id, {
        sentBytes: event.offset,
        state: gate.isClosed ? { kind: "pausing" } : { kind: "sending" },
      });
      return;
    case "done": {
      const size = uploadJobs.get().get(id)?.fileSize ?? 0;
      change(id, { state: event, sentBytes: size });
      return;
    }
    default:
      change(id, { state: event });
  }
}

/** Keeps the machine awake while a file is on its way, where the browser can. */
async function holdWakeLock(): Promise<WakeLockSentinel | undefined> {
  try {
    return await navigator.wakeLock.request("screen");
  } catch {
    return undefined;
  }
}

addEventListener("beforeunload", (event) => {
  if ([...uploadJobs.get().values()].some(isActive)) event.preventDefault();
});
