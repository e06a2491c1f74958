import type { Interceptor, Transport } from "@connectrpc/connect";

import { type Clients, createClients } from "./clients.js";
import { Export, exportRequest, type ExportSource } from "./exporting.js";
import type {
  CheckConnectionResponse,
  GetServerInfoResponse,
} from "./gen/sluice/v1/catalog_service_pb.js";
import type {
  InspectFileResponse,
  Transfer as RawTransfer,
  UploadSpec,
} from "./gen/sluice/v1/ingest_service_pb.js";
import type { RejectedRow } from "./gen/sluice/v1/profile_pb.js";
import {
  Given,
  type LoadOptions,
  reading,
  type ReadOptions,
  tableRef,
  transferIdOf,
  uploadSpec,
  type WriteOptions,
} from "./options.js";
import {
  type ExportResult,
  type OnProgress,
  type Transfer,
  transferOf,
  type UploadResult,
} from "./results.js";
import { Patience } from "./retry.js";
import { isScanDue, scanOf, settled } from "./scan.js";
import { errorOf, IncompleteError, SluiceError } from "./sluice-error.js";
import { blobSource, bytesSource, OnceSource, type Source } from "./source.js";
import { targetHeaders } from "./target.js";
import { sleep } from "./time.js";
import { ofTransfer } from "./transfer-call.js";

/** How long to go on trying without getting anywhere, in milliseconds. */
const retryTimeMs = 300_000;
/** What is kept of a source that can be read once, in bytes. */
const bufferBytes = 64 << 20;
/** What is read of a file to look at it, in bytes. */
const sampleBytes = 1 << 20;
/** What a call other than a transfer waits for its answer, in milliseconds. */
const callTimeoutMs = 60_000;

/** A token, or what returns one: it is asked before each call. */
export type Token = string | (() => string | Promise<string>);

/** Where the server is, and who calls. */
export interface SluiceOptions {
  /** The address of the server. Default: `http://127.0.0.1:50051`; in a page the address of the page. */
  url?: string;
  token?: Token;
  /** One of the server's connections to ClickHouse. Default: "default". */
  connection?: string;
  /** A ClickHouse of your own (`http://host:8123`), with a login or a token. */
  clickhouse?: { url: string; user?: string; password?: string; database?: string; token?: string };
  /** In Node: the authorities to trust instead of the usual ones, in PEM. */
  ca?: string | Uint8Array;
  /** In Node: the client's certificate and its key, in PEM. */
  cert?: string | Uint8Array;
  key?: string | Uint8Array;
}

/** What an upload sends: in Node also a path. */
export type UploadInput =
  | string
  | URL
  | Blob
  | Uint8Array
  | ArrayBuffer
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/** How an upload goes. */
export type UploadOptions = LoadOptions & {
  /** A UUID that stands for this source: sent again it goes on, or returns its result; no row is loaded twice. */
  id?: string;
  /** With `id`: ask the server first where it goes on, which saves sending again what is there already. */
  resume?: boolean;
  /** How long to go on without getting anywhere, in milliseconds. Default: 300,000. */
  retryTimeMs?: number;
  /** How much of a stream is kept to be sent again after a break, in bytes. Default: 64 MiB. */
  bufferBytes?: number;
  /** Cancels the upload, unless it was given an id: then it waits to be resumed. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
};

/** How an export goes. */
export type ExportOptions = WriteOptions & {
  id?: string;
  signal?: AbortSignal;
  onProgress?: OnProgress;
  /** How often a file is begun anew after a break: for so many milliseconds. Default: 300,000. */
  retryTimeMs?: number;
};

/** A file that is being written. */
export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Throws away what was written. */
  restart(): Promise<void>;
  /** The file is whole and appears under its name. */
  close(): Promise<void>;
  /** Nothing is left of it. */
  abort(): Promise<void>;
}

/** An upload whose source and spec are made. */
export interface PreparedUpload {
  source: Source;
  /** The source where it is a Blob. */
  blob: Blob | undefined;
  spec: UploadSpec;
  isResumed: boolean;
  isKeptOnAbort: boolean;
  renewsToken: boolean;
  retryTimeMs: number;
  signal: AbortSignal;
  onProgress: OnProgress | undefined;
}

/** What differs between Node and a browser. */
export interface Platform {
  defaultUrl(): string;
  transport(
    url: string,
    options: SluiceOptions,
    interceptor: Interceptor,
  ): {
    transport: Transport;
    close: () => void;
  };
  openPath(path: string | URL, keepBytes: number): Promise<Source>;
  upload(clients: Clients, upload: PreparedUpload): Promise<UploadResult>;
  writeFile(path: string | URL): Promise<FileWriter>;
}

