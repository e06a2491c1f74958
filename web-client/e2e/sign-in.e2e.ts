import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { temporaryDirectory, writeRows } from "./support/files";
import { serverBinary } from "./support/server";
import { next, setUp, throttle } from "./support/visitor";

const directory = await temporaryDirectory();
const secret = join(directory, "secret");
writeFileSync(secret, randomBytes(48).toString("base64"), { mode: 0o600 });
const { visit } = setUp(
  ...["--auth-secret-file", secret, "--auth-leeway", "0s", "--auth-grace", "1s"],
);

/** A token for everything, as the server makes them. */
function token(ttl: string): string {
  const scopes = "ingest:upload,ingest:export,catalog:read,transfers:manage";
  const args = ["token", "--key", secret, "--subject", "ada", "--scopes", scopes, "--ttl", ttl];
  return execFileSync(serverBinary, args, { encoding: "utf8" }).trim();
}

async function signIn(page: Page, text: string): Promise<void> {
  await page.getByLabel("Token (JWT)").fill(text);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a server that asks for a token gets one, and the page keeps it in memory only", async () => {
  const { page, complaints } = await visit();
  await page.getByRole("heading", { name: "Sign in" }).first().waitFor();
  const looks = await lookAt(page, "sign-in");

  await signIn(page, "not.a.token");
  await page.getByRole("alert").getByText("The server does not take this token").waitFor();
  const short = token("1s");
  await page.waitForTimeout(2_200);
  await signIn(page, short);
  await page.getByRole("alert").getByText("The token has expired").waitFor();
  looks.push(...(await lookAt(page, "sign-in-expired")));

  await signIn(page, token("1h"));
  await chooseFiles(page, textFile("signed.csv", "a,b\n1,x\n"));
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/1 row loaded in/).waitFor();
  await page.getByRole("link", { name: "Transfers" }).click();
  await page.getByText(/by ada/).waitFor();
  await page.getByRole("link", { name: /ada · default/ }).click();
  await page.getByText("Signed in as ada").waitFor();
  await page.getByText("load files, export, see tables").waitFor();
  looks.push(...(await lookAt(page, "connection-signed-in")));

  await page.getByRole("link", { name: "Transfers" }).click();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).first().waitFor();
  const kept = await page.evaluate(() => [
    localStorage.length,
    sessionStorage.length,
    document.cookie,
  ]);
  expect(kept.slice(1)).toEqual([0, ""]);
  expect(looks).toEqual([]);
  expect(complaints).toEqual([]);
});

test("a token that ends in the middle of an upload is replaced, and the upload goes on", async () => {
  const file = join(directory, "long.csv");
  const rows = await writeRows(file, 40 << 20);
  const { page } = await visit();
  await signIn(page, token("7s"));
  await throttle(page, 3 << 20);
  await chooseFiles(page, file);
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("The token has expired").waitFor();
  await throttle(page, 0);
  await alert.getByRole("link", { name: "Sign in" }).click();
  await signIn(page, token("1h"));
  await page.getByText(/ClickHouse [0-9.]+ answers/).waitFor();
  await page.getByRole("link", { name: "Load a file" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText(new RegExp(`${rows.toLocaleString("en")} rows loaded in`)).waitFor();
});
