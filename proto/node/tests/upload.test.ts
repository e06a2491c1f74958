import { createReadStream } from "node:fs";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import {
  CancelledError,
  DataError,
  PreconditionError,
  type Progress,
  RequestError,
  Sluice,
  SluiceError,
  SourceError,
  UnavailableError,
} from "../src/node.js";
import { randomUuid } from "../src/uuid.js";
import { freePort, Line, Server } from "./server.js";

const MB = 1 << 20;
const count = 400_000;
const total = (count * (count - 1)) / 2;

let server: Server;
let client: Sluice;
let folder: string;
let rows: Buffer;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-files-"));
  rows = Buffer.from(
    `n,text\n${Array.from({ length: count }, (_, n) => `${n},text of the row ${n}\n`).join("")}`,
  );
  path = join(folder, "rows.csv");
  await writeFile(path, rows);
  server = await Server.start();
  client = new Sluice({ url: server.url });
});

afterAll(async () => {
  client.close();
  await server.remove();
  await rm(folder, { recursive: true });
});

/** How many rows a table has, and the sum of their numbers. */
async function sums(table: string): Promise<number[]> {
  const [row] = await client.preview({ query: `SELECT count(), sum(n) FROM ${table}` });
  return row?.map(Number) ?? [];
}

/** Makes a table of one row. */
async function small(table: string): Promise<void> {
  const createStatement = `CREATE TABLE ${table} (n UInt64, text String) ENGINE = MergeTree ORDER BY n`;
  await client.upload(Buffer.from("n,text\n1,a\n"), `default.${table}`, { createStatement });
}

async function* pieces(bytes: Uint8Array, size: number, pauseMs = 0): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    if (pauseMs > 0) await new Promise((done) => setTimeout(done, pauseMs));
    yield bytes.subarray(at, at + size);
  }
}

async function caught(promise: Promise<unknown>): Promise<SluiceError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof SluiceError) return thrown;
  throw new Error("no SluiceError was thrown", { cause: thrown });
}

test("whatever holds the bytes of a file is loaded, whole", async () => {
  const sources = {
    path,
    url: new URL(`file://${path}`),
    buffer: rows,
    blob: new Blob([new Uint8Array(rows)]),
    stream: createReadStream(path),
    web: new Blob([new Uint8Array(rows)]).stream(),
    generator: pieces(rows, 100_001),
    list: [rows.subarray(0, 5), rows.subarray(5)],
  };
  for (const [name, source] of Object.entries(sources)) {
    const result = await client.upload(source, `default.from_${name}`, { create: true });
    expect({ name, rows: result.rows, bytes: result.bytes, attempts: result.attempts }).toEqual({
      name,
      rows: count,
      bytes: rows.length,
      attempts: 1,
    });
    expect(await sums(`from_${name}`)).toEqual([count, total]);
  }
});

test("an empty file and one of a single byte are told apart", async () => {
  await client.upload(Buffer.from("n\n1\n"), "default.small", { create: true });
  await writeFile(join(folder, "empty.csv"), "");
  const empty = await client.upload(join(folder, "empty.csv"), "default.small");
  expect(empty).toMatchObject({ rows: 0, bytes: 0 });
  expect((await client.upload(Buffer.from("2"), "default.small", { headerRows: 0 })).rows).toBe(1);
});

test("types are found in all of a file that can be read twice", async () => {
  // The first MiB has small numbers only, and no text.
  const body = Array.from({ length: 400_000 }, () => "1;2\n").join("");
  const late = Buffer.from(`n;m\n${body}5000000000;1,5\n`);
  const result = await client.upload(late, "default.late", { create: true });
  expect(result.rows).toBe(400_001);
  expect(result.createStatement).toContain("`n` Int64");
  expect(await client.preview({ query: "SELECT max(n), max(m) FROM late" })).toEqual([
    ["5000000000", "2"],
  ]);
  const once = client.upload(pieces(late, MB), "default.once", { create: true });
  await expect(once).rejects.toBeInstanceOf(DataError);
  const options = { create: true, fullScan: true };
  await expect(client.upload(pieces(late, MB), "default.once", options)).rejects.toThrow("twice");
});