/** A connection to a server. */
export class SluiceBase {
  /** The services of the contract, for what has no method here. */
  readonly clients: Clients;
  private readonly closeTransport: () => void;
  private readonly token: Token | undefined;

  constructor(
    private readonly platform: Platform,
    options: SluiceOptions,
  ) {
    const url = options.url ?? platform.defaultUrl();
    checkAddress(url, options);
    this.token = options.token;
    const headers = headersOf(options);
    const interceptor: Interceptor = (next) => async (request) => {
      const token = typeof this.token === "function" ? await this.token() : this.token;
      if (token !== undefined) request.header.set("authorization", `Bearer ${token.trim()}`);
      for (const [name, value] of headers) request.header.set(name, value);
      return await next(request);
    };
    const { transport, close } = platform.transport(url, options, interceptor);
    this.clients = createClients(transport);
    this.closeTransport = close;
  }

  /** Closes the connection; calls that run are cancelled. */
  close(): void {
    this.closeTransport();
  }

  /**
   * Loads a source into a table (`db.table` or `table`), and returns when every row is there. It goes on by itself after
   * a break of the connection, the server or ClickHouse. Throws `SluiceError`.
   */
  async upload(
    input: UploadInput,
    table: string,
    options: UploadOptions = {},
  ): Promise<UploadResult> {
    const given = new Given(options);
    const id = given.take<string>("id");
    const isResumed = given.take<boolean>("resume") ?? false;
    if (isResumed && id === undefined) throw new TypeError("resume needs the id of the upload");
    const keepBytes = given.take<number>("bufferBytes") ?? bufferBytes;
    const rest = {
      isResumed,
      isKeptOnAbort: id !== undefined,
      renewsToken: typeof this.token === "function",
      retryTimeMs: given.take<number>("retryTimeMs") ?? retryTimeMs,
      signal: given.take<AbortSignal>("signal") ?? new AbortController().signal,
      onProgress: given.take<OnProgress>("onProgress"),
    };
    const fullScan = given.take<boolean>("fullScan");
    const spec = uploadSpec(table, transferIdOf(id), given);
    given.end("upload");
    rest.signal.throwIfAborted();
    const source = await this.open(input, keepBytes);
    try {
      if (spec.sourceName === "") spec.sourceName = source.name;
      const blob = input instanceof Blob ? input : undefined;
      const run = (of: UploadSpec, how: typeof rest) =>
        this.platform.upload(this.clients, { source, blob, spec: of, ...how });
      if (!isScanDue(spec, source, fullScan)) return await run(spec, rest);
      const found = await run(scanOf(spec), ofScan(rest)).catch((thrown: unknown) => {
        const isOfServer = thrown instanceof SluiceError && thrown.reason !== "";
        // The upload meets it too, under its own id and by its own rules.
        if (fullScan !== true && isOfServer && !rest.signal.aborted) return undefined;
        throw thrown;
      });
      return await run(found ? settled(spec, found.raw) : spec, rest);
    } finally {
      await source.close();
    }
  }

  /** Looks at the beginning of a file: how it would be read, and how it fits a table. Loads nothing. */
  async inspect(
    input: UploadInput,
    options: ReadOptions & {
      table?: string;
      rows?: number;
      columns?: readonly string[];
      sourceName?: string;
    } = {},
  ): Promise<InspectFileResponse> {
    const given = new Given(options);
    const table = given.take<string>("table");
    const rowCount = given.take<number>("rows") ?? 10;
    const columns = given.take<readonly string[]>("columns") ?? [];
    const sourceName = given.take<string>("sourceName");
    const read = reading(given);
    given.end("inspect");
    const source = await this.open(input, sampleBytes);
    try {
      const { sample, isWhole } = await sampleOf(source);
      return await this.call(
        this.clients.ingest.inspectFile(
          {
            sample,
            complete: isWhole,
            ...read,
            ...(table !== undefined && { table: tableRef(table) }),
            columns: columns.map((column) => ({ column })),
            rowCount,
            sourceName: sourceName ?? source.name,
          },
          { timeoutMs: callTimeoutMs },
        ),
      );
    } finally {
      await source.close();
    }
  }

