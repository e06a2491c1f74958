import { Compression, Format } from "sluice-client/gen/sluice/v1/dialect_pb";
import { Operator } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { expect, test } from "vitest";

import { buildRequest, proposedName } from "./build-request";
import { type ExportForm, initialExport } from "./export-form";
import { joinObstacle, type JoinPlan, joinSql } from "./join-sql";
import { countSql, tableSql } from "./select-sql";

const form: ExportForm = {
  ...initialExport,
  table: { database: "d", table: "or`ders" },
  columns: ["id", "a b"],
  where: [
    { column: "name", operator: Operator.LIKE, value: "it's%" },
    { column: "id", operator: Operator.IN, value: "1, 2" },
    { column: "note", operator: Operator.IS_NULL, value: "ignored" },
    { column: "", operator: Operator.EQUAL, value: "half done" },
  ],
  orderBy: [{ column: "id", isDescending: true }],
  limit: "10",
};

test("choices become one query with every name and text quoted", () => {
  expect(tableSql(form)).toBe(
    "SELECT `id`, `a b`\nFROM `d`.`or\\`ders`\nWHERE `name` LIKE 'it\\'s%' AND `id` IN ('1', '2') AND `note` IS NULL\nORDER BY `id` DESC\nLIMIT 10",
  );
  expect(countSql("SELECT 1;\n")).toBe("SELECT count() AS rows FROM\n(\nSELECT 1\n)");
});

test("the request carries the choices themselves", () => {
  const { source, dialect } = buildRequest(form, "id", "");
  expect(source.case).toBe("table");
  if (source.case !== "table") return;
  expect(source.value.where.map(({ values }) => values)).toEqual([["it's%"], ["1", "2"], []]);
  expect(source.value.limit).toBe(10n);
  expect(dialect?.delimiter).toBe(",");
});

test("a file is named after what is in it", () => {
  expect(proposedName(form)).toBe("or`ders.csv");
  const format = { ...form.format, format: Format.NDJSON, compression: Compression.ZSTD };
  expect(proposedName({ ...form, kind: "query", format })).toBe("query.ndjson.zst");
});

const plan: JoinPlan = {
  tables: [
    { table: { database: "", table: "orders" }, kind: "INNER", keys: [], columns: null },
    {
      table: { database: "d", table: "customers" },
      kind: "LEFT",
      keys: [{ left: 0, leftColumn: "customer", rightColumn: "id" }],
      columns: ["id", "name"],
    },
  ],
};

const columns = (...names: string[]) =>
  names.map((name) => ({ name, type: name === "tags" ? "Array(String)" : "UInt8" }));

test("a join is one select over chosen keys, with no name twice", () => {
  expect(joinSql(plan, [columns("id", "customer"), columns("id", "name", "tags")])).toBe(
    [
      "SELECT",
      "    t1.`id` AS `id`,",
      "    t1.`customer` AS `customer`,",
      "    t2.`id` AS `customers.id`,",
      "    t2.`name` AS `name`",
      "FROM `orders` AS t1",
      "LEFT JOIN (SELECT toNullable(`id`) AS `id`, toNullable(`name`) AS `name`, `tags` FROM `d`.`customers`) AS t2 ON t1.`customer` = t2.`id`",
    ].join("\n"),
  );
});

test("a join without keys is none yet", () => {
  expect(joinObstacle({ tables: plan.tables.slice(0, 1) })).toContain("at least two");
  const open = plan.tables.map((table) => ({ ...table, keys: [] }));
  expect(joinObstacle({ tables: open })).toBe("Choose the keys of customers.");
  expect(joinObstacle(plan)).toBe("");
});
