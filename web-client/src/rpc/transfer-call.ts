import type { CallOptions } from "@connectrpc/connect";
import { ofTransfer as withId, type Target, targetHeaders } from "sluice-client/parts";

import { session } from "./session";

/** Through which connection a transfer of this page was begun: through any other it is not known. */
const begunOn = new Map<string, Target>();

/** Binds a transfer to the connection of now, whatever the page works with later. */
export function bindTransfer(transferId: string): void {
  if (!begunOn.has(transferId)) begunOn.set(transferId, session.get().target);
}

/** Says to the transport that the call has its connection. */
export const boundHeader = "sluice-page-bound";

/** The options of a call about a transfer, through the connection that it was begun on. */
export function ofTransfer(transferId: string, options: CallOptions = {}): CallOptions {
  return withId(transferId, { ...options, headers: transferHeaders(transferId) });
}

/** The headers of the connection that a transfer was begun on; none for one that this page did not begin. */
export function transferHeaders(transferId: string): Record<string, string> {
  const target = begunOn.get(transferId);
  return target ? callHeaders(target) : {};
}

/** The headers of a call through a connection that need not be the one of this page. */
export function callHeaders(target: Target): Record<string, string> {
  return Object.fromEntries([[boundHeader, "1"], ...targetHeaders(target)]);
}
