import { readFile } from "node:fs/promises";

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { next, setUpAs } from "./support/visitor";

/*
 * Over plain HTTP on a name that is not localhost a browser leaves out what it keeps for secure pages:
 * `crypto.randomUUID`, the clipboard, service workers, the file pickers.
 */
const host = "insecure.test";
const { clickhouse, visit } = setUpAs(host, "--allowed-hosts", host);

/** What the browser logs of the server's headers on such a page. */
const isUntrusted = (complaint: string) => complaint.includes("Cross-Origin-Opener-Policy");

async function expectInsecure(page: Page): Promise<void> {
  const has = await page.evaluate(() => [isSecureContext, "randomUUID" in crypto]);
  expect(has).toEqual([false, false]);
}

test("a file is loaded", async () => {
  const { page, complaints } = await visit();
  await expectInsecure(page);
  await chooseFiles(page, textFile("plain.csv", "a,b\n1,x\n2,y\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await clickhouse().value("SELECT sum(a) FROM plain")).toBe("3");
  expect(complaints.filter((complaint) => !isUntrusted(complaint))).toEqual([]);
});

test("steps, a reload and a pasted table need nothing that a secure page has", async () => {
  const { page, complaints } = await visit();
  await expectInsecure(page);
  await page.getByText("Paste a table from a spreadsheet").click();
  await page.getByLabel("The copied cells").fill("a\tb\n5\tx\n");
  await page.getByRole("button", { name: "Use this table" }).click();
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.goBack();
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/1 row loaded in/).waitFor();
  await page.getByRole("button", { name: "Start over" }).click();
  await chooseFiles(page, textFile("again.csv", "a,b\n1,x\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await page.reload();
  await page.getByText("Choose again.csv again").waitFor();
  expect(await clickhouse().value("SELECT a FROM pasted")).toBe("5");
  expect(complaints.filter((complaint) => !isUntrusted(complaint))).toEqual([]);
});

test("a table is exported, and the page says that the file is kept in memory and why", async () => {
  await clickhouse().run("CREATE TABLE out (a UInt8) ENGINE = MergeTree ORDER BY a AS SELECT 7 a");
  const { page, complaints } = await visit("#/export/default/out");
  await expectInsecure(page);
  await next(page, "format");
  await next(page, "save");
  await page.getByText("reached over HTTPS").waitFor();
  expect(await lookAt(page, "export-3-insecure")).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export", exact: true }).click(),
  ]);
  expect(await readFile(await download.path(), "utf8")).toBe("a\n7\n");
  await page.getByText("The file is whole.").waitFor();
  expect(complaints.filter((complaint) => !isUntrusted(complaint))).toEqual([]);
});

test("a statement is copied", async () => {
  await clickhouse().run("CREATE TABLE copied (a UInt8) ENGINE = MergeTree ORDER BY a");
  const { page } = await visit("#/tables/default/copied");
  await expectInsecure(page);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  await page.goto(page.url().replace(/#.*/, "#/export"));
  await page.getByText("SQL", { exact: true }).click();
  const editor = page.getByRole("textbox").first();
  await editor.fill("");
  await editor.press("Control+V");
  expect(await editor.inputValue()).toContain("CREATE TABLE default.copied");
});
