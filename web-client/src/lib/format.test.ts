import { expect, test } from "vitest";

import { formatBytes, formatDuration, formatRows } from "./format";

test("sizes have the unit that keeps them short", () => {
  expect(formatBytes(0)).toBe("0 B");
  expect(formatBytes(999)).toBe("999 B");
  expect(formatBytes(1000)).toBe("1 kB");
  expect(formatBytes(1_500_000n)).toBe("1.5 MB");
  expect(formatBytes(999_800)).toBe("1 MB");
  expect(formatBytes(300_000_000)).toBe("300 MB");
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
