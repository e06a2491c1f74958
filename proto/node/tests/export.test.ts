import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { afterAll, beforeAll, expect, test } from "vitest";

import { crc32c } from "../src/crc32c.js";
import { PreconditionError, RequestError, Sluice } from "../src/node.js";
import { Line, Server } from "./server.js";

const text = `n,text\n${Array.from({ length: 300_000 }, (_, n) => `${n},"text, of ${n}"\n`).join("")}`;
const rows = Buffer.from(text);

let server: Server;
let client: Sluice;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-exports-"));
  server = await Server.start();
  client = new Sluice({ url: server.url });
  await client.upload(rows, "default.numbers", { create: true });
});

afterAll(async () => {
  client.close();
  await server.remove();
  await rm(folder, { recursive: true });
});

const all = { table: "default.numbers", orderBy: ["n"] };

test("what was loaded comes back, byte for byte", async () => {
  const target = join(folder, "rows.csv");
  const result = await client.exportTo(target, all);
  const written = await readFile(target);
  expect(crc32c(written)).toBe(crc32c(rows));
  expect(result).toMatchObject({ rows: 300_000, bytes: rows.length });
  expect(await readdir(folder)).toEqual(["rows.csv"]);
});

test("the name says format and compression", async () => {
  const target = join(folder, "rows.csv.gz");
  await client.exportTo(target, all);
  expect(gunzipSync(await readFile(target)).equals(rows)).toBe(true);
});

test("the bytes come as an iteration, and as a stream", async () => {
  const begun = await client.export(all);
  expect(begun.columns).toEqual([
    { name: "n", type: "Int64" },
    { name: "text", type: "String" },
  ]);
  const pieces = [];
  for await (const piece of begun) pieces.push(piece);
  expect(Buffer.concat(pieces).equals(rows)).toBe(true);
  expect(begun.result?.rows).toBe(300_000);

  const parts: Uint8Array[] = [];
  const sink = new WritableStream<Uint8Array>({ write: (piece) => void parts.push(piece) });
  const result = await client.exportTo(sink, all);
  expect(Buffer.concat(parts).equals(rows)).toBe(true);
  expect(result.bytes).toBe(rows.length);
});

test("columns, conditions, order and limit choose", async () => {
  const where = [
    ["n", "in", [1, 5, 7, 300]],
    ["text", "!=", "text, of 5"],
  ] as const;
  const source = { table: "numbers", columns: ["n"], where, orderBy: ["-n"], limit: 2 };
  const begun = await client.export(source, { format: "tsv", headerRows: 0 });
  expect(Buffer.from(await begun.bytesOfAll()).toString()).toBe("300\n7\n");
});

test("a file is begun anew when the line is cut, and is there only when it is whole", async () => {
  const line = await Line.to(server.port, []);
  const broken = new Sluice({ url: line.url });
  const target = join(folder, "cut.csv");
  let isCut = false;
  const onProgress = () => {
    if (!isCut) line.cut();
    isCut = true;
  };
  const cross = "SELECT n, text FROM numbers ORDER BY n";
  const result = await broken.exportTo(target, { query: cross }, { onProgress });
  broken.close();
  line.close();
  expect(isCut).toBe(true);
  expect(result.bytes).toBe(rows.length);
  expect(crc32c(await readFile(target))).toBe(crc32c(rows));
});

test("an export that fails leaves no file, and what was there before stays", async () => {
  const target = join(folder, "rows.csv");
  await expect(client.exportTo(target, { table: "default.nobody" })).rejects.toThrow(
    PreconditionError,
  );
  await expect(client.exportTo(target, { query: "DROP TABLE x" })).rejects.toThrow(RequestError);
  expect(crc32c(await readFile(target))).toBe(crc32c(rows));
  expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("an export that is left ends on the server", async () => {
  const query = "SELECT number FROM numbers_mt(100000000000)";
  const begun = await client.export({ query });
  for await (const piece of begun) {
    expect(piece.length).toBeGreaterThan(0);
    break;
  }
  const reason = async () => (await client.transfer(begun.transferId)).error?.reason;
  await expect.poll(reason, { timeout: 10_000 }).toBe("CLIENT_GONE");
  expect(begun.result).toBeUndefined();
});

test("a file is looked at, and loads nothing", async () => {
  const found = await client.inspect(rows, { table: "default.numbers", rows: 3 });
  expect(found.profile?.columns.map(({ name }) => name)).toEqual(["n", "text"]);
  expect(found.rows).toHaveLength(3);
  expect(Number(found.rowsRejected)).toBe(0);
});

test("the server says who it is", async () => {
  expect((await client.ping()).serverVersion).toMatch(/^\d+\.\d+/);
  expect((await client.serverInfo()).version).toMatch(/^\d+\.\d+/);
});
