import { create } from "@bufbuild/protobuf";
import { ColumnMatchSchema, MatchKind } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { expect, test } from "vitest";

import type { Field } from "./fields";
import { likeness, proposalsFor } from "./proposals";

const missing = (column: string) => create(ColumnMatchSchema, { column, kind: MatchKind.MISSING });
const fields = (...names: string[]): Field[] =>
  names.map((name, index) => ({ key: name, name, number: index + 1, isDouble: false }));
const pairs = (...given: Parameters<typeof proposalsFor>) =>
  proposalsFor(...given).map(({ column, source, why }) => `${source} → ${column}: ${why}`);

test("names that differ in case, marks and separators are the same", () => {
  expect(likeness("Full Name", "full_name")).toBe(1);
  expect(likeness("E-Mail", "email")).toBe(1);
  expect(likeness("Größe", "groesse")).toBeLessThan(1);
  expect(likeness("Straße", "STRASSE")).toBe(1);
  expect(likeness("id", "name")).toBe(0);
  expect(likeness("--", "name")).toBe(0);
});

test("each free field is proposed once, for the column that it is most like", () => {
  const columns = [missing("full_name"), missing("name"), missing("price")];
  expect(pairs(columns, fields("Full Name", "Names", "Colour"), {}, {})).toEqual([
    "Full Name → full_name: similar name",
    "Names → name: similar name",
  ]);
});

test("what was chosen last time comes first, what is chosen now is left alone", () => {
  const columns = [missing("full_name"), missing("born")];
  const all = fields("Full Name", "Geburtstag");
  expect(pairs(columns, all, {}, { born: "Geburtstag", full_name: "gone" })).toEqual([
    "Full Name → full_name: similar name",
    "Geburtstag → born: as last time",
  ]);
  expect(pairs(columns, all, { born: "Full Name" }, { born: "Geburtstag" })).toEqual([]);
});