  /** Begins an export, whose bytes are then iterated over. Throws `SluiceError`. */
  async export(source: ExportSource, options: ExportOptions = {}): Promise<Export> {
    const given = new Given(options);
    const id = transferIdOf(given.take("id"));
    const signal = given.take<AbortSignal>("signal");
    const onProgress = given.take<OnProgress>("onProgress");
    given.take("retryTimeMs");
    const request = exportRequest(source, given);
    given.end("export");
    request.transferId = id;
    return await Export.begin(this.clients.ingest, request, signal, onProgress);
  }

  /**
   * Writes an export into a file, which appears under its name when it is whole, or into a stream. A file is begun
   * anew after a break. Format and compression are found in the name of the path where they are not given.
   */
  async exportTo(
    target: string | URL | WritableStream<Uint8Array>,
    source: ExportSource,
    options: ExportOptions = {},
  ): Promise<ExportResult> {
    if (target instanceof WritableStream) {
      const begun = await this.export(source, options);
      await begun.stream().pipeTo(target);
      return whole(begun);
    }
    const named = { ...byName(String(target)), ...options };
    const isRepeatable = options.id === undefined;
    const patience = new Patience(isRepeatable ? (options.retryTimeMs ?? retryTimeMs) : 0);
    const { signal = new AbortController().signal } = options;
    const file = await this.platform.writeFile(target);
    try {
      for (;;) {
        try {
          const begun = await this.export(source, named);
          for await (const piece of begun) await file.write(piece);
          const result = whole(begun);
          await file.close();
          return result;
        } catch (thrown) {
          const error = errorOf(thrown);
          const pauseMs = error.isPassing ? patience.delay(error.retryAfterMs) : undefined;
          if (signal.aborted || pauseMs === undefined) throw thrown;
          await sleep(pauseMs, signal);
          await file.restart();
        }
      }
    } catch (thrown) {
      await file.abort();
      throw thrown;
    }
  }

  /** The state and counters of a transfer. */
  async transfer(id: string): Promise<Transfer> {
    const answer = this.clients.ingest.getTransfer({ transferId: id }, unary(id));
    return transferIn(await this.call(answer, id), id);
  }

  /** Follows a transfer until it has ended; the last one holds its final state. */
  async *watch(id: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Transfer> {
    const options = ofTransfer(id, signal ? { signal } : {});
    const messages = this.clients.ingest.watchTransfer({ transferId: id }, options);
    for await (const { transfer } of typed(messages, id)) if (transfer) yield transferOf(transfer);
  }

  /** Ends a transfer and drops what was staged. One that has ended or is being committed stays as it is. */
  async cancel(id: string): Promise<Transfer> {
    const answer = this.clients.ingest.cancelTransfer({ transferId: id }, unary(id));
    return transferIn(await this.call(answer, id), id);
  }

  /** The rows of an upload that were rejected, in the order of the file. */
  async *rejects(id: string): AsyncGenerator<RejectedRow> {
    const messages = this.clients.ingest.listRejectedRows({ transferId: id }, ofTransfer(id));
    for await (const { payload } of typed(messages, id))
      if (payload.case === "row") yield payload.value;
  }

  /** The rejected rows as a CSV file that loads again once it is corrected. */
  async *rejectsCsv(id: string): AsyncGenerator<Uint8Array> {
    const request = { transferId: id, asCsv: true };
    const messages = this.clients.ingest.listRejectedRows(request, ofTransfer(id));
    for await (const { payload } of typed(messages, id))
      if (payload.case === "csv") yield payload.value;
  }

  /** Asks whether ClickHouse answers: its version, user, database, time zone, and the grants that lack. */
  async ping(): Promise<CheckConnectionResponse> {
    return await this.call(this.clients.catalog.checkConnection({}, { timeoutMs: callTimeoutMs }));
  }

  /** What the server is, and asks of its callers. Needs no token. */
  async serverInfo(): Promise<GetServerInfoResponse> {
    return await this.call(this.clients.catalog.getServerInfo({}, { timeoutMs: callTimeoutMs }));
  }

  /** The first rows of a table or of a SELECT as text; null is NULL. */
  async preview(
    source: { table: string } | { query: string },
    limit = 100,
  ): Promise<(string | null)[][]> {
    const from =
      "query" in source
        ? ({ case: "query", value: source.query } as const)
        : ({ case: "table", value: tableRef(source.table) } as const);
    const request = { source: from, limit };
    const answer = this.clients.catalog.previewRows(request, { timeoutMs: callTimeoutMs });
    const { rows } = await this.call(answer);
    return rows.map(({ cells }) => cells.map(({ text }) => text ?? null));
  }

  private async call<T>(answer: Promise<T>, transferId = ""): Promise<T> {
    try {
      return await answer;
    } catch (thrown) {
      throw errorOf(thrown, transferId);
    }
  }

  private async open(input: UploadInput, keepBytes: number): Promise<Source> {
    if (typeof input === "string" || input instanceof URL) {
      return await this.platform.openPath(input, keepBytes);
    }
    if (input instanceof Blob) return blobSource(input);
    if (input instanceof Uint8Array) return bytesSource(input);
    if (input instanceof ArrayBuffer) return bytesSource(new Uint8Array(input));
    if (Symbol.asyncIterator in input) return new OnceSource(input, "the stream", keepBytes);
    if (input instanceof ReadableStream)
      return new OnceSource(piecesOf(input), "the stream", keepBytes);
    if (Symbol.iterator in input)
      return new OnceSource(asynchronous(input), "the stream", keepBytes);
    throw new TypeError("the source is none: give a path, a Blob, bytes, or a stream of bytes");
  }
}

/** Some browsers do not iterate over their streams. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- it makes an iteration one that is waited for
async function* asynchronous(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** How the first of two passes goes: it is no upload that could be resumed, and its end is not the end. */
function ofScan<T extends { isResumed: boolean; onProgress: OnProgress | undefined }>(
  upload: T,
): T {
  const { onProgress } = upload;
  const tell: OnProgress = (now) => {
    if (now.state !== "done") onProgress?.(now);
  };
  return { ...upload, isResumed: false, onProgress: onProgress && tell };
}

async function sampleOf(source: Source) {
  const sample = new Uint8Array(sampleBytes);
  let length = 0;
  for (;;) {
    const piece = await source.readAt(length);
    // One byte more tells whether there is one.
    if (piece.length === 0) return { sample: sample.subarray(0, length), isWhole: true };
    const taken = piece.subarray(0, sampleBytes - length);
    sample.set(taken, length);
    length += taken.length;
    if (taken.length < piece.length) return { sample, isWhole: false };
  }
}

function whole(begun: Export): ExportResult {
  if (begun.result) return begun.result;
  throw new IncompleteError("the export was stopped", { transferId: begun.transferId });
}

function transferIn(answer: { transfer?: RawTransfer | undefined }, id: string): Transfer {
  if (answer.transfer) return transferOf(answer.transfer);
  throw new IncompleteError("the server answered without a transfer", { transferId: id });
}

function unary(id: string) {
  return ofTransfer(id, { timeoutMs: callTimeoutMs });
}

async function* typed<T>(messages: AsyncIterable<T>, id: string): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (thrown) {
    throw errorOf(thrown, id);
  }
}