test("options say how a file is read", async () => {
  const text = "Tag;Menge\n01/02/2024;1.234,5\n-;2\n";
  const result = await client.upload(Buffer.from(text), "default.read", {
    createStatement:
      "CREATE TABLE default.read (day Nullable(Date), amount Float64) ENGINE = MergeTree ORDER BY tuple()",
    delimiter: ";",
    columns: { day: "Tag", amount: "Menge" },
    nullMarkers: ["-"],
    decimalComma: true,
    thousands: ".",
    columnOptions: { day: { dateFormat: "%d/%m/%Y" } },
    mode: "atomic",
  });
  expect(result).toMatchObject({ rows: 2, commitMode: "atomic", table: "default.read" });
  expect(await client.preview({ query: "SELECT * FROM read ORDER BY amount" })).toEqual([
    [null, "2"],
    ["2024-02-01", "1234.5"],
  ]);
});

test.each(["path", "buffer", "stream"])(
  "the line is cut twice, and the %s goes on",
  async (kind) => {
    const source = { path, buffer: rows, stream: pieces(rows, MB) }[kind] ?? path;
    const line = await Line.to(server.port, [3 * MB, 4 * MB]);
    const broken = new Sluice({ url: line.url });
    try {
      const states = new Set<string>();
      const onProgress = ({ state }: Progress) => void states.add(state);
      const result = await broken.upload(source, `default.cut_${kind}`, {
        create: true,
        fullScan: false,
        onProgress,
      });
      expect(line.cuts).toBeGreaterThanOrEqual(2);
      expect(result.attempts).toBeGreaterThanOrEqual(3);
      expect(result.resumedAt).toHaveLength(result.attempts - 1);
      expect(result).toMatchObject({ rows: count, bytes: rows.length });
      expect(states).toContain("waiting");
    } finally {
      broken.close();
      line.close();
    }
    expect(await sums(`cut_${kind}`)).toEqual([count, total]);
  },
);

test("what is no longer kept of a stream is said, and the upload is cancelled", async () => {
  const { gzipSync } = await import("node:zlib");
  const numbers = Array.from({ length: 1_000_000 }, (_, n) => `${n * 7919}\n`).join("");
  const packed = gzipSync(`n\n${numbers}`, { level: 1 });
  const line = await Line.to(server.port, [2 * MB]);
  const broken = new Sluice({ url: line.url });
  const options = { create: true, bufferBytes: MB };
  // A compressed file is begun anew, for which its beginning would be needed.
  const error = await caught(broken.upload(pieces(packed, 1 << 17), "default.kept", options));
  broken.close();
  line.close();
  expect(error).toBeInstanceOf(SourceError);
  expect(error.message).toContain("can be read once");
  expect(error.message).toContain("bufferBytes");
  expect((await client.transfer(error.transferId)).state).toBe("cancelled");
});

test("a server that is killed and started again is waited for", async () => {
  const own = await Server.start();
  const direct = new Sluice({ url: own.url });
  let killed: Promise<void> | undefined;
  const onProgress = ({ rows }: Progress) => {
    if (rows > 0) killed ??= own.kill().then(() => own.up());
  };
  try {
    const id = randomUuid();
    const options = { create: true, id, onProgress };
    const result = await direct.upload(pieces(rows, 1 << 17, 10), "default.killed", options);
    expect(killed).toBeDefined();
    await killed;
    expect(result).toMatchObject({ transferId: id, rows: count });
    expect(result.attempts).toBeGreaterThanOrEqual(2);
    const query = "SELECT count(), sum(n) FROM killed";
    expect(await direct.preview({ query })).toEqual([[`${count}`, `${total}`]]);
  } finally {
    direct.close();
    await own.remove();
  }
});

