import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { temporaryDirectory, writeRows } from "./support/files";
import { next, openSettings, setUp, throttle } from "./support/visitor";

/* From no place of the page is there no way on, and nothing that was chosen is lost. */

const mib = 1 << 20;
const { clickhouse, visit } = setUp();
const directory = await temporaryDirectory();

const preview = (page: Page) => page.getByRole("table", { name: "First rows of the file" });
const start = (page: Page) => page.getByRole("button", { name: "Start loading" }).click();
const step = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Steps of the upload" }).getByText(name, { exact: true });
const hash = (page: Page) => page.evaluate(() => location.hash);

async function makeTable(table: string): Promise<void> {
  await clickhouse().run(
    `CREATE TABLE ${table} (id UInt32, name String) ENGINE = MergeTree ORDER BY id`,
  );
}

test("Back and Forward walk the steps, and the address names step, table and file", async () => {
  await makeTable("walked");
  const { page, complaints } = await visit();
  await chooseFiles(page, textFile("walk.csv", "id;name\n1;x\n"));
  await preview(page).waitFor();
  await openSettings(page);
  await page.getByLabel("Words for NULL").fill("x");
  await next(page, "table");
  await page.getByText("An existing table").click();
  await page.getByRole("treeitem", { name: /walked/ }).click();
  await next(page, "load");
  expect(await hash(page)).toBe("#/upload/default/walked?step=load&file=walk.csv");
  await page.goBack();
  await page.getByText("How the rows fit").waitFor();
  await page.goBack();
  await preview(page).waitFor();
  expect(await page.getByLabel("Words for NULL").inputValue()).toBe("x");
  expect(await page.title()).toBe("Format · walk.csv – Sluice");
  await page.goBack();
  await page.getByText("Add more files").waitFor();
  for (let forward = 0; forward < 3; forward += 1) await page.goForward();
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(complaints).toEqual([]);
});

test("a reload keeps everything but the bytes of the file, and asks for these", async () => {
  await makeTable("reloaded");
  const { page, complaints } = await visit();
  await chooseFiles(page, textFile("kept.csv", "id|name\n1|none\n"));
  await openSettings(page);
  await page.getByLabel("Words for NULL").fill("none");
  await next(page, "table");
  await page.getByText("An existing table").click();
  await page.getByRole("treeitem", { name: /reloaded/ }).click();
  await page.getByText("How the rows fit").waitFor();
  await page.reload();
  await page.getByText("Choose kept.csv again").waitFor();
  expect(await lookAt(page, "upload-again")).toEqual([]);
  await chooseFiles(page, textFile("another.csv", "id\n1\n"));
  await page.getByText("This is another file").waitFor();
  await chooseFiles(page, textFile("kept.csv", "id|name\n1|none\n"));
  await page.getByText("How the rows fit").waitFor();
  await step(page, "Format").click();
  expect(await page.getByLabel("Words for NULL").inputValue()).toBe("none");
  expect(complaints).toEqual([]);
});

test("a link leads another browser to the step and the table, and asks for the file", async () => {
  await makeTable("linked");
  const { page } = await visit("#/upload/default/linked?step=table&file=l.csv");
  await page.getByText("Choose l.csv again").waitFor();
  await chooseFiles(page, textFile("l.csv", "id,name\n7,x\n"));
  await page.getByText("all 1 row of the sample fit").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().value("SELECT id FROM linked")).toBe("7");
});

test("Start over asks before choices are lost, and Back brings them back", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("over.csv", "a,b\n1,x\n"));
  await openSettings(page);
  await page.getByLabel("Words for NULL").fill("x");
  await page.getByRole("button", { name: "Start over" }).click();
  await page.getByRole("dialog").getByText("Nothing of it was loaded yet").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await preview(page).waitFor();
  await page.getByRole("button", { name: "Start over" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start over" }).click();
  await page.getByText("Drop a CSV").waitFor();
  await page.goBack();
  await preview(page).waitFor();
  expect(await page.getByLabel("Words for NULL").inputValue()).toBe("x");
});

test("a page with choices asks before it is closed, one without does not", async () => {
  const { page } = await visit();
  let asked = 0;
  page.on("dialog", () => (asked += 1));
  await chooseFiles(page, textFile("left.csv", "a,b\n1,x\n"));
  await preview(page).waitFor();
  await page.reload();
  expect(asked).toBe(0);
  await chooseFiles(page, textFile("left.csv", "a,b\n1,x\n"));
  await openSettings(page);
  await page.getByLabel("Words for NULL").fill("x");
  await page.reload();
  expect(asked).toBe(1);
});

test("a table is loaded into after another load has ended", async () => {
  await makeTable("again");
  const { page } = await visit();
  await chooseFiles(page, textFile("first.csv", "a\n1\n"));
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  await page.goto(page.url().replace(/#.*/, "#/tables/default/again"));
  await page.getByRole("link", { name: "Load a file into it" }).click();
  await page.getByText("Drop a CSV").waitFor();
  await chooseFiles(page, textFile("second.csv", "id,name\n5,x\n"));
  await next(page, "table");
  await page.getByText("all 1 row of the sample fit").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().value("SELECT id FROM again")).toBe("5");
});

test("a file that is added after the end is the next load into the same table", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("added.csv", "a\n1\n"));
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await lookAt(page, "upload-5-next")).toEqual([]);
  await step(page, "File").click();
  await page.getByText("Load more files into the table").waitFor();
  await chooseFiles(page, textFile("later.csv", "a\n2\n"));
  await next(page, "table");
  await page.getByText("all 1 row of the sample fit").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().value("SELECT sum(a) FROM added")).toBe("3");
});

