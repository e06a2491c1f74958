import { join } from "node:path";

import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { root } from "./support/server";
import { next, openSettings, setUp } from "./support/visitor";

const { clickhouse, visit } = setUp();

test("a real CSV becomes a new table", async () => {
  const { page, complaints } = await visit();
  const looks = await lookAt(page, "upload-1-file");
  await chooseFiles(page, join(root, "server/tests/data/airports.csv"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await page.getByText("7 columns, the first").waitFor();
  looks.push(...(await lookAt(page, "upload-2-format")));
  await next(page, "table");
  await page.getByText("CREATE TABLE `airports`").waitFor();
  looks.push(...(await lookAt(page, "upload-3-new-table")));
  await next(page, "load");
  looks.push(...(await lookAt(page, "upload-4-load")));
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/3,376 rows loaded in/).waitFor();
  looks.push(...(await lookAt(page, "upload-5-result")));
  expect(await clickhouse().value("SELECT count() FROM airports")).toBe("3376");
  await page.getByRole("link", { name: "Look at default.airports" }).click();
  await page.getByRole("table", { name: /First rows of/ }).waitFor();
  looks.push(...(await lookAt(page, "table")));
  expect(looks).toEqual([]);
  expect(complaints).toEqual([]);
});

test("a file goes into a table that is there, with a mapping", async () => {
  await clickhouse().load(
    "CREATE TABLE people (id UInt32, full_name String, born Nullable(Date), added Date DEFAULT '2024-01-01') ENGINE = MergeTree ORDER BY id",
    "people",
    "id,full_name,born\n1,Ada,1815-12-10\n".replace("1815-12-10", "1970-12-10"),
  );
  const { page, complaints } = await visit();
  await chooseFiles(page, textFile("new.csv", "ID,name,birthday\n2,Grace,1986-12-09\n3,Alan,\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByText("An existing table").click();
  await page.getByRole("treeitem", { name: /people/ }).click();
  await page.getByText("same name in another case").waitFor();
  expect(await page.getByRole("button", { name: "Next: load" }).isDisabled()).toBe(true);
  await page.getByLabel("Field for full_name").selectOption("name");
  await page.getByLabel("Field for born").selectOption("birthday");
  await page.getByText("all 2 rows of the sample fit").waitFor();
  await page.getByRole("alert").waitFor({ state: "detached" });
  expect(await lookAt(page, "upload-3-mapping")).toEqual([]);
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await clickhouse().rows("SELECT * FROM people ORDER BY id")).toEqual([
    ["1", "Ada", "1970-12-10", "2024-01-01"],
    ["2", "Grace", "1986-12-09", "2024-01-01"],
    ["3", "Alan", null, "2024-01-01"],
  ]);
  expect(complaints).toEqual([]);
});

test("a field is dragged onto its column", async () => {
  await clickhouse().load(
    "CREATE TABLE dragged (a UInt8, b String) ENGINE = MergeTree ORDER BY a",
    "dragged",
    "a,b\n1,x\n",
  );
  const { page } = await visit("#/upload/default/dragged");
  await chooseFiles(page, textFile("new.csv", "a,other\n2,y\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByText("other", { exact: true }).first().waitFor();
  await page
    .locator(".badge", { hasText: "other" })
    .dragTo(page.getByRole("listitem").filter({ hasText: "String" }));
  await page.getByText("your choice").first().waitFor();
  expect(await page.getByLabel("Field for b").inputValue()).toBe("other");
});

test("bad rows come back, are corrected and loaded again", async () => {
  await clickhouse().load(
    "CREATE TABLE amounts (id UInt32, amount UInt8) ENGINE = MergeTree ORDER BY id",
    "amounts",
    "id,amount\n0,0\n",
  );
  const { page } = await visit("#/upload/default/amounts");
  await chooseFiles(page, textFile("a.csv", "id,amount\n1,10\n2,300\n3,30\n4,much\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByText("2 of 4 rows in the sample would not fit").waitFor();
  expect(await page.locator(".grid-cell.is-bad").count()).toBe(2);
  expect(await lookAt(page, "upload-3-misfits")).toEqual([]);
  await next(page, "load");
  await page.getByText("Set some aside").click();
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/2 rows loaded in .*, 2 rows set aside/).waitFor();
  await page.getByRole("table", { name: "Rejected rows" }).waitFor();
  expect(await lookAt(page, "upload-5-rejects")).toEqual([]);

  await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download as CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("a.rejected.csv");
  const stream = await download.createReadStream();
  let text = "";
  for await (const part of stream) text += String(part);
  expect(text).toContain("_sluice_reason");
  const corrected = text.replace("300", "200").replace("much", "40");

  await page.getByRole("button", { name: "Start over" }).click();
  await chooseFiles(page, textFile("a.rejected.csv", corrected));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByText("An existing table").click();
  await page.getByRole("treeitem", { name: /amounts/ }).click();
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(
    await clickhouse().value("SELECT groupArray(amount) FROM (SELECT * FROM amounts ORDER BY id)"),
  ).toBe("[0,10,200,30,40]");
});

test("a wrong delimiter is corrected by hand and the preview follows", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("odd.csv", "a;b|c\n1;2|3\n4;5|6\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  const names = () => page.getByRole("columnheader").allTextContents();
  await openSettings(page);
  await page.getByLabel("Delimiter", { exact: true }).selectOption("|");
  await expect.poll(names).toEqual(["#", "a;bString", "cInt16"]);
  await page.getByLabel("Delimiter", { exact: true }).selectOption(";");
  await expect.poll(names).toEqual(["#", "aInt16", "b|cString"]);
  await page.getByLabel("Another delimiter").fill("|");
  await expect.poll(names).toEqual(["#", "a;bString", "cInt16"]);
});

test("a refusal before the first byte is explained, and another choice goes through", async () => {
  await clickhouse().load(
    "CREATE TABLE kept_in_memory (id UInt32) ENGINE = Memory",
    "kept_in_memory",
    "id\n1\n",
  );
  const { page } = await visit("#/upload/default/kept_in_memory");
  await chooseFiles(page, textFile("m.csv", "id\n2\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await next(page, "load");
  await page.getByText("All rows at once, or none").click();
  await page.getByRole("button", { name: "Start loading" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("This table cannot be loaded that way").waitFor();
  await alert.getByText("COMMIT_MODE_UNAVAILABLE").waitFor();
  await page.getByText("Directly, without a promise").click();
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().value("SELECT sum(id) FROM kept_in_memory")).toBe("3");
});

test("a refusal in the middle says which cell of which line it was", async () => {
  const { page } = await visit();
  const rows = Array.from({ length: 400_000 }, (_, row) => `${row},text of row ${row}`).join("\n");
  await chooseFiles(page, textFile("late.csv", `id,text\n${rows}\nnot a number,x\n`));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("400002", { exact: true }).waitFor();
  expect(await alert.textContent()).toContain("not a number");
  expect(await lookAt(page, "upload-5-failed")).toEqual([]);
});

test("a dry run checks every row and loads none", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("dry.csv", "a,b\n1,2\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Dry run" }).click();
  await page.getByText(/1 row checked in/).waitFor();
  expect(await clickhouse().rows("SELECT name FROM system.tables WHERE name = 'dry'")).toEqual([]);
});

test("types, names and the key of a new table are edited", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("edited.csv", "id,full name,x\n1,Ada,9\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByLabel("Name of full name").fill("name");
  await page.getByLabel("Type of id").fill("UInt64");
  await page.getByLabel("Load x").uncheck();
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/1 row loaded in/).waitFor();
  const { columns } = await clickhouse().catalog.getTable({ table: { table: "edited" } });
  expect(columns.map(({ name }) => name)).toEqual(["id", "name"]);
  expect(columns[0]?.type).toBe("UInt64");
});

test("several files go into one new table", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("many.csv", "a,b\n1,x\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  await chooseFiles(page, textFile("more.csv", "a,b\n2,y\n3,z\n"));
  await next(page, "format");
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await clickhouse().value("SELECT sum(a) FROM many")).toBe("6");
});
