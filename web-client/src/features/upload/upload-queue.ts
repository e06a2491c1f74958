import { clone } from "@bufbuild/protobuf";
import { CommitMode, UploadSpecSchema } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Clients, randomUuid } from "sluice-client/parts";

import { attend } from "../../rpc/failures";
import { mayAddToOld, mayEmpty, mayReplace } from "./replacement";
import { runUpload } from "./run-upload";
import { isActive, type UploadJob } from "./upload-job";
import { addJob, changeJob, type JobRequest, uploadJobs } from "./upload-jobs";

/*
 * The files of one start form a queue. The mode of each stands in its spec before the first begins: where rows
 * are replaced, the first replaces and the others add. One that does not load holds those behind it, so that
 * none is added to rows that were to go. Whatever replaces rows asks first, also when it goes on later: other
 * rows may have come meanwhile.
 */

/** Begins uploads, one after the other; false when the reader thinks better of it. */
export async function startUploads(
  clients: Clients,
  requests: readonly JobRequest[],
): Promise<boolean> {
  const [first, ...others] = requests;
  if (!first) return false;
  const added = others.map(({ spec }) => spec.sourceName);
  if (!(await mayReplace(clients, first.spec, added))) return false;
  attend(runQueue(clients, requests));
  return true;
}

/** Tries an upload again that failed for a reason that may have gone, such as an expired token. */
export async function retryUpload(clients: Clients, job: UploadJob): Promise<void> {
  await startUploads(clients, [{ ...job, isResumed: true }, ...heldBehind(job)]);
}

/**
 * Begins an upload that was held, and those behind it. Where the first was to make the table and has not, this one
 * makes it.
 */
export async function beginHeld(clients: Clients, job: UploadJob): Promise<void> {
  const replacing = replacingOf(job);
  if (replacing && !(await mayAddToOld(clients, job.spec, replacing.fileName))) return;
  const spec = clone(UploadSpecSchema, job.spec);
  const making = queueOf(job).find((one) => one.spec.createTable && one.state.kind !== "done");
  if (making) {
    spec.createTable = true;
    spec.createStatement = making.spec.createStatement;
    spec.createOnCluster = making.spec.createOnCluster;
  }
  attend(runQueue(clients, [{ ...job, spec, isResumed: false }, ...heldBehind(job)]));
}

/** The next upload that was held because this one did not load. */
export function firstHeldBehind(job: UploadJob): UploadJob | undefined {
  const id = heldBehind(job)[0]?.spec.transferId;
  return id === undefined ? undefined : uploadJobs.get().get(id);
}

/**
 * Loads the file of an upload that has ended once more, from its beginning; the id of the new upload, or null when
 * the reader thinks better of it.
 */
export async function beginAgain(
  clients: Clients,
  job: UploadJob,
  picked = job.picked,
): Promise<string | null> {
  const held = heldBehind(job).map(({ spec }) => spec.sourceName);
  if (!(await mayReplace(clients, job.spec, held))) return null;
  return again(clients, job, { picked });
}

/**
 * Loads a file again that would empty its table, so that it does; the id of the new upload, or null when the
 * reader thinks better of it.
 */
export async function replaceByNothing(clients: Clients, job: UploadJob): Promise<string | null> {
  if (!(await mayEmpty(clients, job.spec))) return null;
  return again(clients, job, { mayBeEmpty: true });
}

/** Puts a new upload in the place of an old one, before those that were held behind it, and runs them. */
function again(
  clients: Clients,
  job: UploadJob,
  { picked = job.picked, mayBeEmpty = job.spec.allowEmpty },
): string {
  const transferId = randomUuid();
  const spec = clone(UploadSpecSchema, job.spec);
  spec.transferId = transferId;
  spec.allowEmpty = mayBeEmpty;
  spec.totalBytes = BigInt(picked.file.size);
  spec.sourceName = picked.file.name;
  delete spec.prefixCrc32c;
  const next = { ...job, id: transferId, spec, picked };
  uploadJobs.update(
    (jobs) =>
      new Map([...jobs].map(([id, one]) => (id === job.id ? [transferId, next] : [id, one]))),
  );
  attend(runQueue(clients, [{ ...next, isResumed: false }, ...heldBehind(next)]));
  return transferId;
}

/** Whether one of the uploads that were started with this one runs. */
export function isQueueBusy(job: UploadJob): boolean {
  return queueOf(job).some(isActive);
}

/** Runs uploads one after the other; one that does not load holds those behind it. */
async function runQueue(clients: Clients, requests: readonly JobRequest[]): Promise<void> {
  for (const request of requests) addJob(request);
  for (const [index, request] of requests.entries()) {
    if (await runUpload(clients, request)) continue;
    for (const { spec } of requests.slice(index + 1)) hold(spec.transferId);
    return;
  }
}

function hold(id: string): void {
  // One that the reader has stopped meanwhile stays so.
  if (uploadJobs.get().get(id)?.state.kind === "queued") changeJob(id, { state: { kind: "held" } });
}

/** The uploads of one start, in their order. */
function queueOf({ queue }: UploadJob): UploadJob[] {
  return [...uploadJobs.get().values()].filter((job) => job.queue === queue);
}

/** The uploads that wait for this one. */
function heldBehind(job: UploadJob): JobRequest[] {
  const queue = queueOf(job);
  const behind = queue.slice(queue.findIndex(({ id }) => id === job.id) + 1);
  const end = behind.findIndex(({ state }) => state.kind !== "held");
  const held = end < 0 ? behind : behind.slice(0, end);
  return held.map((one) => ({ ...one, isResumed: false }));
}

/** The first of the queue where it was to replace the old rows and has not. */
function replacingOf(job: UploadJob): UploadJob | undefined {
  return queueOf(job).find(
    ({ spec, state }) => spec.commitMode === CommitMode.REPLACE && state.kind !== "done",
  );
}
