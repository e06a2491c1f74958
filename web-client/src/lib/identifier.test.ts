import { expect, test } from "vitest";

import { quoteIdentifier, quoteTable, quoteText, tableNameOfFile } from "./identifier";

test("no name or text leaves its quotes", () => {
  expect(quoteIdentifier("a`b\\")).toBe("`a\\`b\\\\`");
  expect(quoteText("it's \\")).toBe("'it\\'s \\\\'");
  expect(quoteTable({ database: "d", table: "t.u" })).toBe("`d`.`t.u`");
  expect(quoteTable({ database: "", table: "t" })).toBe("`t`");
});

test("a file names a table", () => {
  expect(tableNameOfFile("My File (1).csv.gz")).toBe("my_file_1");
  expect(tableNameOfFile("2024 café.tsv")).toBe("t_2024_cafe");
  expect(tableNameOfFile("+++.csv")).toBe("data");
});
