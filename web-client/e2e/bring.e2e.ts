import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { temporaryDirectory } from "./support/files";
import { next, setUp } from "./support/visitor";

/* The ways in which files come to the page besides being chosen. */

const { clickhouse, visit } = setUp();
const directory = await temporaryDirectory();

const preview = (page: Page) => page.getByRole("table", { name: "First rows of the file" });

/** Puts a text on the page as Ctrl+V does. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    document.body.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
    );
  }, text);
}

/** Drops files or folders of the disk at a point of the page. */
async function drop(page: Page, files: string[], [x, y]: [number, number]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x, y, data });
  }
  await page.getByText("Drop to load it into ClickHouse").waitFor();
  await session.send("Input.dispatchDragEvent", { type: "drop", x, y, data });
}

async function load(page: Page): Promise<void> {
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
}

test("a table of a spreadsheet is pasted, backslashes and all", async () => {
  const { page, complaints } = await visit();
  await page.getByText("Drop a CSV").waitFor();
  await paste(page, 'id\tpath\n1\tC:\\new\n2\t"two\nlines"\n');
  await preview(page).waitFor();
  await load(page);
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(
    await clickhouse().value("SELECT groupArray(path) FROM (SELECT * FROM pasted ORDER BY id)"),
  ).toBe("['C:\\\\new','two\\nlines']");
  expect(complaints).toEqual([]);
});

test("what is pasted is not lost without a question, nor taken from where one writes", async () => {
  const { page } = await visit();
  let asked = 0;
  page.on("dialog", () => (asked += 1));
  await page.getByText("Paste a table from a spreadsheet").click();
  await page.getByLabel("The copied cells").fill("a\tb\n1\t2\n");
  expect(await lookAt(page, "upload-1-paste")).toEqual([]);
  await page.getByRole("button", { name: "Use this table" }).click();
  await preview(page).waitFor();
  await page.getByRole("button", { name: "Start over" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.reload();
  expect(asked).toBe(1);
  await page.getByText("Drop a CSV").waitFor();
});

test("a folder is dropped anywhere, and its flat files come in order", async () => {
  const folder = join(directory, "folder");
  await mkdir(join(folder, "more"), { recursive: true });
  await writeFile(join(folder, "part10.csv"), "a\n10\n");
  await writeFile(join(folder, "part2.csv"), "a\n2\n");
  await writeFile(join(folder, "more", "part1.csv"), "a\n1\n");
  await writeFile(join(folder, "picture.png"), "no");
  const { page, complaints } = await visit("#/transfers");
  await page.getByRole("heading", { name: "Transfers" }).waitFor();
  await drop(page, [folder], [600, 700]);
  await preview(page).waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  const names = page.getByRole("list", { name: "Files" }).locator("strong");
  expect(await names.allTextContents()).toEqual(["part1.csv", "part2.csv", "part10.csv"]);
  await next(page, "format");
  await load(page);
  await expect.poll(() => page.getByText(/1 row loaded in/).count(), { timeout: 20_000 }).toBe(3);
  expect(await clickhouse().value("SELECT sum(a) FROM part1")).toBe("13");
  expect(complaints).toEqual([]);
});

test("a file that is dropped on a later step is one more of the load", async () => {
  const path = join(directory, "second.csv");
  await writeFile(path, "a\n2\n");
  const { page } = await visit();
  await chooseFiles(page, textFile("first.csv", "a\n1\n"));
  await preview(page).waitFor();
  await drop(page, [path], [600, 880]);
  await page.getByRole("button", { name: "Remove second.csv" }).waitFor();
  expect(await page.getByRole("list", { name: "Files" }).getByRole("listitem").count()).toBe(2);
});
