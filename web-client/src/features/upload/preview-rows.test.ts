import { create } from "@bufbuild/protobuf";
import {
  InspectFileResponseSchema,
  MatchKind,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { expect, test } from "vitest";

import { previewRows } from "./preview-rows";

const raw = new TextEncoder().encode("only one");

test("bad cells are marked in place and bad records keep theirs", () => {
  const { columns, rows } = previewRows(
    create(InspectFileResponseSchema, {
      profile: {
        columns: [
          { name: "a", type: "Int64" },
          { name: "b", originalName: "B b", type: "String" },
        ],
      },
      rows: [{ cells: [{ text: "1" }, { text: "x" }] }, { cells: [{ text: "2" }, {}] }],
      matches: [
        { column: "a", type: "UInt8", source: "a", kind: MatchKind.EXACT },
        { column: "bb", type: "UInt8", source: "B b", kind: MatchKind.SELECTED },
      ],
      rejectedRows: [
        { record: 1n, column: "bb", reason: "INVALID_NUMBER" },
        { record: 2n, reason: "TOO_FEW_FIELDS", raw },
      ],
    }),
  );
  expect(columns.map(({ type }) => type)).toEqual(["UInt8", "UInt8"]);
  expect(rows.map(({ label }) => label)).toEqual(["1", "2", "3"]);
  expect(rows[0]?.faults).toEqual(new Map([[1, "A value is not a number"]]));
  expect(rows[1]?.cells).toEqual(["only one"]);
  expect(rows[1]?.faults?.has(0)).toBe(true);
  expect(rows[2]?.cells).toEqual(["2", null]);
});
