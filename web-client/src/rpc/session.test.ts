import { expect, test } from "vitest";

import { targetName } from "./session";

test("another ClickHouse is called by its host, or what is written for it", () => {
  const login = { database: "", user: "", password: "", token: "" };
  expect(targetName({ kind: "named", name: "wide" })).toBe("wide");
  expect(targetName({ kind: "other", url: "http://host:8123", ...login })).toBe("host:8123");
  expect(targetName({ kind: "other", url: "no url", ...login })).toBe("no url");
});
