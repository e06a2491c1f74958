import type { ExportRequest, Transfer } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import {
  type Clients,
  describeError,
  exportFile,
  isCancelled,
  type Problem,
} from "sluice-client/parts";

import { createStore } from "../../lib/store";
import { attend } from "../../rpc/failures";
import { openSink } from "./open-sink";

/** An export of this page. */
export interface ExportJob {
  /** The id of the transfer. */
  id: string;
  fileName: string;
  state:
    | { kind: "running" }
    | { kind: "done"; transfer: Transfer | undefined; bytes: number }
    | { kind: "failed"; problem: Problem }
    | { kind: "stopped" };
  /** Bytes that are written. */
  bytes: number;
  controller: AbortController;
}

/** The exports of this page by transfer id. */
export const exportJobs = createStore<ReadonlyMap<string, ExportJob>>(new Map());

/**
 * Asks where to save and begins; the id of the transfer, or null when the reader thought better of it.
 * Call it in an event of the reader.
 */
export async function startExport(
  clients: Clients,
  request: ExportRequest,
  fileName: string,
  type: string,
): Promise<string | null> {
  let sink;
  try {
    sink = await openSink(fileName, type);
  } catch (thrown) {
    if (isCancelled(thrown)) return null;
    throw thrown;
  }
  const id = request.transferId;
  const controller = new AbortController();
  const job: ExportJob = { id, fileName, state: { kind: "running" }, bytes: 0, controller };
  exportJobs.update((jobs) => new Map(jobs).set(id, job));
  attend(run(clients, request, sink, controller));
  return id;
}

async function run(
  clients: Clients,
  request: ExportRequest,
  sink: Awaited<ReturnType<typeof openSink>>,
  controller: AbortController,
): Promise<void> {
  const id = request.transferId;
  try {
    const input = { ingest: clients.ingest, request, sink, signal: controller.signal };
    for await (const event of exportFile(input)) {
      if (event.kind === "progress") change(id, { bytes: event.bytes });
      if (event.kind === "done") change(id, { state: event, bytes: event.bytes });
    }
  } catch (thrown) {
    const isStopped = controller.signal.aborted || isCancelled(thrown);
    change(id, {
      state: isStopped ? { kind: "stopped" } : { kind: "failed", problem: describeError(thrown) },
    });
  }
}

/** Ends an export; its file is removed. */
export function stopExport(id: string): void {
  exportJobs.get().get(id)?.controller.abort();
}

function change(id: string, part: Partial<ExportJob>): void {
  exportJobs.update((jobs) => {
    const job = jobs.get(id);
    return job ? new Map(jobs).set(id, { ...job, ...part }) : jobs;
  });
}

addEventListener("beforeunload", (event) => {
  const isBusy = [...exportJobs.get().values()].some(({ state }) => state.kind === "running");
  if (isBusy) event.preventDefault();
});
