import { expect, test } from "vitest";

import { targetHeaders } from "./target.js";

test("the default connection needs no metadata", () => {
  expect(targetHeaders({ kind: "named", name: "default" })).toEqual([]);
  expect(targetHeaders({ kind: "named", name: "größe" })).toEqual([
    ["sluice-connection", "gr%C3%B6%C3%9Fe"],
  ]);
});

test("another ClickHouse has a login or a token, never both", () => {
  const other = {
    kind: "other",
    url: "http://host:8123",
    database: "",
    user: "me",
    password: "a b%",
    token: "",
  } as const;
  expect(targetHeaders(other)).toEqual([
    ["sluice-clickhouse-url", "http%3A%2F%2Fhost%3A8123"],
    ["sluice-clickhouse-user", "me"],
    ["sluice-clickhouse-password", "a%20b%25"],
  ]);
  expect(targetHeaders({ ...other, token: "x.y.z" }).map(([name]) => name)).toEqual([
    "sluice-clickhouse-url",
    "sluice-clickhouse-token",
  ]);
});
