import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { NotAllowedError, Sluice } from "../src/node.js";
import { binary, Server } from "./server.js";

let server: Server;
let folder: string;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-access-"));
  const secret = join(folder, "secret");
  await writeFile(secret, "0123456789abcdef".repeat(3), { mode: 0o600 });
  const scopes = "ingest:upload,ingest:export,catalog:read";
  const who = ["--subject", "alice", "--tables", "default.mine", "--scopes", scopes];
  token = execFileSync(binary, ["token", "--key", secret, ...who], { encoding: "utf8" });
  server = await Server.start(`--auth-secret-file=${secret}`);
});
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true });
});

const rows = Buffer.from("a\n1\n");

test("who shows no token is told so", async () => {
  const nobody = new Sluice({ url: server.url });
  expect((await nobody.serverInfo()).requiresToken).toBe(true);
  const refused = nobody.upload(rows, "default.mine", { create: true });
  await expect(refused).rejects.toMatchObject({ name: "NotAllowedError", reason: "TOKEN_MISSING" });
  nobody.close();
});

test("a token opens what it names, and nothing else", async () => {
  const alice = new Sluice({ url: server.url, token });
  const { transferId } = await alice.upload(rows, "default.mine", { create: true });
  expect((await alice.transfer(transferId)).owner).toBe("alice");
  const refused = alice.upload(rows, "default.others", { create: true });
  await expect(refused).rejects.toBeInstanceOf(NotAllowedError);
  await expect(refused).rejects.toMatchObject({ reason: "TABLE_NOT_ALLOWED" });
  alice.close();
});

test("a token is asked for before each call", async () => {
  let asked = 0;
  const fresh = () => {
    asked += 1;
    return Promise.resolve(token);
  };
  const alice = new Sluice({ url: server.url, token: fresh });
  await alice.ping();
  await alice.ping();
  expect(asked).toBe(2);
  alice.close();
});

test("a connection that is not there is named", async () => {
  const lost = new Sluice({ url: server.url, token, connection: "größe" });
  await expect(lost.ping()).rejects.toThrow("größe");
  lost.close();
});