const formats: Record<string, string> = {
  csv: "csv",
  tsv: "tsv",
  ndjson: "ndjson",
  jsonl: "ndjson",
};
const packings: Record<string, string> = { gz: "gzip", zst: "zstd" };

/** Format and compression by the name of a file. */
function byName(path: string): { format?: never; compression?: never } {
  const endings = path.toLowerCase().split("/").at(-1)?.split(".").slice(1) ?? [];
  const found: Record<string, string> = {};
  const compression = packings[endings.at(-1) ?? ""];
  if (compression !== undefined) {
    found["compression"] = compression;
    endings.pop();
  }
  const format = formats[endings.at(-1) ?? ""];
  if (format !== undefined) found["format"] = format;
  return found;
}

function headersOf({ connection, clickhouse }: SluiceOptions): [string, string][] {
  if (!clickhouse) return targetHeaders({ kind: "named", name: connection ?? "default" });
  const { url, user = "", password = "", database = "", token = "" } = clickhouse;
  return targetHeaders({ kind: "other", url, user, password, database, token });
}

function checkAddress(url: string, options: SluiceOptions): void {
  const what = `${url} is not the address of a server: http://HOST:PORT or https://…`;
  if (!URL.canParse(url)) throw new TypeError(what);
  const { protocol, hostname } = new URL(url);
  if (!["http:", "https:"].includes(protocol)) throw new TypeError(what);
  const { token, clickhouse, connection, ca, cert, key } = options;
  if (clickhouse && connection !== undefined) {
    throw new TypeError("connection and clickhouse name two places: give one");
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("cert and key belong together");
  }
  if (protocol === "https:") return;
  if (ca !== undefined || cert !== undefined) {
    throw new TypeError(`ca, cert and key are for https://, not for ${url}`);
  }
  const isSecret = [token, clickhouse?.password, clickhouse?.token].some(
    (given) => given !== undefined,
  );
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (isSecret && !isHere) {
    throw new TypeError(`the secret would go to ${url} where others can read it: use https://`);
  }
}
