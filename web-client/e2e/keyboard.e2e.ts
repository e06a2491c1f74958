import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { next, setUp } from "./support/visitor";

const { clickhouse, visit } = setUp();

/** How often Tab is pressed from the heading of a step to the button that ends it. */
async function tabsTo(page: Page, name: string): Promise<number> {
  await page.locator("h1").focus();
  for (let tabs = 1; tabs <= 40; tabs += 1) {
    await page.keyboard.press("Tab");
    const text = await page.evaluate(() => document.activeElement?.textContent ?? "");
    if (text === name) return tabs;
  }
  return Infinity;
}

const focused = (page: Page) => page.evaluate(() => document.activeElement?.tagName);

test("each step takes the focus, is announced, and ends within twelve tabs", async () => {
  const columns = Array.from({ length: 8 }, (_, index) => `c${index}`);
  const types = columns.map((name) => `${name} UInt32`).join(", ");
  await clickhouse().run(`CREATE TABLE tabbed (${types}) ENGINE = MergeTree ORDER BY c0`);
  const { page } = await visit("#/upload/default/tabbed");
  await chooseFiles(
    page,
    textFile("t.csv", `${columns.join(",")}\n${columns.map(() => 1).join(",")}\n`),
  );
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  expect(await focused(page)).toBe("H1");
  await page.getByText(/Step 2 of 4, Format. t.csv/).waitFor();
  expect(await tabsTo(page, "Next: table")).toBeLessThan(12);
  await next(page, "table");
  await page.getByText("all 1 row of the sample fit").waitFor();
  expect(await focused(page)).toBe("H1");
  expect(await tabsTo(page, "Next: load")).toBeLessThan(12);
});

test("a long mapping is walked with the arrows, and Ctrl+Enter goes on", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("walked.csv", "a,b,c\n1,2,3\n"));
  await page.getByRole("table", { name: "First rows of the file" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByLabel("Load a", { exact: true }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect.poll(() => page.getByLabel("Load c", { exact: true }).isChecked()).toBe(false);
  await page.getByText("CREATE TABLE `walked`").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Start loading" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByText(/1 row loaded in/).waitFor();
});

test("a word of the sentence opens its choice", async () => {
  const { page } = await visit();
  await chooseFiles(page, textFile("said.csv", "a;b\n1;2\n"));
  const sentence = page.getByText(/between values, one header line/);
  await sentence.waitFor();
  expect(await sentence.textContent()).toBe(
    "CSV with a semicolon between values, one header line, in utf-8: 2 columns.",
  );
  expect(await lookAt(page, "upload-2-sentence")).toEqual([]);
  await page.getByRole("button", { name: "CSV", exact: true }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  await page.getByRole("button", { name: "a comma" }).waitFor();
  await page.getByRole("button", { name: "utf-8" }).click();
  expect(await page.evaluate(() => (document.activeElement as HTMLSelectElement).value)).toBe(
    "utf-8",
  );
});
