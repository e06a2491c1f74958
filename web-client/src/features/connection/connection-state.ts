import type {
  CheckConnectionResponse,
  Connection,
  GetServerInfoResponse,
} from "../../gen/sluice/v1/catalog_service_pb";
import { createStore } from "../../lib/store";
import type { Clients } from "../../rpc/clients";
import { describeError, isSignInNeeded, isUnimplemented, type Problem } from "../../rpc/errors";
import { session, type Target } from "../../rpc/session";

/** What is known of the server and its ClickHouse. */
export interface ConnectionState {
  server: Pick<GetServerInfoResponse, "version" | "requiresToken" | "allowsOtherClickhouse">;
  connections: Pick<Connection, "name" | "url" | "database">[];
  check:
    | { state: "unknown" }
    | { state: "checking" }
    | { state: "good"; answer: CheckConnectionResponse }
    | { state: "signed-out"; problem: Problem | undefined }
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
    chooseKnown(listed.connections);
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
  session.update((before) => ({ ...before, ...change }));
  await connect(clients);
}

/** Takes the first connection where the one that is chosen is not among them. */
function chooseKnown(connections: ConnectionState["connections"]): void {
  const { target } = session.get();
  const first = connections[0];
  if (target.kind !== "named" || !first) return;
  if (connections.some(({ name }) => name === target.name)) return;
  session.update((before) => ({ ...before, target: { kind: "named", name: first.name } }));
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
