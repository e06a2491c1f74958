import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

import { findChromium } from "./chromium";
const screenshots = resolve(import.meta.dirname, "../../test-results/screenshots");
const axe = readFileSync(
  resolve(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"),
  "utf8",
);

/** Starts the browser, for which `host` is a name of this machine: no look-up leaves it. */
export async function openBrowser(host: string): Promise<Browser> {
  const executablePath = findChromium() ?? "";
  const rules = `--host-resolver-rules=MAP ${host} 127.0.0.1`;
  return await chromium.launch({ executablePath, args: ["--no-sandbox", rules] });
}

/** A page of its own, in which everything that the policy or a script objects to fails the test. */
export async function openPage(
  browser: Browser,
  url: string,
  hash = "",
  prepare?: (page: Page) => Promise<void>,
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // Failed requests are shown by the page, and logged by the browser.
    const isNetwork = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isNetwork) complaints.push(message.text());
  });
  page.on("dialog", (dialog) => void dialog.accept());
  await prepare?.(page);
  await page.goto(`${url}/${hash}`);
  return { context, page, complaints };
}

/** Chooses files as the reader does. */
export async function chooseFiles(
  page: Page,
  files: string | { name: string; mimeType: string; buffer: Buffer },
): Promise<void> {
  await page.locator('input[type="file"]').first().setInputFiles(files);
}

/** Text as a file. */
export function textFile(name: string, text: string) {
  return { name, mimeType: "text/csv", buffer: Buffer.from(text) };
}

/** Stands in for the save picker with a file in the browser's own file system: the same interface. */
export async function stubSavePicker(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.assign(window, {
      showSaveFilePicker: async () => {
        const directory = await navigator.storage.getDirectory();
        return await directory.getFileHandle("saved", { create: true });
      },
    });
  });
}

/** What was saved through the stand-in; null when there is no file. */
export async function savedFile(page: Page): Promise<string | null> {
  return await page.evaluate(async () => {
    const directory = await navigator.storage.getDirectory();
    try {
      const handle = await directory.getFileHandle("saved");
      return await (await handle.getFile()).text();
    } catch {
      return null;
    }
  });
}

interface AxeWindow {
  axe: {
    run: (
      options: object,
    ) => Promise<{ passes: unknown[]; violations: { id: string; nodes: { html: string }[] }[] }>;
  };
}

/** What axe has to say of the page as it is. */
export async function axeViolations(page: Page): Promise<string[]> {
  // In the way of the debugger: the page's policy lets in no script of others.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { passes, violations } = await (window as unknown as AxeWindow).axe.run({
      resultTypes: ["violations"],
    });
    if (passes.length < 10) return ["axe looked at nothing"];
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
  return found;
}

/** Changes the colours as the reader does, or beneath a dialog, where nothing else can be clicked. */
async function changeColours(page: Page, theme: "light" | "dark"): Promise<void> {
  if ((await page.getByRole("dialog").count()) > 0) {
    await page.evaluate((name) => (document.documentElement.dataset["theme"] = name), theme);
    return;
  }
  const name = theme === "dark" ? "Dark colours" : "Light colours";
  await page.getByRole("button", { name }).click();
}

/** Pictures of the page, light and dark and narrow, and what axe says of each. */
export async function lookAt(page: Page, name: string): Promise<string[]> {
  mkdirSync(screenshots, { recursive: true });
  const problems: string[] = [];
  const take = async (look: string) => {
    await page.waitForTimeout(150);
    await page.screenshot({ path: `${screenshots}/${name}-${look}.png` });
    for (const violation of await axeViolations(page)) problems.push(`${look}: ${violation}`);
  };
  await take("light");
  await changeColours(page, "dark");
  await take("dark");
  await changeColours(page, "light");
  await page.setViewportSize({ width: 360, height: 780 });
  await take("narrow");
  const isTooWide = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  if (isTooWide) problems.push("narrow: the page scrolls sideways");
  await page.setViewportSize({ width: 1280, height: 900 });
  return problems;
}
