import { afterAll, beforeAll, expect, test } from "vitest";

import { chooseFiles, lookAt, textFile } from "./support/browser";
import { Clickhouse } from "./support/clickhouse";
import { Server } from "./support/server";
import { next, setUp } from "./support/visitor";

const parts: { other?: Server } = {};
beforeAll(async () => {
  parts.other = await Server.start();
});
afterAll(async () => {
  await parts.other?.remove();
});
const { visit } = setUp("--adhoc-clickhouse", "true", "--adhoc-hosts", "127.0.0.1:*");

test("a ClickHouse of one's own is tested, used, and refused in words", async () => {
  const { other } = parts;
  if (other === undefined) throw new Error("nothing was started");
  const { page, complaints } = await visit("#/connection");
  await page.getByText("Another one").click();
  await page.getByLabel("Host").fill("10.0.0.1");
  await page.getByRole("button", { name: "Test and use" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("The server does not connect to this ClickHouse").waitFor();

  await page.getByLabel("Host").fill("127.0.0.1");
  await page.getByLabel("Port").fill(new URL(other.engineUrl).port);
  await page.getByRole("textbox", { name: "User" }).fill("nobody");
  await page.getByRole("button", { name: "Test and use" }).click();
  await alert.getByText("ClickHouse refuses this user or password").waitFor();
  await page.getByRole("textbox", { name: "User" }).fill("default");
  await page.getByLabel("Password", { exact: true }).fill(await other.enginePassword());
  await page.getByRole("button", { name: "Test and use" }).click();
  await page.getByText(/ClickHouse .* answers/).waitFor();
  const looks = await lookAt(page, "connection-other");

  await page.getByRole("link", { name: "Load a file" }).click();
  await chooseFiles(page, textFile("elsewhere.csv", "a,b\n1,x\n2,y\n"));
  await next(page, "table");
  await next(page, "load");
  await page.getByRole("button", { name: "Start loading" }).click();
  await page.getByText(/2 rows loaded in/).waitFor();
  expect(await new Clickhouse(other).value("SELECT count() FROM elsewhere")).toBe("2");
  expect(looks).toEqual([]);
  expect(complaints).toEqual([]);
});

test("a reload asks for the password only, and keeps no secret", async () => {
  const { other } = parts;
  if (other === undefined) throw new Error("nothing was started");
  const { page } = await visit("#/connection");
  const password = await other.enginePassword();
  await page.getByText("Another one").click();
  await page.getByLabel("Host").fill("127.0.0.1");
  await page.getByLabel("Port").fill(new URL(other.engineUrl).port);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Test and use" }).click();
  await page.getByText("In use").or(page.getByText("Back to the server's own")).first().waitFor();
  await page.getByRole("link", { name: "Export" }).click();
  await page.reload();
  await page.getByRole("heading", { name: /Sign in to 127.0.0.1.* again/ }).waitFor();
  expect(await page.getByLabel("Port").inputValue()).toBe(new URL(other.engineUrl).port);
  const kept = await page.evaluate(
    () => JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + location.href,
  );
  expect(kept).not.toContain(password);
  expect(await lookAt(page, "connection-again")).toEqual([]);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Test and use" }).click();
  await page.getByRole("tree", { name: "Tables" }).waitFor();
});

test("a failed try never takes the place of a connection that works", async () => {
  const { page } = await visit("#/connection");
  await page.getByText(/ClickHouse .* answers/).waitFor();
  await page.getByText("Another one").click();
  await page.getByLabel("Host").fill("10.0.0.1");
  await page.getByRole("button", { name: "Test and use" }).click();
  await page.getByRole("alert").getByText("this page goes on with default").waitFor();
  await page.getByText(/ClickHouse .* answers/).waitFor();
  await page.getByRole("link", { name: /default.*connected/ }).waitFor();
});

test("a link carries its connection by name, and one that is not there is said not to be", async () => {
  const { page } = await visit("#/export?connection=elsewhere");
  await page.getByRole("alert").getByText("has no connection `elsewhere`").waitFor();
  expect(await page.evaluate(() => location.hash)).toContain("connection=elsewhere");
  await page.getByRole("alert").getByRole("link", { name: "Connection" }).click();
  await page.getByRole("button", { name: "Use" }).click();
  await page.getByText(/ClickHouse .* answers/).waitFor();
  expect(await page.evaluate(() => location.hash)).toBe("#/connection?connection=default");
});
