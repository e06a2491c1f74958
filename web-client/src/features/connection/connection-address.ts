import { type Clients, type Target } from "sluice-client/parts";

import { address, connectionOf, parseAddress, writeConnection } from "../../lib/route";
import { keepInTab, keptInTab } from "../../lib/tab";
import { attend } from "../../rpc/failures";
import { session } from "../../rpc/session";
import { changeSession } from "./connection-state";

/*
 * A connection of the server stands in the address by its name, so that a link carries it. A ClickHouse of the
 * reader's own cannot be told to others: its host, database and user are kept for the tab. No secret is in either.
 */

const tabKey = "connection";

/** Takes the connection of the address, or the one that the tab had before a reload. */
export function restoreConnection(hash: string): void {
  const name = parseAddress(hash).query["connection"]?.[0];
  if (name !== undefined) {
    session.update((before) => ({ ...before, target: { kind: "named", name } }));
    return;
  }
  const kept = keptInTab(tabKey) as { url: string; database: string; user: string } | undefined;
  if (!kept) return;
  const target: Target = { kind: "other", ...kept, password: "", token: "" };
  session.update((before) => ({ ...before, target, isSecretLost: true }));
}

/** Ties the connection to the address; returns how to untie it. */
export function tieConnection(clients: Clients): () => void {
  const write = () => {
    const { target } = session.get();
    const isOther = target.kind === "other";
    keepInTab(
      tabKey,
      isOther
        ? { url: withoutLogin(target.url), database: target.database, user: target.user }
        : null,
    );
    // The default is named only where the address would otherwise mean the one before.
    const isDefault = !isOther && target.name === "default";
    const isNamed = connectionOf(address.get()) !== undefined;
    if (isOther) writeConnection(undefined);
    else if (!isDefault || isNamed) writeConnection(target.name);
  };
  const read = () => {
    const { target } = session.get();
    const name = connectionOf(address.get());
    if (name === undefined || (target.kind === "named" && target.name === name)) return;
    attend(changeSession(clients, { target: { kind: "named", name } }));
  };
  write();
  const leave = [session.subscribe(write), address.subscribe(read)];
  return () => {
    for (const end of leave) end();
  };
}

/** An address may have a password in it, which is kept nowhere. */
function withoutLogin(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}
