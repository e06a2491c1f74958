import { create } from "@bufbuild/protobuf";
import { TableSummarySchema } from "sluice-client/gen/sluice/v1/catalog_service_pb";
import { expect, test } from "vitest";

import { type Tables, treeRows } from "./tree-rows";

const ready = (database: string, names: string[]): Tables => ({
  state: "ready",
  tables: names.map((table) => create(TableSummarySchema, { table: { database, table } })),
});
const tables = new Map([
  ["sales", ready("sales", ["orders", "order_lines"])],
  ["stock", ready("stock", [])],
]);
const ids = (open: string[], search: string) =>
  treeRows(["sales", "stock"], tables, new Set(open), search).map(({ id }) => id);

test("only open databases show their tables", () => {
  expect(ids([], "")).toEqual(["d:sales", "d:stock"]);
  expect(ids(["sales"], "")).toEqual([
    "d:sales",
    "t:sales.orders",
    "t:sales.order_lines",
    "d:stock",
  ]);
  expect(ids(["stock"], "")).toEqual(["d:sales", "d:stock", "x:stock"]);
});

test("a search opens what it finds and hides the rest", () => {
  expect(ids([], "LINES")).toEqual(["d:sales", "t:sales.order_lines"]);
  expect(ids([], "sales.orders")).toEqual(["d:sales", "t:sales.orders"]);
  expect(ids([], "nothing")).toEqual([]);
});
