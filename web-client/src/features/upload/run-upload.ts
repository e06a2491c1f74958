import {
  type Clients,
  describeError,
  type Gate,
  isCancelled,
  type UploadEvent,
  uploadFile,
} from "sluice-client/parts";

import { transferHeaders } from "../../rpc/transfer-call";
import { forgetUpload, rememberSent, rememberUpload } from "./unfinished";
import { mayRetry } from "./upload-job";
import { changeJob, type JobRequest, uploadJobs } from "./upload-jobs";

/** How often counters are shown, in milliseconds. */
const showEveryMs = 100;

/** How often it is written down how far an upload is, in milliseconds. */
const rememberEveryMs = 1_000;

/** Runs one upload to its end; whether it succeeded. */
export async function runUpload(clients: Clients, request: JobRequest): Promise<boolean> {
  const { spec, picked, isResumed, expected } = request;
  const id = spec.transferId;
  const job = uploadJobs.get().get(id);
  if (!job || job.controls.controller.signal.aborted) {
    changeJob(id, { state: { kind: "stopped" } });
    return false;
  }
  const { gate, controller } = job.controls;
  if (!spec.dryRun) await rememberUpload(spec, picked);
  changeJob(id, { state: { kind: "sending" } });
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
      headers: transferHeaders(id),
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
    changeJob(id, { state: isStopped ? { kind: "stopped" } : { kind: "failed", problem } });
    if (!mayRetry(problem)) await forgetUpload(id);
    return false;
  } finally {
    await lock?.release().catch(() => undefined);
  }
}

function show(id: string, event: UploadEvent, gate: Gate): void {
  switch (event.kind) {
    case "opened":
      changeJob(id, { sentBytes: event.offset, state: { kind: "sending" } });
      return;
    case "sent":
      changeJob(id, {
        sentBytes: event.offset,
        state: gate.isClosed ? { kind: "pausing" } : { kind: "sending" },
      });
      return;
    case "done": {
      const size = uploadJobs.get().get(id)?.fileSize ?? 0;
      changeJob(id, { state: event, sentBytes: size });
      return;
    }
    default:
      changeJob(id, { state: event });
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
