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

/** The connection of a server that was told nothing else. */
export const defaultTarget: Target = { kind: "named", name: "default" };

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
