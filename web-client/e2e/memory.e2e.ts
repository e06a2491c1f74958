import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { Clickhouse } from "./support/clickhouse";
import { Devtools } from "./support/devtools";
import { temporaryDirectory, writeRows } from "./support/files";
import { Server } from "./support/server";

const mib = 1 << 20;
const directory = await temporaryDirectory();
let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.remove());

test("300 MB pass through with the memory of the page flat", async () => {
  const file = join(directory, "large.csv");
  const rows = await writeRows(file, 300 * 1_000_000);
  // Without the library of the other tests, for which the browser keeps what a page has sent.
  const browser = await Devtools.open(`${server.url}/`, "");
  try {
    await browser.chooseFile(file);
    await browser.click("button", "Next: table");
    await browser.click("button", "Next: load");
    await browser.click("button", "Start loading");
    const sizes: number[] = [];
    let words = "";
    while (!/rows loaded in|failed/.test(words)) {
      sizes.push(browser.pageBytes());
      await new Promise((done) => setTimeout(done, 50));
      words = await browser.evaluate<string>("document.body.innerText");
    }
    expect(words).toContain("rows loaded in");
    expect(await new Clickhouse(server).value("SELECT count() FROM large")).toBe(`${rows}`);
    // It settles in the first half: the second needs no more.
    const half = sizes.length >> 1;
    const early = Math.max(...sizes.slice(0, half));
    const late = Math.max(...sizes.slice(half));
    expect((late - early) / mib).toBeLessThan(64);
    expect((late - (sizes[0] ?? 0)) / mib).toBeLessThan(256);
  } finally {
    await browser.close();
  }
});
