import { createStore } from "../lib/store";

/** Which ClickHouse the calls are meant for. */
export type Target =
  | { kind: "named"; name: string }
  | {
      kind: "other";
      url: string;
      database: string;
      user: string;
      password: string;
      /** A JWT for ClickHouse itself, instead of user and password. */
      token: string;
    };

/** What every call carries. It lives in memory only: a reload forgets tokens and passwords. */
export interface Session {
  /** The token that Sluice asks for; empty for none. */
  token: string;
  target: Target;
  /** Whether the target is known from before a reload, and its password or token is not. */
  isSecretLost: boolean;
}

/** The connection of a server that was told nothing else. */
export const defaultTarget: Target = { kind: "named", name: "default" };

/** The session of this page. */
export const session = createStore<Session>({
  token: "",
  target: defaultTarget,
  isSecretLost: false,
});

/** The metadata that names the ClickHouse, percent-encoded. */
export function targetHeaders(target: Target): [string, string][] {
  if (target.kind === "named") {
    return target.name === "default"
      ? []
      : [["sluice-connection", encodeURIComponent(target.name)]];
  }
  const login: [string, string][] =
    target.token !== ""
      ? [["sluice-clickhouse-token", target.token]]
      : [
          ["sluice-clickhouse-user", target.user],
          ["sluice-clickhouse-password", target.password],
        ];
  const all: [string, string][] = [
    ["sluice-clickhouse-url", target.url],
    ["sluice-clickhouse-database", target.database],
    ...login,
  ];
  return all
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [name, encodeURIComponent(value)]);
}

/** A short name of the target, for the header of the page. */
export function targetName(target: Target): string {
  if (target.kind === "named") return target.name;
  try {
    return new URL(target.url).host;
  } catch {
    return target.url;
  }
}
