import { expect, test } from "vitest";

import { isNullable, isNumeric, withNullable } from "./clickhouse-type";

test("wrappers are seen through", () => {
  expect(isNumeric("Nullable(Decimal(18, 2))")).toBe(true);
  expect(isNumeric("LowCardinality(Nullable(UInt8))")).toBe(true);
  expect(isNumeric("Interval")).toBe(false);
});

test("nullable goes inside of LowCardinality", () => {
  expect(withNullable("String", true)).toBe("Nullable(String)");
  expect(withNullable("Nullable(String)", true)).toBe("Nullable(String)");
  expect(withNullable("LowCardinality(String)", true)).toBe("LowCardinality(Nullable(String))");
  expect(withNullable("LowCardinality(Nullable(String))", false)).toBe("LowCardinality(String)");
  expect(isNullable("LowCardinality(Nullable(String))")).toBe(true);
});