/** Three files of which the second does not fit. */
async function failInTheMiddle(page: Page, table: string): Promise<void> {
  await chooseFiles(page, textFile(`${table}.csv`, "a\n1\n"));
  for (const [name, text] of [
    ["bad.csv", "a\nno\n"],
    ["last.csv", "a\n4\n"],
  ] as const) {
    await step(page, "File").click();
    await chooseFiles(page, textFile(name, text));
  }
  await next(page, "format");
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await page.getByRole("button", { name: "Try again" }).waitFor();
}

test("after one of several files failed it is skipped, and the rest is loaded", async () => {
  const { page } = await visit();
  await failInTheMiddle(page, "skipped");
  expect(await lookAt(page, "upload-5-one-failed")).toEqual([]);
  await page.getByRole("button", { name: "Skip it, go on with last.csv" }).click();
  await expect.poll(() => page.getByText(/1 row loaded in/).count(), { timeout: 20_000 }).toBe(2);
  expect(await clickhouse().value("SELECT sum(a) FROM skipped")).toBe("5");
});

test("after one of several files failed a corrected one takes its place", async () => {
  const { page } = await visit();
  await failInTheMiddle(page, "corrected");
  await page.getByRole("button", { name: "Choose a corrected file" }).click();
  await chooseFiles(page, textFile("good.csv", "a\n2\n"));
  await expect.poll(() => page.getByText(/1 row loaded in/).count(), { timeout: 20_000 }).toBe(3);
  expect(await clickhouse().value("SELECT sum(a) FROM corrected")).toBe("7");
});

test("after one of several files failed the rest is loaded with other settings, nothing twice", async () => {
  const { page } = await visit();
  await failInTheMiddle(page, "rest");
  await page.getByRole("button", { name: "Change the settings for the rest" }).click();
  await page.getByText("How the rows fit").waitFor();
  await step(page, "Format").click();
  await openSettings(page);
  await page.getByLabel("Words for NULL").fill("no");
  await page.getByText("Empty becomes 0").click();
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await expect.poll(() => page.getByText(/1 row loaded in/).count(), { timeout: 20_000 }).toBe(2);
  expect(await clickhouse().rows("SELECT count(), sum(a) FROM rest")).toEqual([["3", "5"]]);
});

test("a new table whose first file failed is made by the next one", async () => {
  const { page } = await visit();
  const rows = Array.from({ length: 300_000 }, (_, row) => `${row},text of ${row}`).join("\n");
  await chooseFiles(page, textFile("made.csv", `id,text\n${rows}\nnot a number,x\n`));
  await step(page, "File").click();
  await chooseFiles(page, textFile("more.csv", "id,text\n1,x\n"));
  await next(page, "format");
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await page.getByRole("button", { name: "Skip it, go on with more.csv" }).click();
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().value("SELECT count() FROM made")).toBe("1");
});

test("an upload that went on after a reload and was stopped begins again", async () => {
  const file = join(directory, "resumed.csv");
  const rows = await writeRows(file, 24 * mib);
  const { page } = await visit();
  await throttle(page, 4 * mib);
  await chooseFiles(page, file);
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await page.getByText(/sending, ([2-9]|[1-6][0-9])%/).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^paused at/).waitFor();
  await page.reload();
  await page.getByText("resumed.csv is not all there yet").waitFor();
  await throttle(page, 2 * mib);
  await page.getByRole("button", { name: "Go on" }).click();
  await chooseFiles(page, file);
  await page.getByText(/sending, /).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("button", { name: "Begin again" }).waitFor();
  expect(await lookAt(page, "upload-5-stopped")).toEqual([]);
  await throttle(page, 0);
  await page.getByRole("button", { name: "Begin again" }).click();
  await page.getByText(new RegExp(`${rows.toLocaleString("en")} rows loaded in`)).waitFor();
  expect(await clickhouse().value("SELECT count() FROM resumed")).toBe(`${rows}`);
});

test("a file that cannot be read never shows the one before, and another one is chosen", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("readable.csv", "first,second\n1,x\n"));
  await preview(page).waitFor();
  const path = join(directory, "gone.csv");
  await writeFile(path, "");
  await step(page, "File").click();
  await page.getByRole("button", { name: "Remove readable.csv" }).click();
  await chooseFiles(page, path);
  await page.getByRole("alert").waitFor();
  expect(await preview(page).count()).toBe(0);
  expect(await page.getByText("second").count()).toBe(0);
  expect(await lookAt(page, "upload-2-unreadable")).toEqual([]);
  await page.getByRole("button", { name: "Choose another file" }).click();
  await page.getByText("Drop a CSV").waitFor();
});

test("what was loaded before a reload is found again", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("lost.csv", "a\n1\n"));
  await next(page, "table");
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "See what became of it" }).click();
  await page.getByRole("heading", { name: "lost.csv into default.lost" }).waitFor();
});
