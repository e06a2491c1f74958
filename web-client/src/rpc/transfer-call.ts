import type { CallOptions } from "@connectrpc/connect";

import { sleep } from "../lib/time";
import { describeError } from "./errors";
import { session, type Target, targetHeaders } from "./session";

/** Through which connection a transfer of this page was begun: through any other it is not known. */
const begunOn = new Map<string, Target>();

/** Binds a transfer to the connection of now, whatever the page works with later. */
export function bindTransfer(transferId: string): void {
  if (!begunOn.has(transferId)) begunOn.set(transferId, session.get().target);
}

/** Says to the transport that the call has its connection. */
export const boundHeader = "sluice-page-bound";

/** The pauses before a call is sent again that has come to a server without a way to the right one. */
const elsewherePausesMs = [250, 500, 1_000, 2_000, 4_000];

/** The options of a call about a transfer: a proxy before several servers chooses one by its id. */
export function ofTransfer(transferId: string, options: CallOptions = {}): CallOptions {
  const target = begunOn.get(transferId);
  const headers = { "sluice-transfer-id": transferId, ...(target ? callHeaders(target) : {}) };
  return { ...options, headers };
}

/** The headers of a call through a connection that need not be the one of this page. */
export function callHeaders(target: Target): Record<string, string> {
  return Object.fromEntries([[boundHeader, "1"], ...targetHeaders(target)]);
}

/**
 * Makes a call to the server that runs an upload. Where a balancer sends it to one that has no way there, the same
 * call is made again, which may come to the right one: to begin again at once would take the upload away from its
 * server, and so back and forth. In the end it throws what the last try threw.
 */
export async function atItsServer<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const pauseMs of elsewherePausesMs) {
    try {
      return await call();
    } catch (thrown) {
      if (describeError(thrown).reason !== "TRANSFER_ELSEWHERE") throw thrown;
      await sleep(pauseMs, signal);
    }
  }
  return call();
}
