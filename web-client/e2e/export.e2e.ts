import { expect, test } from "vitest";

import { lookAt, savedFile, stubSavePicker } from "./support/browser";
import { next, setUp } from "./support/visitor";

const { clickhouse, visit } = setUp();

const numbers = (table: string, rows: number) => {
  const lines = Array.from({ length: rows }, (_, row) => `${row},"text, ${row}",${row % 3}`);
  return clickhouse().load(
    `CREATE TABLE ${table} (id UInt32, text String, kind UInt8) ENGINE = MergeTree ORDER BY id`,
    table,
    `id,text,kind\n${lines.join("\n")}\n`,
  );
};

test("a table goes to disk, chosen by clicks, byte for byte as the server writes it", async () => {
  await numbers("numbers1", 5_000);
  const { page, complaints } = await visit("#/export", stubSavePicker);
  // The page of exports is loaded when it is first opened.
  await page.getByRole("treeitem", { name: /numbers1/ }).waitFor();
  const looks = await lookAt(page, "export-1-empty");
  await page.getByRole("treeitem", { name: /numbers1/ }).click();
  await page.getByRole("checkbox", { name: /kind/ }).uncheck();
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByLabel("Column of condition 1").selectOption("kind");
  await page.getByLabel("Value of condition 1").fill("2");
  await page.getByLabel("Add a column to order by").selectOption("id");
  await page.getByRole("button", { name: "id, rising: turn round" }).click();
  await page.getByRole("cell", { name: "4997" }).first().waitFor();
  await page.getByRole("button", { name: "Count the rows" }).click();
  await page.getByText("1,666 rows in all").waitFor();
  looks.push(...(await lookAt(page, "export-1-rows")));
  await next(page, "format");
  looks.push(...(await lookAt(page, "export-2-format")));
  await next(page, "save");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("The file is whole.").waitFor();
  looks.push(...(await lookAt(page, "export-3-done")));
  const expected = await clickhouse().export(
    "SELECT id, text FROM numbers1 WHERE kind = 2 ORDER BY id DESC",
  );
  expect(await savedFile(page)).toBe(expected.toString());
  expect(looks).toEqual([]);
  expect(complaints).toEqual([]);
});

test("two tables are joined by their keys", async () => {
  await numbers("facts", 20);
  await clickhouse().load(
    "CREATE TABLE kinds (kind UInt8, label String) ENGINE = MergeTree ORDER BY kind",
    "kinds",
    "kind,label\n0,zero\n1,one\n",
  );
  const { page } = await visit("#/export", stubSavePicker);
  await page.getByText("Joined tables").click();
  await page.getByRole("treeitem", { name: /facts/ }).click();
  await page.getByRole("button", { name: "Add a table" }).click();
  await page.getByRole("treeitem", { name: /kinds/ }).click();
  await page.getByLabel("Keep").selectOption("LEFT");
  await page.getByLabel("Key 1 of the tables before").selectOption({ label: "facts.kind" });
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  expect(await lookAt(page, "export-1-join")).toEqual([]);
  await next(page, "format");
  await next(page, "save");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("The file is whole.").waitFor();
  const lines = (await savedFile(page))?.trim().split("\n") ?? [];
  expect(lines[0]).toBe("id,text,kind,kinds.kind,label");
  expect(lines).toHaveLength(21);
  expect(lines.filter((line) => line.endsWith(",\\N,\\N"))).toHaveLength(6);
});

test("a query is exported, and a wrong one is explained", async () => {
  const { page } = await visit("#/export", stubSavePicker);
  await page.getByText("SQL", { exact: true }).click();
  await page.getByLabel("One SELECT").fill("SELECT nonsense FROM nowhere");
  await page.getByRole("alert").waitFor();
  expect(await lookAt(page, "export-1-wrong")).toEqual([]);
  await page.getByLabel("One SELECT").fill("SELECT number AS n FROM numbers(3)");
  await page.getByRole("cell", { name: "2" }).first().waitFor();
  await next(page, "format");
  await next(page, "save");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("The file is whole.").waitFor();
  expect(await savedFile(page)).toBe("n\n0\n1\n2\n");
});

test("an export that fails in the middle says why and leaves no file", async () => {
  const { page } = await visit("#/export", stubSavePicker);
  await page.getByText("SQL", { exact: true }).click();
  await page
    .getByLabel("One SELECT")
    .fill("SELECT throwIf(number = 3000000, 'broken here') AS n FROM numbers(4000000)");
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  await next(page, "format");
  await next(page, "save");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("broken here").first().waitFor();
  await page.getByText("was taken away again").waitFor();
  expect(await lookAt(page, "export-3-failed")).toEqual([]);
  expect(await savedFile(page)).toBeNull();
});

test("an export is stopped, here and on the server", async () => {
  const { page } = await visit("#/export", stubSavePicker);
  await page.getByText("SQL", { exact: true }).click();
  await page
    .getByLabel("One SELECT")
    .fill("SELECT number, repeat('x', 100) AS x FROM numbers(100000000)");
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  await next(page, "format");
  await next(page, "save");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("writing", { exact: true }).waitFor();
  await page.waitForTimeout(1_500);
  expect(await lookAt(page, "export-3-running")).toEqual([]);
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("The file is not whole and was taken away again.").waitFor();
  expect(await savedFile(page)).toBeNull();
  await expect
    .poll(() =>
      clickhouse().value(
        "SELECT count() FROM system.processes WHERE query LIKE '%100000000%' AND query NOT LIKE '%processes%'",
      ),
    )
    .toBe("0");
});

test("without a save picker the file goes into the downloads, streamed by the service worker", async () => {
  const { page, complaints } = await visit("#/export", (opened) =>
    opened
      .addInitScript(() => Object.assign(window, { showSaveFilePicker: undefined }))
      .then(() => undefined),
  );
  await page.getByText("SQL", { exact: true }).click();
  await page.getByLabel("One SELECT").fill("SELECT number AS n FROM numbers(2000000)");
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  await next(page, "format");
  await next(page, "save");
  await page.getByText("straight into your downloads").waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export", exact: true }).click(),
  ]);
  await page.getByText("The file is whole.").waitFor();
  expect(download.suggestedFilename()).toBe("query.csv");
  const stream = await download.createReadStream();
  let bytes = 0;
  for await (const part of stream) bytes += (part as Buffer).length;
  expect(bytes).toBe(
    (await clickhouse().export("SELECT number AS n FROM numbers(2000000)")).length,
  );
  expect(complaints).toEqual([]);
});

test("Back walks the steps of an export, and a reload keeps what was chosen", async () => {
  await numbers("walked", 10);
  const { page, complaints } = await visit("#/export/default/walked", stubSavePicker);
  await page.getByRole("checkbox", { name: /kind/ }).uncheck();
  await next(page, "format");
  expect(await page.evaluate(() => location.hash)).toBe("#/export/default/walked?step=format");
  await page.goBack();
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  await page.reload();
  await page.getByRole("table", { name: "First rows of the export" }).waitFor();
  expect(await page.getByRole("checkbox", { name: /kind/ }).isChecked()).toBe(false);
  await page.goForward();
  await page.getByRole("button", { name: "Next: save" }).waitFor();
  expect(complaints).toEqual([]);
});
