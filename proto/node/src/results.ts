import { timestampDate } from "@bufbuild/protobuf/wkt";

import {
  CommitModeSchema,
  type Transfer as RawTransfer,
  TransferKindSchema,
  TransferState,
  TransferStateSchema,
  type UploadResponse,
} from "./gen/sluice/v1/ingest_service_pb.js";
import type { RejectedRow } from "./gen/sluice/v1/profile_pb.js";
import { tableName, wordOf } from "./options.js";
import { errorOfTransfer, IncompleteError, type SluiceError } from "./sluice-error.js";

/** How far an upload or an export is. */
export interface Progress {
  /** Bytes of the file that were sent, or have come. */
  bytes: number;
  /** The size of the file; undefined where it is not known. */
  totalBytes: number | undefined;
  /** Rows that the server has read, or written. */
  rows: number;
  /** `waiting`: for a server or a connection that is away. */
  state: "sending" | "receiving" | "waiting" | "committing" | "done";
  /** What is waited for; empty otherwise. */
  note: string;
}

/** What is called with the progress, some times a second; what it throws ends the call. */
export type OnProgress = (progress: Progress) => void;

/** An upload or an export, as the server has it. */
export interface Transfer {
  id: string;
  kind: string;
  /** `running`, `succeeded`, `failed`, `cancelled`, `interrupted` or `committing`. */
  state: string;
  /** Whether nothing moves any more. */
  hasEnded: boolean;
  table: string;
  bytes: number;
  rowsParsed: number;
  rowsCommitted: number;
  rowsRejected: number;
  rowsExported: number;
  committedOffset: number;
  isResumable: boolean;
  commitMode: string;
  guarantee: string;
  sourceName: string;
  owner: string;
  startTime: Date | undefined;
  /** Why it failed or was cancelled. */
  error: SluiceError | undefined;
  /** All that the server says. */
  raw: RawTransfer;
}

/** Reads the message. */
export function transferOf(raw: RawTransfer): Transfer {
  const { counters, transferId } = raw;
  const count = (value: bigint | undefined) => Number(value ?? 0n);
  return {
    id: transferId,
    kind: wordOf(TransferKindSchema, raw.kind),
    state: stateOf(raw),
    hasEnded: [TransferState.SUCCEEDED, TransferState.FAILED, TransferState.CANCELLED].includes(
      raw.state,
    ),
    table: tableName(raw.table),
    bytes: count(counters?.bytesReceived) || count(counters?.bytesSent),
    rowsParsed: count(counters?.rowsParsed),
    rowsCommitted: count(counters?.rowsCommitted),
    rowsRejected: count(counters?.rowsRejected),
    rowsExported: count(counters?.rowsExported),
    committedOffset: Number(raw.committedOffset),
    isResumable: raw.resumable,
    commitMode: wordOf(CommitModeSchema, raw.commitMode),
    guarantee: raw.guarantee,
    sourceName: raw.sourceName,
    owner: raw.owner,
    startTime: raw.startTime && timestampDate(raw.startTime),
    error: raw.error && errorOfTransfer(raw.error, transferId),
    raw,
  };
}

/** The state in a word. */
export function stateOf(raw: RawTransfer): string {
  return wordOf(TransferStateSchema, raw.state);
}

/** An upload that has succeeded: every row is in the table. */
export interface UploadResult {
  transferId: string;
  table: string;
  /** Rows that are in the table; in a dry run 0. */
  rows: number;
  /** Records of the file, without its header. */
  rowsParsed: number;
  rowsRejected: number;
  /** The size of the file. */
  bytes: number;
  commitMode: string;
  /** Which promise was kept, in words. */
  guarantee: string;
  /** Whether it had succeeded before this call, which has loaded nothing. */
  isReplayed: boolean;
  /** The CREATE TABLE that was run, or would be. */
  createStatement: string;
  /** The first rejected rows; `rejects` yields all. */
  rejectedRows: RejectedRow[];
  /** Calls that were made, and where those after the first went on. */
  attempts: number;
  resumedAt: number[];
  /** All that the server says. */
  raw: UploadResponse;
}

/** What this side knows of an upload that the server calls loaded. */
export interface Sent {
  transferId: string;
  isDryRun: boolean;
  /** The bytes that were sent; undefined where that is not known. */
  bytes: number | undefined;
  attempts: number;
  resumedAt: number[];
}

/** Compares what the server says with what was sent. */
export function checkedUpload(response: UploadResponse, sent: Sent): UploadResult {
  const { transferId } = sent;
  const fail = (what: string) => new IncompleteError(`${what}: look at the table`, { transferId });
  if (!response.transfer) throw fail("the server answered without a transfer");
  const transfer = transferOf(response.transfer);
  if (transfer.state !== "succeeded") {
    throw fail(`the server answered with a transfer that is ${transfer.state || "in no state"}`);
  }
  if (transfer.id !== transferId) throw fail(`the server answered for the transfer ${transfer.id}`);
  if (sent.bytes !== undefined && sent.bytes !== transfer.bytes) {
    throw fail(`${sent.bytes} bytes were sent, and the server has ${transfer.bytes}`);
  }
  const loaded = transfer.rowsParsed - transfer.rowsRejected;
  if (!sent.isDryRun && loaded !== transfer.rowsCommitted) {
    throw fail(`${loaded} rows were to be loaded, and ${transfer.rowsCommitted} are`);
  }
  return {
    transferId,
    table: transfer.table,
    rows: transfer.rowsCommitted,
    rowsParsed: transfer.rowsParsed,
    rowsRejected: transfer.rowsRejected,
    bytes: transfer.bytes,
    commitMode: transfer.commitMode,
    guarantee: transfer.guarantee,
    isReplayed: response.replayed,
    createStatement: response.createStatement,
    rejectedRows: response.rejectedRows,
    attempts: sent.attempts,
    resumedAt: sent.resumedAt,
    raw: response,
  };
}

/** An export that has succeeded: the file is whole. */
export interface ExportResult {
  transferId: string;
  rows: number;
  bytes: number;
  /** The columns: name and ClickHouse type. */
  columns: { name: string; type: string }[];
}
