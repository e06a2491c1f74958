import { afterAll, beforeAll, expect, test } from "vitest";

import { CancelledError, type Progress, Sluice, UnavailableError } from "../src/browser.js";
import { crc32c } from "../src/crc32c.js";
import { randomUuid } from "../src/uuid.js";
import { Line, Server } from "./server.js";

/* The way of a browser, gRPC-Web by `fetch`, which Node has too; the tests of the page run it in a browser. */

const MB = 1 << 20;
const text = Array.from({ length: 400_000 }, (_, n) => `${n},text of the row ${n}\n`).join("");
const rows = new TextEncoder().encode(`n,text\n${text}`);

let server: Server;
let client: Sluice;

beforeAll(async () => {
  server = await Server.start();
  client = new Sluice({ url: server.url });
});
afterAll(() => server.remove());

const bytesOf = (blob: Blob) => blob.stream() as ReadableStream<Uint8Array>;

test("a file and a stream are loaded, and come back", async () => {
  const file = new File([rows], "rows.csv");
  for (const [table, source] of [
    ["of_file", file],
    ["of_bytes", rows],
    ["of_stream", bytesOf(file)],
  ] as const) {
    const states = new Set<string>();
    const onProgress = ({ state }: Progress) => void states.add(state);
    const result = await client.upload(source, table, { create: true, onProgress });
    expect(result).toMatchObject({ rows: 400_000, bytes: rows.length, attempts: 1 });
    expect([...states]).toEqual(["sending", "committing", "done"]);
    const begun = await client.export({ table, orderBy: ["n"] });
    expect(crc32c(await begun.bytesOfAll())).toBe(crc32c(rows));
  }
});

test("the line is cut, and the upload goes on", async () => {
  const line = await Line.to(server.port, [2 * MB, 2 * MB]);
  const broken = new Sluice({ url: line.url });
  const start = performance.now();
  const result = await broken.upload(rows, "cut", { create: true });
  // Appends that wait for the one that was cut are given up with it.
  expect(performance.now() - start).toBeLessThan(10_000);
  line.close();
  expect(line.cuts).toBeGreaterThanOrEqual(1);
  expect(result).toMatchObject({ rows: 400_000, bytes: rows.length });
  expect(await client.preview({ query: "SELECT count() FROM cut" })).toEqual([["400000"]]);
});

test("the same id returns its result", async () => {
  const options = { create: true, id: randomUuid() };
  await client.upload(rows, "same", options);
  expect(await client.upload(rows, "same", options)).toMatchObject({ isReplayed: true });
});

test("an abort cancels the upload", async () => {
  const controller = new AbortController();
  const onProgress = () => controller.abort();
  const { signal } = controller;
  const thrown: unknown = await client
    .upload(rows, "aborted", { create: true, signal, onProgress })
    .catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CancelledError);
  const { transferId } = thrown as CancelledError;
  expect((await client.transfer(transferId)).state).toBe("cancelled");
});

test("nobody is there, and there are no paths", async () => {
  const alone = new Sluice({ url: "http://127.0.0.1:1" });
  await expect(alone.upload(rows, "t", { retryTimeMs: 300 })).rejects.toThrow(UnavailableError);
  await expect(client.upload("rows.csv", "t")).rejects.toThrow("no paths");
});
