import { join } from "node:path";

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { temporaryDirectory, writeRows } from "./support/files";
import { next, setUp, throttle } from "./support/visitor";

const mib = 1 << 20;
const { clickhouse, visit } = setUp();
const large = join(await temporaryDirectory(), "large.csv");
const rowCount = await writeRows(large, 24 * mib);

/** Makes a table with the rows 1, 2 and 3, and opens the page to load files into it. */
async function openWith(table: string, files: Parameters<typeof chooseFiles>[1][]): Promise<Page> {
  await clickhouse().run(`CREATE TABLE ${table} (id UInt32) ENGINE = MergeTree ORDER BY id`);
  await clickhouse().run(`INSERT INTO ${table} VALUES (1), (2), (3)`);
  const { page } = await visit(`#/upload/default/${table}`);
  await chooseAll(page, files);
  return page;
}

async function chooseAll(page: Page, files: Parameters<typeof chooseFiles>[1][]): Promise<void> {
  for (const [index, file] of files.entries()) {
    if (index > 0) await page.getByRole("button", { name: /^1?File/ }).click();
    await chooseFiles(page, file);
    if (index > 0) await next(page, "format");
    await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  }
  await next(page, "table");
  await next(page, "load");
}

const replacing = (page: Page) => page.getByRole("radio", { name: /In place of what is there/ });
const question = (page: Page) => page.getByRole("dialog");
const start = (page: Page) => page.getByRole("button", { name: "Start loading" }).click();
const ids = async (table: string) =>
  (await clickhouse().rows(`SELECT id FROM ${table} ORDER BY id`)).map(([id]) => Number(id));

test("of three files the first replaces the old rows, the others are added, after a question", async () => {
  const files = [
    textFile("a.csv", "id\n10\n"),
    textFile("b.csv", "id\n20\n21\n"),
    textFile("c.csv", "id\n30\n"),
  ];
  const page = await openWith("replaced", files);
  await replacing(page).check();
  await start(page);
  await question(page).getByText("default.replaced has 3 rows now.").waitFor();
  await question(page).getByText("Then the rows of b.csv and c.csv are added.").waitFor();
  expect(await lookAt(page, "upload-4-question")).toEqual([]);
  await page.keyboard.press("Escape");
  await question(page).waitFor({ state: "detached" });
  expect(await page.getByRole("status").count()).toBe(0);
  expect(await ids("replaced")).toEqual([1, 2, 3]);

  await start(page);
  await question(page)
    .getByRole("button", { name: /^Replace \d/ })
    .click();
  await page
    .getByText(/rows? loaded in/)
    .nth(2)
    .waitFor();
  expect(await ids("replaced")).toEqual([10, 20, 21, 30]);

  // The next file is added as a matter of course: how the last ones were loaded is over.
  await page.getByRole("button", { name: "Start over" }).click();
  await chooseFiles(page, textFile("d.csv", "id\n40\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByText("An existing table").click();
  await page.getByRole("treeitem", { name: /replaced/ }).click();
  await next(page, "load");
  expect(await replacing(page).isChecked()).toBe(false);
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await ids("replaced")).toEqual([10, 20, 21, 30, 40]);
});

test("the way of the last file does not stay when only the file is changed", async () => {
  const page = await openWith("changed", [textFile("a.csv", "id\n10\n")]);
  await replacing(page).check();
  await page.getByRole("button", { name: /^1?File/ }).click();
  await page.getByRole("button", { name: "Remove a.csv" }).click();
  await chooseAll(page, [textFile("b.csv", "id\n20\n")]);
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await ids("changed")).toEqual([1, 2, 3, 20]);
});

