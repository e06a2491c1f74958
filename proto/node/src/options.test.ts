import { toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { UploadSpecSchema } from "./gen/sluice/v1/ingest_service_pb.js";
import { Given, tableName, tableRef, uploadSpec } from "./options.js";

function specOf(options: object) {
  const given = new Given(options);
  const spec = uploadSpec("t", "7c0f6d3e-0000-4000-8000-000000000000", given);
  given.end("upload");
  const { table, transferId, ...rest } = toJson(UploadSpecSchema, spec) as Record<string, unknown>;
  expect([table, transferId]).toEqual([{ table: "t" }, "7c0f6d3e-0000-4000-8000-000000000000"]);
  return rest;
}

test.each([
  ["t", "", "t"],
  ["db.t", "db", "t"],
  ["`a.b`.`c``d`", "a.b", "c`d"],
  ["größe", "", "größe"],
])("%s is a table", (name, database, table) => {
  expect(tableRef(name)).toMatchObject({ database, table });
  expect(tableRef(tableName(tableRef(name)))).toEqual(tableRef(name));
});

test.each(["", ".", "a.", ".b", "a.b.c", "`a", "a`b`", "``"])("%j is no table", (name) => {
  expect(() => tableRef(name)).toThrow("is no table");
});

test("what is not said is left to the server", () => {
  expect(specOf({})).toEqual({});
  expect(specOf({ delimiter: undefined, mode: undefined, sniff: undefined })).toEqual({});
});

test("each option is where the contract has it", () => {
  const options = {
    create: true,
    columns: ["a", "b"],
    rename: { c: "C" },
    mode: "blocks",
    maxRejects: 0,
    ignoreExtra: true,
    sniff: false,
    totalBytes: 2 ** 40,
    format: "tsv",
    delimiter: "",
    skipLines: 3,
    headerRows: 0,
    nullMarkers: ["-"],
    ragged: "pad",
    columnOptions: { a: { dateFormat: "%d/%m/%Y" } },
  };
  expect(specOf(options)).toEqual({
    createTable: true,
    columns: [{ column: "a" }, { column: "b" }],
    renames: [{ column: "c", source: "C" }],
    commitMode: "COMMIT_MODE_BLOCKS",
    rejects: { maxRows: "0" },
    ignoreExtraFields: true,
    sniff: false,
    totalBytes: "1099511627776",
    dialect: { format: "FORMAT_TSV", delimiter: "", skipLines: "3", headerRows: 0 },
    values: {
      nullMarkers: ["-"],
      ragged: "RAGGED_PAD",
      columns: [{ column: "a", dateFormat: "%d/%m/%Y" }],
    },
  });
  expect(specOf({ columns: { a: "x" }, createStatement: "CREATE …" })).toEqual({
    columns: [{ column: "a", source: "x" }],
    createTable: true,
    createStatement: "CREATE …",
  });
});

test.each([
  [{ delimeter: ";" }, "no option `delimeter`"],
  [{ mode: "fast" }, 'mode: "fast" is none of atomic, blocks, replace, direct'],
  [{ format: "parquet" }, 'format: "parquet" is none of csv, tsv, ndjson'],
  [{ columnOptions: { a: { trim: true } } }, "columnOptions of a has no option `trim`"],
])("%j is refused", (options, message) => {
  expect(() => specOf(options)).toThrow(message);
});
