import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";

import { openBrowser, openPage } from "./browser";
import { Clickhouse } from "./clickhouse";
import { Server } from "./server";

/** A server and a browser for the tests of one file; every page is closed after its test. */
export function setUp(...args: string[]) {
  return setUpAs("127.0.0.1", ...args);
}

/** The same with a server that the browser knows by a name of its own. */
export function setUpAs(host: string, ...args: string[]) {
  const parts: { server?: Server; browser?: Browser; clickhouse?: Clickhouse } = {};
  let close: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    parts.server = await Server.start(...args);
    parts.clickhouse = new Clickhouse(parts.server);
    parts.browser = await openBrowser(host);
  });
  afterEach(async () => {
    for (const end of close) await end();
    close = [];
  });
  afterAll(async () => {
    await parts.browser?.close();
    await parts.server?.remove();
  });
  const known = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("nothing was started");
    return part;
  };
  return {
    server: () => known(parts.server),
    clickhouse: () => known(parts.clickhouse),
    /** Opens the page; `prepare` runs before its scripts. */
    visit: async (hash = "", prepare?: (page: Page) => Promise<void>) => {
      const url = known(parts.server).url.replace("127.0.0.1", host);
      const opened = await openPage(known(parts.browser), url, hash, prepare);
      opened.page.setDefaultTimeout(30_000);
      close.push(() => opened.context.close());
      return opened;
    },
  };
}

/** Goes to the next step of a screen. */
export async function next(page: Page, step: string): Promise<void> {
  await page.getByRole("button", { name: `Next: ${step}` }).click();
}

/** Opens the settings of how a file is read, where they are folded. */
export async function openSettings(page: Page): Promise<void> {
  const settings = page.locator("details.settings");
  await settings.waitFor();
  const isOpen = await settings.evaluate((element: HTMLDetailsElement) => element.open);
  if (!isOpen) await page.getByText("Change how it is read").click();
}

/** Makes the line slow, or fast again with 0. */
export async function throttle(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond === 0 ? -1 : bytesPerSecond,
  });
}