test("when the first file fails nothing is added to the old rows without a question", async () => {
  const files = [
    textFile("a.csv", "id\n10\nten\n"),
    textFile("b.csv", "id\n20\n"),
    textFile("c.csv", "id\n30\n"),
  ];
  const page = await openWith("kept", files);
  await replacing(page).check();
  await start(page);
  await question(page)
    .getByRole("button", { name: /^Replace \d/ })
    .click();
  await page.getByText("not begun", { exact: true }).nth(1).waitFor();
  expect(await lookAt(page, "upload-5-held")).toEqual([]);
  expect(await ids("kept")).toEqual([1, 2, 3]);
  const second = page.getByRole("region", { name: "Upload of b.csv" });
  await second.getByRole("button", { name: "Go on from here" }).click();
  await question(page).getByText("default.kept has 3 rows now.").waitFor();
  expect(await lookAt(page, "upload-5-add-question")).toEqual([]);
  await question(page).getByRole("button", { name: "Cancel" }).click();
  expect(await ids("kept")).toEqual([1, 2, 3]);
  await second.getByRole("button", { name: "Go on from here" }).click();
  await question(page).getByRole("button", { name: "Add to 3 rows" }).click();
  await page
    .getByText(/1 row loaded in/)
    .nth(1)
    .waitFor();
  expect(await ids("kept")).toEqual([1, 2, 3, 20, 30]);
});

test("a file without rows replaces those of the table only when it is asked for", async () => {
  const files = [textFile("a.csv", "id\n"), textFile("b.csv", "id\n20\n")];
  const page = await openWith("emptied", files);
  await replacing(page).check();
  await start(page);
  await question(page)
    .getByRole("button", { name: /^Replace \d/ })
    .click();
  await page.getByRole("alert").getByText("The file would empty the table").waitFor();
  await page.getByText("not begun", { exact: true }).waitFor();
  expect(await lookAt(page, "upload-5-would-empty")).toEqual([]);
  const ask = page.getByRole("button", { name: "Replace by nothing" });
  await ask.click();
  await question(page).getByText("default.emptied has 3 rows now.").waitFor();
  expect(await lookAt(page, "upload-5-empty-question")).toEqual([]);
  await question(page).getByRole("button", { name: "Cancel" }).click();
  expect(await ids("emptied")).toEqual([1, 2, 3]);
  await ask.click();
  await question(page).getByRole("button", { name: "Remove 3 rows" }).click();
  await page.getByText(/0 rows loaded in/).waitFor();
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await ids("emptied")).toEqual([20]);
});

/** Makes a table with one old row, and opens the page to load `files` in its place over a slow line. */
async function beginSlowly(table: string, files: Parameters<typeof chooseFiles>[1][]) {
  await clickhouse().run(
    `CREATE TABLE ${table} (id UInt32, text String, amount UInt32) ENGINE = MergeTree ORDER BY id`,
  );
  await clickhouse().run(`INSERT INTO ${table} VALUES (1, 'old', 1)`);
  const { page } = await visit(`#/upload/default/${table}`);
  await throttle(page, 4 * mib);
  await chooseAll(page, files);
  await replacing(page).check();
  await start(page);
  await question(page).getByText(`default.${table} has 1 row now.`).waitFor();
  await question(page)
    .getByRole("button", { name: /^Replace \d/ })
    .click();
  return page;
}

/** Interrupts the upload of the large file by a reload, and goes on with it. */
async function reloadAndGoOn(page: Page): Promise<void> {
  await page.getByText(/sending, [1-9]/).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^paused at/).waitFor();
  await page.reload();
  await page.getByText("large.csv is not all there yet").waitFor();
  await throttle(page, 0);
  await page.getByRole("button", { name: "Go on" }).click();
  await chooseFiles(page, large);
}

test("a file that replaces asks again when it goes on after a reload", async () => {
  const page = await beginSlowly("again", [large]);
  await reloadAndGoOn(page);
  await question(page).getByText("default.again has 1 row now.").waitFor();
  await question(page)
    .getByRole("button", { name: /^Replace \d/ })
    .click();
  await page.getByText(`${rowCount.toLocaleString("en")} rows loaded in`).waitFor();
  expect(await clickhouse().value("SELECT count() FROM again")).toBe(`${rowCount}`);
});

test("a file that was to be added is added when it goes on after a reload", async () => {
  const small = textFile("small.csv", "id,text,amount\n1,new,1\n");
  const page = await beginSlowly("added", [small, large]);
  await reloadAndGoOn(page);
  await page.getByText(`${rowCount.toLocaleString("en")} rows loaded in`).waitFor();
  expect(await question(page).count()).toBe(0);
  expect(await clickhouse().value("SELECT count() FROM added")).toBe(`${rowCount + 1}`);
});
