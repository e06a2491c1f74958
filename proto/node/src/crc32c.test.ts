import { expect, test } from "vitest";

import { crc32c, crc32cAppend, crc32cCombine } from "./crc32c.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7919) & 255);

test("known checksums come out", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(new Uint8Array(0))).toBe(0);
});

test("any cut gives the same checksum", () => {
  const whole = crc32c(bytes);
  for (const cut of [0, 1, 7, 8, 9, 500, 999, 1000]) {
    const first = crc32c(bytes.subarray(0, cut));
    expect(crc32cAppend(first, bytes.subarray(cut))).toBe(whole);
    expect(crc32cCombine(first, crc32c(bytes.subarray(cut)), 1000 - cut)).toBe(whole);
  }
});

test("neighbours of many megabytes are joined", () => {
  const zeros = new Uint8Array(4 << 20);
  const first = crc32c(bytes);
  expect(crc32cCombine(first, crc32c(zeros), zeros.length)).toBe(crc32cAppend(first, zeros));
});