test("the same id goes on after an abort, and then returns its result", async () => {
  const id = randomUuid();
  const controller = new AbortController();
  const onProgress = ({ rows }: Progress) => {
    if (rows > 0) controller.abort();
  };
  const options = { create: true, fullScan: false, id };
  const { signal } = controller;
  const slow = pieces(rows, 1 << 17, 10);
  const stopped = await caught(
    client.upload(slow, "default.same", { ...options, signal, onProgress }),
  );
  expect(stopped).toBeInstanceOf(CancelledError);
  expect(stopped.isResumable).toBe(true);
  expect(stopped.hint).toContain(id);
  await expect.poll(async () => (await client.transfer(id)).state).toBe("interrupted");
  const result = await client.upload(path, "default.same", { ...options, resume: true });
  expect(result).toMatchObject({ rows: count, isReplayed: false });
  const again = await client.upload(path, "default.same", options);
  expect(again).toMatchObject({ rows: count, isReplayed: true });
  expect(await sums("same")).toEqual([count, total]);
});

test("an abort without an id cancels the upload", async () => {
  await small("aborted");
  const controller = new AbortController();
  const onProgress = ({ rows }: Progress) => {
    if (rows > 0) controller.abort();
  };
  const slow = pieces(rows, 1 << 17, 10);
  const { signal } = controller;
  const error = await caught(client.upload(slow, "default.aborted", { signal, onProgress }));
  expect(error).toBeInstanceOf(CancelledError);
  expect((await client.transfer(error.transferId)).state).toBe("cancelled");
  expect(await sums("aborted")).toEqual([1, 1]);
});

test("an upload is watched, and cancelled by another", async () => {
  await small("others");
  const id = randomUuid();
  const running = caught(client.upload(pieces(rows, 1 << 17, 50), "default.others", { id }));
  const isMoving = async () => (await client.transfer(id).catch(() => undefined))?.bytes ?? 0;
  await expect.poll(isMoving, { timeout: 10_000 }).toBeGreaterThan(0);
  const states: string[] = [];
  for await (const { state } of client.watch(id)) {
    if (states.length === 0) await client.cancel(id);
    states.push(state);
  }
  expect([states[0], states.at(-1)]).toEqual(["running", "cancelled"]);
  const error = await running;
  expect(error).toBeInstanceOf(CancelledError);
  expect(error.reason).toBe("TRANSFER_CANCELLED");
  expect(await sums("others")).toEqual([1, 1]);
  // The id is used up, and the error says how it ended.
  const ended = await caught(client.upload(path, "default.others", { id }));
  expect(ended.reason).toBe("TRANSFER_ENDED");
  expect(ended.hint).toContain("cancelled");
});

test("a file that is written to meanwhile is not loaded", async () => {
  const grown = join(folder, "grown.csv");
  await writeFile(grown, rows);
  await small("grown");
  let isGrown: Promise<void> | undefined;
  const onProgress = () => void (isGrown ??= appendFile(grown, "2,b\n"));
  const line = await Line.to(server.port, []);
  const error = await caught(
    // The first call is refused late enough for the file to grow: nobody listens yet.
    uploadLate(grown, onProgress),
  );
  line.close();
  expect(error).toBeInstanceOf(SourceError);
  expect(error.message).toContain("has changed");
  expect(await sums("grown")).toEqual([1, 1]);
});

/** Begins while nothing listens, and goes on when something does. */
async function uploadLate(file: string, onProgress: () => void): Promise<unknown> {
  const own = await Server.start();
  await own.kill();
  const late = new Sluice({ url: own.url });
  try {
    const upload = late.upload(file, "default.grown", { create: true, onProgress });
    upload.catch(() => undefined);
    await new Promise((done) => setTimeout(done, 300));
    await own.up();
    return await upload;
  } finally {
    late.close();
    await own.remove();
  }
}

