import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { hash: "" });
vi.stubGlobal("history", { state: null });
vi.stubGlobal("addEventListener", () => undefined);
const { isTable, pastedName } = await import("./pasted");

test("a table has cells beside or below one another, a word has not", () => {
  expect(isTable("a\tb")).toBe(true);
  expect(isTable("a\nb\n")).toBe(true);
  expect(isTable("a word\n")).toBe(false);
  expect(isTable(" \t ")).toBe(false);
});

test("each pasted table has a name of its own", () => {
  expect(pastedName([])).toBe("pasted.txt");
  expect(pastedName(["pasted.txt", "pasted_2.txt"])).toBe("pasted_3.txt");
});
