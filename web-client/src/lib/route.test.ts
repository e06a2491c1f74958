import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { hash: "" });
vi.stubGlobal("history", { state: null });
vi.stubGlobal("addEventListener", () => undefined);
const { formatAddress, parseAddress } = await import("./route");

test("an address has its path and what it says besides", () => {
  expect(parseAddress("#/upload/default/a%2Fb?step=table&file=x.csv&file=y%20z.csv")).toEqual({
    parts: ["upload", "default", "a/b"],
    query: { step: ["table"], file: ["x.csv", "y z.csv"] },
  });
  expect(parseAddress("")).toEqual({ parts: [], query: {} });
  expect(parseAddress("#/upload/100%?q")).toEqual({
    parts: ["upload", "100%"],
    query: { q: [""] },
  });
});

test("an address is read as it was written", () => {
  const parts = ["upload", "ü", "a?b#c/d"];
  const query = { file: ["a&b=c.csv", "?.csv"], step: ["load"] };
  expect(parseAddress(formatAddress(parts, query))).toEqual({ parts, query });
  expect(formatAddress(["export"], {})).toBe("#/export");
});