test("a source that fails cancels its upload", async () => {
  await small("half");
  async function* half() {
    yield rows.subarray(0, MB);
    await new Promise((done) => setTimeout(done, 200));
    throw new Error("the tape is torn");
  }
  const error = await caught(client.upload(half(), "default.half"));
  expect(error).toBeInstanceOf(SourceError);
  expect(error.message).toContain("the tape is torn");
  expect((await client.transfer(error.transferId)).state).toBe("cancelled");
  expect(await sums("half")).toEqual([1, 1]);
});

test("errors have a class, a reason and their place", async () => {
  const missing = await caught(client.upload(rows, "default.nobody"));
  expect(missing).toBeInstanceOf(PreconditionError);
  expect(missing).toMatchObject({ reason: "TABLE_NOT_FOUND", isPassing: false });
  expect(missing.transferId).not.toBe("");

  const createStatement = "CREATE TABLE default.bytes (n UInt8) ENGINE = MergeTree ORDER BY n";
  await client.upload(Buffer.from("n\n1\n"), "default.bytes", { createStatement });
  const cell = await caught(client.upload(Buffer.from("n\n1\n300\n"), "default.bytes"));
  expect(cell).toBeInstanceOf(DataError);
  expect(cell.metadata).toMatchObject({ line: "3", column: "n", value: "300" });
  expect([cell.reason, cell.rowsLeft, cell.name]).toEqual(["OVERFLOW", 0, "DataError"]);

  const wrong = await caught(client.preview({ table: "default.bytes" }, 1_000_000));
  expect(wrong).toBeInstanceOf(RequestError);
  expect(wrong.violations.map(({ field }) => field)).toEqual(["limit"]);
});

test("rejected rows come back", async () => {
  const createStatement = "CREATE TABLE default.some (n UInt8) ENGINE = MergeTree ORDER BY n";
  const text = Buffer.from("n\n1\n300\nx\n");
  const result = await client.upload(text, "default.some", {
    createStatement,
    maxRejectShare: 0.7,
  });
  expect(result).toMatchObject({ rows: 1, rowsRejected: 2 });
  const found = [];
  for await (const row of client.rejects(result.transferId))
    found.push([Number(row.line), row.reason]);
  expect(found).toEqual([
    [3, "OVERFLOW"],
    [4, "INVALID_NUMBER"],
  ]);
  let csv = "";
  for await (const piece of client.rejectsCsv(result.transferId))
    csv += Buffer.from(piece).toString();
  expect(csv).toContain("300");
});

test("nobody is there", async () => {
  const alone = new Sluice({ url: `http://127.0.0.1:${await freePort()}` });
  expect(await caught(alone.ping())).toBeInstanceOf(UnavailableError);
  const error = await caught(alone.upload(path, "t", { retryTimeMs: 500 }));
  expect(error).toBeInstanceOf(UnavailableError);
  expect(error).toMatchObject({ isResumable: true });
  expect(error.hint).toContain(error.transferId);
  alone.close();
});

test("a call that cannot be meant is refused before it is made", async () => {
  expect(() => new Sluice({ url: "http://192.0.2.1:50051", token: "x" })).toThrow("https");
  expect(() => new Sluice({ url: "localhost:50051" })).toThrow("address");
  expect(() => new Sluice({ url: "https://localhost", cert: "x" })).toThrow("belong together");
  await expect(client.upload(path, "a.b.c")).rejects.toThrow("no table");
  await expect(client.upload(path, "t", { id: "7" })).rejects.toThrow("UUID");
  await expect(client.upload(path, "t", { resume: true })).rejects.toThrow("id");
  const unknown = { delimeter: ";" } as object;
  await expect(client.upload(path, "t", unknown)).rejects.toThrow("delimeter");
  await expect(client.upload(join(folder, "none"), "t")).rejects.toThrow(SourceError);
});
