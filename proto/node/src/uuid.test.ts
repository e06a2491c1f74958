import { afterEach, expect, test, vi } from "vitest";

import { randomUuid } from "./uuid.js";

afterEach(() => vi.unstubAllGlobals());

/** What a page has that came over plain HTTP: no `randomUUID`. */
function stubRandom(fill: number) {
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(fill) });
}

test("a UUID has version 4 and its variant whatever the random bytes are", () => {
  stubRandom(0);
  expect(randomUuid()).toBe("00000000-0000-4000-8000-000000000000");
  stubRandom(255);
  expect(randomUuid()).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
});

test("no two are alike", () => {
  const all = new Set(Array.from({ length: 1_000 }, randomUuid));
  expect(all.size).toBe(1_000);
  for (const uuid of all) expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
