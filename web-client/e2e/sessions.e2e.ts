import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt } from "./support/browser";
import { temporaryDirectory, writeRows } from "./support/files";
import { next, setUp, throttle } from "./support/visitor";

const mib = 1 << 20;
const { server, clickhouse, visit } = setUp();
const directory = await temporaryDirectory();
const file = join(directory, "large.csv");
const rowCount = await writeRows(file, 60 * mib);

/** Begins to load a file into a new table, slowly enough to be interrupted. */
async function begin(page: Page, path: string, table: string): Promise<void> {
  await chooseFiles(page, path);
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await next(page, "table");
  await page.getByRole("textbox", { name: "Name of the table" }).fill(table);
  await page.getByText(`CREATE TABLE \`${table}\``).waitFor();
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
}

async function pauseAndReload(page: Page, table: string): Promise<void> {
  await throttle(page, 6 * mib);
  await begin(page, file, table);
  await page.getByText(/sending, ([1-9]|[1-6][0-9])%/).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^paused at/).waitFor();
  if (table === "reloaded") expect(await lookAt(page, "upload-5-paused")).toEqual([]);
  await page.reload();
  await page.getByText("large.csv is not all there yet").waitFor();
  await throttle(page, 0);
}

test("an upload pauses, survives a reload of the page and goes on where it stood", async () => {
  const { page, complaints } = await visit();
  await pauseAndReload(page, "reloaded");
  expect(await lookAt(page, "upload-1-unfinished")).toEqual([]);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("Choose large.csv again").waitFor();
  const sent: number[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/AppendUpload")) sent.push(request.postDataBuffer()?.length ?? 0);
  });
  await chooseFiles(page, file);
  await page.getByText(new RegExp(`${rowCount.toLocaleString("en")} rows loaded in`)).waitFor();
  expect(sent.length * 4 * mib).toBeLessThan(60 * mib);
  expect(await clickhouse().value("SELECT count() FROM reloaded")).toBe(`${rowCount}`);
  expect(await clickhouse().value("SELECT uniqExact(id) FROM reloaded")).toBe(`${rowCount}`);
  expect(complaints).toEqual([]);
});

test("another file of the same size is not mixed in", async () => {
  const { page } = await visit();
  await pauseAndReload(page, "mixed");
  const other = join(directory, "other.csv");
  const bytes = await readFile(file);
  bytes[50] = bytes[50] === 65 ? 66 : 65;
  await writeFile(other, bytes);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("Choose large.csv again").waitFor();
  await chooseFiles(page, other);
  await page.getByText("This is not the file that the upload began with").waitFor();
});

test("a server that dies in the middle is waited for, and no row is lost or doubled", async () => {
  const { page } = await visit();
  await throttle(page, 6 * mib);
  await begin(page, file, "survived");
  await page.getByText(/sending, [2-6][0-9]%/).waitFor();
  await server().down("SIGKILL");
  await page.getByText(/waiting for the server at/).waitFor();
  expect(await lookAt(page, "upload-5-waiting")).toEqual([]);
  await server().up();
  await throttle(page, 0);
  await page.getByText(new RegExp(`${rowCount.toLocaleString("en")} rows loaded in`)).waitFor();
  expect(await clickhouse().value("SELECT uniqExact(id) FROM survived")).toBe(`${rowCount}`);
  expect(await clickhouse().value("SELECT count() FROM survived")).toBe(`${rowCount}`);
});

test("a stopped upload leaves nothing behind", async () => {
  const { page } = await visit();
  await throttle(page, 6 * mib);
  await begin(page, file, "stopped");
  await page.getByText(/sending, ([1-9]|[1-6][0-9])%/).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.locator(".badge", { hasText: "stopped" }).waitFor();
  await expect
    .poll(() => clickhouse().rows("SELECT name FROM system.tables WHERE name LIKE '%stopped%'"))
    .toEqual([]);
  await page.reload();
  await page.getByText("Drop a CSV").waitFor();
  expect(await page.getByText("is not all there yet").count()).toBe(0);
});
