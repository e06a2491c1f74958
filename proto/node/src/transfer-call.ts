import type { CallOptions } from "@connectrpc/connect";

import { describeError } from "./errors.js";
import { sleep } from "./time.js";

/** The pauses before a call is sent again that has come to a server without a way to the right one. */
const elsewherePausesMs = [250, 500, 1_000, 2_000, 4_000];

/** The options of a call about a transfer: a proxy before several servers chooses one by its id. */
export function ofTransfer(transferId: string, options: CallOptions = {}): CallOptions {
  const headers = new Headers(options.headers);
  headers.set("sluice-transfer-id", transferId);
  return { ...options, headers };
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
