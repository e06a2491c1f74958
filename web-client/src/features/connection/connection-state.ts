import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "sluice-client/gen/google/rpc/error_details_pb";
import type {
  CheckConnectionResponse,
  Connection,
  GetServerInfoResponse,
} from "sluice-client/gen/sluice/v1/catalog_service_pb";
import {
  type Clients,
  describeError,
  isSignInNeeded,
  isUnimplemented,
  type Problem,
  type Target,
} from "sluice-client/parts";

import { createStore } from "../../lib/store";
import { session, targetName } from "../../rpc/session";
import { callHeaders } from "../../rpc/transfer-call";

/** What is known of the server and its ClickHouse. */
export interface ConnectionState {
  server: Pick<GetServerInfoResponse, "version" | "requiresToken" | "allowsOtherClickhouse">;
  connections: Pick<Connection, "name" | "url" | "database">[];
  check:
    | { state: "unknown" }
    | { state: "checking" }
    | { state: "good"; answer: CheckConnectionResponse }
    | { state: "signed-out"; problem: Problem | undefined }
    /** The password or token of a ClickHouse of the reader's own, which a reload has forgotten. */
    | { state: "secret-needed" }
    | { state: "bad"; problem: Problem };
  /** Grows with every change of the connection: what was loaded before is stale. */
  generation: number;
}

const oldServer = { version: "", requiresToken: false, allowsOtherClickhouse: false };
const defaultConnection = { name: "default", url: "", database: "" };

/** The connection of this page. */
export const connection = createStore<ConnectionState>({
  server: oldServer,
  connections: [defaultConnection],
  check: { state: "unknown" },
  generation: 0,
});

/** Asks the server what it is, and whether its ClickHouse answers. */
export async function connect(clients: Clients): Promise<void> {
  const generation = connection.get().generation + 1;
  connection.update((state) => ({ ...state, check: { state: "checking" }, generation }));
  const update = (change: Partial<ConnectionState>) => {
    if (connection.get().generation === generation) {
      connection.update((state) => ({ ...state, ...change }));
    }
  };
  try {
    const server = await orElse(clients.catalog.getServerInfo({}), oldServer);
    update({ server });
    if (server.requiresToken && session.get().token === "") {
      update({ check: { state: "signed-out", problem: undefined } });
      return;
    }
    const listed = await orElse(clients.catalog.listConnections({}), {
      connections: [defaultConnection],
    });
    update({ connections: listed.connections });
    if (!isKnown(listed.connections)) {
      update({ check: { state: "bad", problem: unknownConnection(session.get().target) } });
      return;
    }
    if (session.get().isSecretLost) {
      update({ check: { state: "secret-needed" } });
      return;
    }
    update({ check: { state: "good", answer: await clients.catalog.checkConnection({}) } });
  } catch (thrown) {
    const problem = describeError(thrown);
    update({
      check: isSignInNeeded(problem) ? { state: "signed-out", problem } : { state: "bad", problem },
    });
  }
}

/** Goes over to another ClickHouse or token, and tries it. */
export async function changeSession(
  clients: Clients,
  change: { token?: string; target?: Target },
): Promise<void> {
  session.update((before) => ({
    ...before,
    ...change,
    isSecretLost: change.target ? false : before.isSecretLost,
  }));
  await connect(clients);
}

/**
 * Goes over to another ClickHouse once it has answered; why it does not, otherwise. A failed try leaves the
 * connection as it is.
 */
export async function tryTarget(clients: Clients, target: Target): Promise<Problem | undefined> {
  try {
    await clients.catalog.checkConnection({}, { headers: callHeaders(target) });
  } catch (thrown) {
    return describeError(thrown);
  }
  await changeSession(clients, { target });
  return undefined;
}

/**
 * Takes the first connection where the caller has no `default`. One that the reader or a link names is never
 * another one in silence: false where there is no such.
 */
function isKnown(connections: ConnectionState["connections"]): boolean {
  const { target } = session.get();
  const [first] = connections;
  if (target.kind !== "named" || !first) return true;
  if (connections.some(({ name }) => name === target.name)) return true;
  if (target.name !== "default") return false;
  session.update((before) => ({ ...before, target: { kind: "named", name: first.name } }));
  return true;
}

function unknownConnection(target: Target): Problem {
  const value = create(ErrorInfoSchema, { reason: "CONNECTION_NOT_FOUND", domain: "sluice.v1" });
  const details = [{ desc: ErrorInfoSchema, value }];
  const message = `the server has no connection \`${targetName(target)}\` for you`;
  return describeError(new ConnectError(message, Code.NotFound, undefined, details));
}

/** The answer, or `fallback` of a server that does not have the call yet. */
async function orElse<T>(answer: Promise<T>, fallback: NoInfer<T> | object): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    if (isUnimplemented(thrown)) return fallback as T;
    throw thrown;
  }
}
