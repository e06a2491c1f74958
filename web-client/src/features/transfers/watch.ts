import { useEffect } from "react";
import {
  type Transfer,
  TransferKind,
  TransferState,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Clients, describeError, isCancelled, type Problem, sleep } from "sluice-client/parts";

import { addSample, type Sample } from "../../lib/rate";
import { createStore, type Store, useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { ofTransfer } from "../../rpc/transfer-call";

/** A transfer that is followed. */
export interface Watched {
  transfer: Transfer | undefined;
  samples: readonly Sample[];
  /** Why nothing is heard of it; undefined while something is. */
  problem: Problem | undefined;
}

interface Watch {
  store: Store<Watched>;
  followers: number;
  controller: AbortController | undefined;
}

const nothing: Watched = { transfer: undefined, samples: [], problem: undefined };
const watches = new Map<string, Watch>();

/** How long after a lost connection, or for an id that is not known yet, it is asked again. */
const retryMs = 1_000;

/** Follows a transfer while the component is shown; what was seen of it before is kept. */
export function useTransfer(id: string): Watched {
  const clients = useClients();
  useEffect(() => {
    return joinWatch(clients, id);
  }, [clients, id]);
  return useStore(watchOf(id).store);
}

/** Whether nothing will change any more. */
export function hasEnded(state: TransferState | undefined): boolean {
  return (
    state === TransferState.SUCCEEDED ||
    state === TransferState.FAILED ||
    state === TransferState.CANCELLED
  );
}

/** How long a transfer has run, in milliseconds. */
export function elapsedMs(transfer: Transfer): number {
  const { elapsed } = transfer;
  return elapsed ? Number(elapsed.seconds) * 1000 + elapsed.nanos / 1e6 : 0;
}

function watchOf(id: string): Watch {
  const known = watches.get(id);
  if (known) return known;
  const made = { store: createStore(nothing), followers: 0, controller: undefined };
  watches.set(id, made);
  return made;
}

/** Follows until the last follower has left; returns how to leave. */
function joinWatch(clients: Clients, id: string): () => void {
  const watch = watchOf(id);
  watch.followers += 1;
  if (!watch.controller) {
    watch.controller = new AbortController();
    attend(follow(clients, id, watch.store, watch.controller.signal));
  }
  return () => {
    watch.followers -= 1;
    if (watch.followers > 0) return;
    watch.controller?.abort();
    watch.controller = undefined;
  };
}

async function follow(
  clients: Clients,
  id: string,
  store: Store<Watched>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      const options = ofTransfer(id, { signal });
      const messages = clients.ingest.watchTransfer({ transferId: id }, options);
      for await (const { transfer } of messages) if (transfer) see(store, transfer);
      if (hasEnded(store.get().transfer?.state)) return;
    } catch (thrown) {
      if (signal.aborted || isCancelled(thrown)) return;
      store.update((before) => ({ ...before, problem: describeError(thrown) }));
    }
    await sleep(retryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
  }
}

function see(store: Store<Watched>, transfer: Transfer): void {
  const { counters, kind } = transfer;
  const isUpload = kind === TransferKind.UPLOAD;
  const sample = {
    at: elapsedMs(transfer),
    bytes: Number((isUpload ? counters?.bytesReceived : counters?.bytesSent) ?? 0n),
    rows: Number((isUpload ? counters?.rowsParsed : counters?.rowsExported) ?? 0n),
  };
  store.update(({ samples }) => ({
    transfer,
    samples: addSample(samples, sample),
    problem: undefined,
  }));
}
