import { create } from "@bufbuild/protobuf";
import {
  CommitMode,
  type InspectFileResponse,
  InspectFileResponseSchema,
  MatchKind,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { expect, test } from "vitest";

import { buildSpec, mappedColumns, newTableOf } from "./build-spec";
import { initialForm, type UploadForm } from "./upload-form";

const inspection: InspectFileResponse = create(InspectFileResponseSchema, {
  profile: {
    dialect: { headerRows: 1 },
    columns: [
      { name: "id", type: "Int64" },
      { name: "full_name", originalName: "full name", type: "Nullable(String)" },
    ],
  },
  createStatement:
    "CREATE TABLE `d`.`t`\n(\n    `id` Int64,\n    `full_name` Nullable(String)\n)\nENGINE = MergeTree\nORDER BY `id`",
  matches: [
    { column: "ID", source: "id", kind: MatchKind.CASE_DIFFERS },
    { column: "note", kind: MatchKind.DEFAULT },
    { column: "", source: "full name", kind: MatchKind.EXTRA },
  ],
});
const form: UploadForm = { ...initialForm, newTable: { database: "d", table: "t" } };
const options = {
  transferId: "id",
  file: { name: "f.csv", size: 7 },
  isFirst: true,
  isDryRun: false,
};

test("what nobody changed is left to the server", () => {
  const spec = buildSpec(form, inspection, options);
  expect(spec.createTable).toBe(true);
  expect(spec.createStatement).toBe("");
  expect(spec.columns).toEqual([]);
  expect(spec.totalBytes).toBe(7n);
});

test("edited columns make the statement and the mapping", () => {
  const edits = { full_name: { name: "name", type: "String" }, id: { type: "UInt32" } };
  const spec = buildSpec({ ...form, edits }, inspection, options);
  expect(spec.createStatement).toBe(
    "CREATE TABLE `d`.`t`\n(\n    `id` UInt32,\n    `name` String\n)\nENGINE = MergeTree\nORDER BY `id`",
  );
  expect(spec.columns.map(({ column, source }) => [column, source])).toEqual([
    ["id", "id"],
    ["name", "full name"],
  ]);
});

test("a column that is left out is in neither", () => {
  const { statement, mapping } = newTableOf(
    { ...form, edits: { id: { isLeftOut: true } } },
    inspection,
  );
  expect(statement).toContain("ORDER BY tuple()");
  expect(statement).not.toContain("`id`");
  expect(mapping).toHaveLength(1);
});

test("only the first file makes the table", () => {
  const spec = buildSpec({ ...form, statement: "CREATE TABLE x" }, inspection, {
    ...options,
    isFirst: false,
  });
  expect(spec.createTable).toBe(false);
  expect(spec.createStatement).toBe("");
});

test("one chosen field makes the whole mapping explicit", () => {
  expect(mappedColumns({}, inspection)).toEqual([]);
  const mapped = mappedColumns({ note: "full name" }, inspection);
  expect(mapped.map(({ column, source }) => `${column}=${source}`)).toEqual([
    "ID=id",
    "note=full name",
  ]);
  expect(mappedColumns({ ID: "" }, inspection)).toEqual([]);
});

test("the policy becomes limits", () => {
  const rows = buildSpec({ ...form, policy: { kind: "rows", max: 5 } }, inspection, options);
  expect(rows.rejects?.maxRows).toBe(5n);
  const share = buildSpec({ ...form, policy: { kind: "share", percent: 1 } }, inspection, options);
  expect(share.rejects?.maxRows).toBeUndefined();
  expect(share.rejects?.maxShare).toBe(0.01);
});

test("only the first of several files takes the place of the old rows", () => {
  const replacing: UploadForm = {
    ...form,
    kind: "existing",
    table: { database: "d", table: "t" },
    commitMode: CommitMode.REPLACE,
  };
  expect(buildSpec(replacing, inspection, options).commitMode).toBe(CommitMode.REPLACE);
  const next = buildSpec(replacing, inspection, { ...options, isFirst: false });
  expect(next.commitMode).toBe(CommitMode.UNSPECIFIED);
  const blocks = { ...replacing, commitMode: CommitMode.BLOCKS };
  const other = buildSpec(blocks, inspection, { ...options, isFirst: false });
  expect(other.commitMode).toBe(CommitMode.BLOCKS);
});
