import { expect, test } from "vitest";

import { formatBytes, formatDuration, formatRows } from "./format";

test("sizes have the unit that keeps them short", () => {
  expect(formatBytes(0)).toBe("0 B");
  expect(formatBytes(1023)).toBe("1,023 B");
  expect(formatBytes(1024)).toBe("1 KiB");
  expect(formatBytes(1_572_864n)).toBe("1.5 MiB");
  expect(formatBytes(314_572_800)).toBe("300 MiB");
});

test("times have at most two units", () => {
  expect(formatDuration(0)).toBe("0 s");
  expect(formatDuration(3.2)).toBe("4 ms");
  expect(formatDuration(420)).toBe("0.4 s");
  expect(formatDuration(9_960)).toBe("10 s");
  expect(formatDuration(200_000)).toBe("3 min 20 s");
  expect(formatDuration(7_500_000)).toBe("2 h 5 min");
});

test("one row is not rows", () => {
  expect(formatRows(1n)).toBe("1 row");
  expect(formatRows(2000)).toBe("2,000 rows");
});
