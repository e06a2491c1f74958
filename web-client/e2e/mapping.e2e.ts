import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { axeViolations, chooseFiles, lookAt, textFile } from "./support/browser";
import { next, openSettings, setUp } from "./support/visitor";

const { clickhouse, visit } = setUp();

const field = (page: Page, column: string) => page.getByLabel(`Field for ${column}`);
const start = (page: Page) => page.getByRole("button", { name: "Start loading" }).click();

/** Opens the table step with a file for a new table of these columns. */
async function openMapping(table: string, columns: string, text: string): Promise<Page> {
  await clickhouse().run(`CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY tuple()`);
  const { page } = await visit(`#/upload/default/${table}`);
  await chooseFiles(page, textFile("m.csv", text));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  return page;
}

test("a file of which no header matches is mapped, with proposals that nobody takes in silence", async () => {
  const columns = "id UInt32, full_name String, email String";
  const page = await openMapping("nomatch", columns, "Nr,Full Name,E-Mail\n1,Ada,a@b.c\n");
  await page.getByText("No field has the name of a column").waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(await field(page, "full_name").inputValue()).toBe("");
  expect(await lookAt(page, "upload-3-no-match")).toEqual([]);
  await page.getByRole("button", { name: "Full Name, similar name: use" }).click();
  await page.getByRole("button", { name: "Use the proposal" }).click();
  await field(page, "id").selectOption("Nr");
  await page.getByText("all 1 row of the sample fit").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().rows("SELECT * FROM nomatch")).toEqual([["1", "Ada", "a@b.c"]]);

  await page.getByRole("button", { name: "Load another file into it" }).click();
  await chooseFiles(page, textFile("n.csv", "Nr,Full Name,E-Mail\n2,Bob,b@b.c\n"));
  await next(page, "table");
  await page.getByRole("button", { name: "Nr, as last time: use" }).waitFor();
  expect(await field(page, "id").inputValue()).toBe("");
  await page.getByRole("button", { name: "Use all 3" }).click();
  await page.getByText("all 1 row of the sample fit").waitFor();
});

test("of two fields of one name each can be chosen", async () => {
  const page = await openMapping(
    "doubles",
    "id UInt32, old String, new String",
    "id,name,name\n1,Ada,Bob\n2,Cy,Di\n",
  );
  await field(page, "old").selectOption({ label: "name (field 2)" });
  await field(page, "new").selectOption({ label: "name (field 3)" });
  await page.getByText("all 2 rows of the sample fit").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await clickhouse().rows("SELECT * FROM doubles ORDER BY id")).toEqual([
    ["1", "Ada", "Bob"],
    ["2", "Cy", "Di"],
  ]);
});

test("of two fields of one name a new table takes one, under another name", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("twice.csv", "id,name,name\n1,Ada,Bob\n"));
  await next(page, "table");
  await page.getByLabel("Name of name_2").fill("second");
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().rows("SELECT id, name, second FROM twice")).toEqual([
    ["1", "Ada", "Bob"],
  ]);
});

test("a date that can be read in two ways is read as the reader says", async () => {
  const page = await openMapping(
    "dated",
    "id UInt32, day Date",
    "id,day\n1,01/02/2024\n2,03/04/2024\n",
  );
  await page.getByText("2 of 2 rows in the sample would not fit").waitFor();
  await page.getByRole("button", { name: "Options for day" }).click();
  await page.getByLabel("Dates are written").selectOption("%d/%m/%Y");
  expect(await axeViolations(page)).toEqual([]);
  expect(await lookAt(page, "upload-3-options")).toEqual([]);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByText("all 2 rows of the sample fit").waitFor();
  await page.getByText("Options set").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await clickhouse().value("SELECT max(day) FROM dated")).toBe("2024-04-03");
});

test("the values of a column of a new table have options too", async () => {
  const { page } = await visit();
  await chooseFiles(
    page,
    textFile("fresh.csv", "id;paid;day\n1;ja;01/02/2024\n2;nein;03/04/2024\n"),
  );
  await openSettings(page);
  await page.getByLabel("Words for true").fill("ja");
  await page.getByLabel("Words for false").fill("nein");
  await next(page, "table");
  await page.getByLabel("Type of paid").fill("Bool");
  await page.getByLabel("Name of day").fill("on_day");
  await page.getByRole("button", { name: "Options for day" }).click();
  await page.getByLabel("Dates are written").selectOption("%m/%d/%Y");
  await page.getByRole("button", { name: "Done" }).click();
  await expect.poll(() => page.getByLabel("Type of day").inputValue()).toBe("Date");
  await next(page, "load");
  await start(page);
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await clickhouse().rows("SELECT paid, on_day FROM fresh ORDER BY id")).toEqual([
    ["true", "2024-01-02"],
    ["false", "2024-03-04"],
  ]);
});

test("the whole file is checked from the table step, and then loaded", async () => {
  const rows = Array.from({ length: 120_000 }, (_, row) => `${row},text of row ${row}`).join("\n");
  const text = `id,name\n${rows}\nlate,x\n`;
  const page = await openMapping("checked", "id UInt32, name String", text);
  await page.getByText(/rows of the sample fit/).waitFor();
  await page.getByRole("button", { name: "Check the whole file" }).click();
  await page.getByText(/120,001 rows checked in .*: 1 would not fit/).waitFor();
  await page.getByRole("table", { name: "Rejected rows" }).waitFor();
  expect(await lookAt(page, "upload-4-checked")).toEqual([]);
  expect(await clickhouse().value("SELECT count() FROM checked")).toBe("0");
  await page.getByText("Set some aside").click();
  await start(page);
  await page.getByText(/120,000 rows loaded in/).waitFor();
});

test("five hundred columns are searched, chosen all and none, and stay quick", async () => {
  const names = Array.from({ length: 500 }, (_, index) => `column_${index}`);
  const text = `${names.join(",")}\n${names.map((_, index) => index).join(",")}\n`;
  const types = names.map((name) => `${name} UInt16`).join(", ");
  const page = await openMapping("broad", types, text);
  await page.getByText("all 1 row of the sample fit").waitFor();
  expect(await page.getByLabel(/^Field for/).count()).toBeLessThan(40);
  await page.getByLabel("Search in the columns of the table").fill("column_499");
  const begin = Date.now();
  await field(page, "column_499").selectOption("column_3");
  await page.getByText("your choice").first().waitFor();
  expect(Date.now() - begin).toBeLessThan(3_000);
  await page.getByText("A new table").click();
  await page.getByRole("textbox", { name: "Name of the table" }).fill("narrow");
  await page.getByRole("button", { name: "None", exact: true }).click();
  await page.getByLabel("Search in the columns").fill("column_7");
  await page.getByLabel("Load column_77").check();
  await page.getByText("CREATE TABLE `narrow`").waitFor();
  await next(page, "load");
  await start(page);
  await page.getByText(/1 row loaded in/).waitFor();
  expect(await clickhouse().rows("SELECT * FROM narrow")).toEqual([["77"]]);
});
