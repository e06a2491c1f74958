import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";

import type { Clients } from "./clients.js";
import {
  type ConditionSchema,
  type ExportProgress,
  type ExportRequest,
  ExportRequestSchema,
  type ExportResponse,
  Operator,
  type Transfer,
} from "./gen/sluice/v1/ingest_service_pb.js";
import type { Column } from "./gen/sluice/v1/schema_pb.js";
import { type Given, tableRef, writing } from "./options.js";
import { type ExportResult, type OnProgress, type Progress, transferOf } from "./results.js";
import { errorOf, IncompleteError, UnavailableError } from "./sluice-error.js";
import { childOf } from "./time.js";
import { ofTransfer } from "./transfer-call.js";

const operators = {
  "=": Operator.EQUAL,
  "!=": Operator.NOT_EQUAL,
  "<": Operator.LESS,
  "<=": Operator.LESS_OR_EQUAL,
  ">": Operator.GREATER,
  ">=": Operator.GREATER_OR_EQUAL,
  like: Operator.LIKE,
  "not like": Operator.NOT_LIKE,
  ilike: Operator.ILIKE,
  "not ilike": Operator.NOT_ILIKE,
  in: Operator.IN,
  "not in": Operator.NOT_IN,
  between: Operator.BETWEEN,
  "not between": Operator.NOT_BETWEEN,
  "is null": Operator.IS_NULL,
  "is not null": Operator.IS_NOT_NULL,
} as const;

/** A value of a condition, as it is written. */
export type Value = string | number | bigint | boolean;
/** `["age", ">=", 18]`, `["id", "in", [1, 2]]`, `["name", "is null"]`. */
export type Where = readonly [
  column: string,
  operator: keyof typeof operators,
  value?: Value | readonly Value[],
];

/** What is exported: a table, of which some can be chosen, or a SELECT. */
export type ExportSource =
  | { query: string }
  | {
      table: string;
      columns?: readonly string[];
      where?: readonly Where[];
      /** Columns, `-age` for large values first. */
      orderBy?: readonly string[];
      limit?: number;
    };

/** Makes the request; takes what it knows out of the options. */
export function exportRequest(source: ExportSource, given: Given): ExportRequest {
  const { dialect, style } = writing(given);
  const made = { ...(dialect && { dialect }), ...(style && { style }) };
  if ("query" in source) {
    return create(ExportRequestSchema, { ...made, source: { case: "query", value: source.query } });
  }
  const { table, columns = [], where = [], orderBy = [], limit } = source;
  const value = {
    table: tableRef(table),
    columns: [...columns],
    where: where.map(conditionOf),
    orderBy: orderBy.map((column) =>
      column.startsWith("-") ? { column: column.slice(1), descending: true } : { column },
    ),
    ...(limit !== undefined && { limit: BigInt(limit) }),
  };
  return create(ExportRequestSchema, { ...made, source: { case: "table", value } });
}

function conditionOf([column, operator, value]: Where): MessageInitShape<typeof ConditionSchema> {
  const given: readonly Value[] = value === undefined ? [] : isList(value) ? value : [value];
  return { column, operator: operators[operator], values: given.map(String) };
}

function isList(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

/** The bytes of an export as they come. The file is whole when the iteration ends: then `result` is set. */
export class Export implements AsyncIterable<Uint8Array> {
  /** Set at the end: rows, bytes and columns. */
  result: ExportResult | undefined;
  private readonly pieces: AsyncGenerator<Uint8Array, void>;
  private bytes = 0;
  private rows = 0;

  private constructor(
    readonly transferId: string,
    /** The columns: name and ClickHouse type. */
    readonly columns: { name: string; type: string }[],
    messages: AsyncIterator<Payload>,
    private readonly call: ReturnType<typeof childOf>,
    private readonly onProgress: OnProgress | undefined,
  ) {
    this.pieces = this.read(messages);
  }

  /** Begins one; the columns are there when this returns. */
  static async begin(
    ingest: Clients["ingest"],
    request: ExportRequest,
    signal: AbortSignal | undefined,
    onProgress: OnProgress | undefined,
  ): Promise<Export> {
    const { transferId } = request;
    const { controller, release } = childOf(signal);
    const options = ofTransfer(transferId, { signal: controller.signal });
    const messages = payloads(ingest, clone(ExportRequestSchema, request), options);
    try {
      const first = await messages.next();
      if (first.done === true || first.value.case !== "schema") {
        throw new IncompleteError("the export began without its columns", { transferId });
      }
      const columns = first.value.value.columns.map(({ name, type }: Column) => ({ name, type }));
      return new Export(transferId, columns, messages, { controller, release }, onProgress);
    } catch (thrown) {
      controller.abort();
      release();
      throw errorOf(thrown, transferId);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, void> {
    return this.pieces;
  }

  /** Ends the export; one that runs is cancelled on the server. */
  close(): void {
    this.call.controller.abort();
    this.call.release();
  }

  /** The bytes as a web stream; it fails where the file is not whole. */
  stream(): ReadableStream<Uint8Array> {
    const { pieces } = this;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const step = await pieces.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: () => this.close(),
    });
  }

  /** All bytes that are left. */
  async bytesOfAll(): Promise<Uint8Array> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of this) parts.push(piece as Uint8Array<ArrayBuffer>);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  private async *read(messages: AsyncIterator<Payload>): AsyncGenerator<Uint8Array, void> {
    const { transferId } = this;
    try {
      for (;;) {
        const step = await messages.next();
        if (step.done === true) break;
        const payload = step.value;
        if (payload.case === "data") {
          this.bytes += payload.value.length;
          yield payload.value;
        } else if (payload.case === "progress") this.progress(payload.value);
        else if (payload.case === "summary") this.result = this.checked(payload.value.transfer);
      }
      if (!this.result) {
        const what = `the export ended after ${this.bytes} bytes without its summary: the file is not whole`;
        throw new UnavailableError(what, { transferId, isPassing: true });
      }
      this.tell("done");
    } catch (thrown) {
      throw errorOf(thrown, transferId);
    } finally {
      this.close();
    }
  }

  private checked(raw: Transfer | undefined): ExportResult {
    const { transferId, columns, bytes } = this;
    const fail = (what: string) => new IncompleteError(what, { transferId });
    if (!raw) throw fail("the summary of the export has no transfer");
    const transfer = transferOf(raw);
    if (transfer.state !== "succeeded") throw fail(`the export is ${transfer.state}`);
    const sent = Number(raw.counters?.bytesSent ?? 0n);
    if (sent !== bytes) {
      throw fail(
        `the export has ${sent} bytes by its summary, ${bytes} arrived: the file is not whole`,
      );
    }
    this.rows = transfer.rowsExported;
    return { transferId, rows: this.rows, bytes, columns };
  }

  private progress({ rows }: ExportProgress): void {
    this.rows = Number(rows);
    this.tell("receiving");
  }

  private tell(state: Progress["state"]): void {
    const { bytes, rows } = this;
    this.onProgress?.({ bytes, totalBytes: undefined, rows, state, note: "" });
  }
}

type Payload = Exclude<ExportResponse["payload"], { case: undefined }>;

async function* payloads(
  ingest: Clients["ingest"],
  request: ExportRequest,
  options: Parameters<Clients["ingest"]["export"]>[1],
): AsyncGenerator<Payload, void> {
  for await (const { payload } of ingest.export(request, options)) {
    if (payload.case !== undefined) yield payload;
  }
}
