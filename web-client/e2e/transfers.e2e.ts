import { expect, test } from "vitest";

import { axeViolations, lookAt, stubSavePicker } from "./support/browser";
import { next, setUp } from "./support/visitor";

const { clickhouse, visit } = setUp();

/** Begins an upload beside the page and leaves it open. */
async function openUpload(table: string): Promise<string> {
  const transferId = crypto.randomUUID();
  const spec = {
    transferId,
    table: { database: "default", table },
    createTable: true,
    sourceName: `${table}.csv`,
    totalBytes: 20n << 20n,
    rejects: { maxRows: 1_000n },
  };
  await clickhouse().ingest.beginUpload({ spec });
  const rows = Array.from({ length: 150_000 }, (_, row) => `${row},text of ${row}`).join("\n");
  const data = new TextEncoder().encode(`id,text\n${rows}\nwrong,x\n`);
  await clickhouse().ingest.appendUpload({ transferId, offset: 0n, data });
  return transferId;
}

test("transfers of others are listed, watched and stopped", async () => {
  await clickhouse().load(
    "CREATE TABLE loaded (a UInt8) ENGINE = MergeTree ORDER BY a",
    "loaded",
    "a\n1\n",
  );
  const { page, complaints } = await visit("#/transfers");
  const list = page.getByRole("list", { name: "Transfers" });
  await list.getByText("a file → default.loaded").waitFor();
  const id = await openUpload("watched");
  await list.getByText("watched.csv → default.watched").waitFor();
  const looks = await lookAt(page, "transfers");
  await list.getByText("watched.csv → default.watched").click();
  await page.getByRole("heading", { name: "watched.csv into default.watched" }).waitFor();
  await page.getByText("running", { exact: true }).waitFor();
  looks.push(...(await lookAt(page, "transfer-running")));
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("stopped", { exact: true }).waitFor();
  const { transfer } = await clickhouse().ingest.getTransfer({ transferId: id });
  expect(transfer?.state).toBe(4);
  await page.getByRole("link", { name: "All transfers" }).click();
  await page.getByText("Failed", { exact: true }).click();
  await expect.poll(() => list.getByRole("link").count()).toBe(1);
  expect(looks).toEqual([]);
  expect(complaints).toEqual([]);
});

test("transfers are searched and filtered, and say what was rejected, checked or exported", async () => {
  await clickhouse().run("CREATE TABLE listed (a UInt8) ENGINE = MergeTree ORDER BY a");
  const load = async (sourceName: string, text: string, extra: object) => {
    const transferId = crypto.randomUUID();
    const table = { database: "default", table: "listed" };
    await clickhouse().ingest.beginUpload({ spec: { transferId, table, sourceName, ...extra } });
    const data = new TextEncoder().encode(text);
    await clickhouse().ingest.appendUpload({ transferId, offset: 0n, data });
    await clickhouse().ingest.finishUpload({ transferId, totalBytes: BigInt(data.length) });
    return transferId;
  };
  await load("some.csv", "a\n1\nno\n2\n", { rejects: { maxRows: 5n } });
  const dry = await load("dry.csv", "a\n1\n", { dryRun: true });
  await expect(clickhouse().export("SELECT throwIf(1, 'broken here')")).rejects.toThrow();
  const { page, complaints } = await visit("#/transfers");
  const list = page.getByRole("list", { name: "Transfers" });
  const search = page.getByLabel("Search in the transfers");
  await search.fill("some listed");
  await list.getByText("3 rows, 1 rejected").waitFor();
  expect(await list.getByRole("link").count()).toBe(1);
  expect(await lookAt(page, "transfers-found")).toEqual([]);
  await search.fill("no such thing");
  await page.getByText("None of these").waitFor();
  await search.fill("");
  await page.getByText("Exports", { exact: true }).click();
  await list.getByRole("link", { name: /broken here/ }).click();
  await page.getByText("Rows written").waitFor();
  expect(await page.getByText("Rows staged").count()).toBe(0);
  await page.goto(page.url().replace(/#.*/, `#/transfers/${dry}`));
  await page.getByText("Every row is checked, and none is kept.").waitFor();
  expect(complaints).toEqual([]);
});

test("a transfer that nobody knows is said to be none", async () => {
  const { page } = await visit(`#/transfers/${crypto.randomUUID()}`);
  await page.getByText("No such transfer").waitFor();
  expect(await lookAt(page, "transfer-unknown")).toEqual([]);
});

test("a table of five hundred columns stays usable", async () => {
  const wide = Array.from({ length: 500 }, (_, index) => `column_${index}`);
  await clickhouse().load(
    `CREATE TABLE wide (${wide.map((name) => `${name} UInt16`).join(", ")}) ENGINE = MergeTree ORDER BY tuple()`,
    "wide",
    `${wide.join(",")}\n${wide.map((_, index) => index).join(",")}\n`,
  );
  const { page } = await visit("#/export/default/wide", stubSavePicker);
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  expect(await page.locator(".grid-cell").count()).toBeLessThan(200);
  await page.getByLabel("Search in columns").fill("column_499");
  await page.getByRole("checkbox", { name: /column_499/ }).waitFor();
  const grid = page.getByRole("table", { name: "First rows of the export" });
  await grid.evaluate((element) => element.scrollTo(1e9, 0));
  await grid.getByRole("columnheader", { name: /column_499/ }).waitFor();
  await next(page, "format");
});

test("two thousand tables are found by scrolling and by searching", async () => {
  await clickhouse().run("CREATE DATABASE many");
  const names = Array.from({ length: 2_000 }, (_, index) => `t${index}`);
  for (let from = 0; from < names.length; from += 8) {
    const some = names.slice(from, from + 8);
    await Promise.all(
      some.map((name) => clickhouse().run(`CREATE TABLE many.${name} (a UInt8) ENGINE = Memory`)),
    );
  }
  const { page, complaints } = await visit("#/export", stubSavePicker);
  const tree = page.getByRole("tree", { name: "Tables" });
  await tree.getByRole("treeitem", { name: /^many/ }).click();
  await tree.getByRole("treeitem", { name: /^t0/ }).waitFor();
  expect(await tree.getByRole("treeitem").count()).toBeLessThan(60);
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel("Search in tables").fill("t1999");
  await tree.getByRole("treeitem", { name: /t1999/ }).click();
  await page.getByText("No row fits").waitFor();
  expect(complaints).toEqual([]);
});

test("the connection says who answers", async () => {
  const { page, complaints } = await visit("#/connection");
  await page.getByText(/ClickHouse [0-9.]+ answers/).waitFor();
  expect(await lookAt(page, "connection")).toEqual([]);
  await page.getByText("Another one").click();
  expect(await lookAt(page, "connection-other")).toEqual([]);
  expect(complaints).toEqual([]);
});

test("everything is reached by keyboard", async () => {
  const { page } = await visit("#/export");
  const tree = page.getByRole("tree", { name: "Tables" });
  await tree.getByRole("treeitem", { name: /loaded/ }).waitFor();
  await tree.focus();
  for (let step = 0; step < 20; step += 1) {
    const active = await tree.getAttribute("aria-activedescendant");
    const text = await page.locator(`[id="${active ?? ""}"]`).textContent();
    if (text?.startsWith("loaded")) break;
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT");
});
