import { Code } from "@connectrpc/connect";

import { CommitMode, type Transfer, TransferState } from "./gen/sluice/v1/ingest_service_pb.js";

/*
 * Whether a failure passes, how long to wait, and where an upload goes on. Decides and asks nobody.
 */

/** Codes that pass where nothing but the code is known: the error is one of the way, not of Sluice. */
const passingCodes = new Set([Code.Unavailable, Code.Aborted]);

/**
 * Reasons that pass although the server names no time: of a call that joins a transfer which has failed, of
 * what a transfer ended with, and of offsets, about which the server is asked before every try.
 */
const passingReasons = new Set([
  "CLIENT_GONE",
  "SERVER_GONE",
  "TRANSFER_TAKEN_OVER",
  "CLICKHOUSE_UNAVAILABLE",
  "CLICKHOUSE_TIMEOUT",
  "CLICKHOUSE_RESOURCES",
  "TOO_MANY_TRANSFERS",
  "MEMORY_LIMIT",
  "MESSAGE_TIMEOUT",
  "SHUTTING_DOWN",
  "IDLE_TIMEOUT",
  "OFFSET_OUT_OF_RANGE",
  "OFFSET_ALREADY_COMMITTED",
]);

/** A call with another or a damaged file, or other options, was refused: the transfer itself goes on. */
const refusals = new Set(["SPEC_MISMATCH", "FILE_CHANGED", "CHECKSUM_MISMATCH"]);

/** Whether the same call may succeed later. */
export function isPassing(reason: string, code: Code, retryAfterMs: number | undefined): boolean {
  if (retryAfterMs !== undefined) return true;
  if (reason === "") return passingCodes.has(code);
  // A chunk that was damaged on the way; a whole file that differs has changed on this side.
  if (reason === "CHECKSUM_MISMATCH") return code === Code.InvalidArgument;
  return passingReasons.has(reason);
}

const firstDelayMs = 200;
const longestDelayMs = 10_000;

/** How long to go on trying without getting anywhere. */
export class Patience {
  private since: number | undefined;
  private tries = 0;

  constructor(private readonly limitMs: number) {}

  /** Begins anew, because something has moved. */
  renew(): void {
    this.since = undefined;
    this.tries = 0;
  }

  /** The time before the next try; undefined when there has been enough of it. */
  delay(retryAfterMs = 0): number | undefined {
    const now = performance.now();
    this.since ??= now;
    const left = this.limitMs - (now - this.since);
    if (left <= 0) return undefined;
    const full = Math.min(firstDelayMs * 2 ** Math.min(this.tries, 16), longestDelayMs);
    this.tries += 1;
    // The last try is at the very end of the time.
    return Math.min(Math.max(full * (0.5 + Math.random() / 2), retryAfterMs), left);
  }
}

/** What is known of an upload from before. */
export interface Seen {
  /** Whether the server knew of it, and whether it could go on. */
  known: boolean;
  resumable: boolean;
  /** Rows that may be in the table, or staged; those that are in the table for sure. */
  rows: number;
  shown: number;
  /** Whether rows may be in the table that nobody has counted. */
  atRisk: boolean;
  offset: number;
  durable: number;
}

/** Nothing was seen yet. */
export const unseen: Seen = {
  known: false,
  resumable: false,
  rows: 0,
  shown: 0,
  atRisk: false,
  offset: 0,
  durable: 0,
};

/** What is known of it when the server has said this. */
export function seeing(seen: Seen, now: Transfer): Seen {
  const { rowsStaged = 0n, rowsCommitted = 0n } = now.counters ?? {};
  const rows = Number(rowsStaged > rowsCommitted ? rowsStaged : rowsCommitted);
  const leavesRows = now.commitMode === CommitMode.BLOCKS || now.commitMode === CommitMode.DIRECT;
  return {
    known: true,
    resumable: now.resumable,
    rows,
    shown: leavesRows ? rows : 0,
    atRisk: seen.atRisk,
    offset: Number(now.committedOffset),
    durable: Number(now.durableOffset),
  };
}

/** What to do next: send from an offset, ask again later, or stop; `lost` where rows may be in the table. */
export type Verdict =
  { kind: "send"; offset: number } | { kind: "wait" } | { kind: "stop"; isLost: boolean };

/** Decides by what was seen before and what the server says now; undefined: it knows no such transfer. */
export function decide(seen: Seen, now: Transfer | undefined, isTakenOver: boolean): Verdict {
  if (!now) {
    const mayHoldRows = seen.rows > 0 || seen.atRisk;
    if (seen.resumable || !mayHoldRows) return { kind: "send", offset: 0 };
    return { kind: "stop", isLost: true };
  }
  const offset = Number(now.committedOffset);
  switch (now.state) {
    // Of one that has succeeded the server compares what it has loaded, and returns its result.
    case TransferState.SUCCEEDED:
    case TransferState.INTERRUPTED:
      return { kind: "send", offset };
    case TransferState.FAILED:
      return ofFailed(now);
    case TransferState.CANCELLED:
      return { kind: "stop", isLost: false };
    case TransferState.RUNNING:
      // The other caller is at work, unless nothing moves from one look to the next.
      if (isTakenOver && offset !== seen.offset) return { kind: "wait" };
      return now.resumable ? { kind: "send", offset } : { kind: "wait" };
    // Whoever sends it again completes the commit too, where its server has gone.
    case TransferState.COMMITTING:
    case TransferState.UNSPECIFIED:
      return now.resumable ? { kind: "send", offset } : { kind: "wait" };
  }
}

/** One that nobody goes on with may be made again, unless its file is at fault. */
function ofFailed(now: Transfer): Verdict {
  const reason = now.error?.reason ?? "";
  const mayBeMadeAgain = refusals.has(reason) || passingReasons.has(reason);
  if (!mayBeMadeAgain) return { kind: "stop", isLost: false };
  const isLost = now.commitMode === CommitMode.DIRECT && (now.counters?.rowsStaged ?? 0n) > 0n;
  return isLost ? { kind: "stop", isLost } : { kind: "send", offset: 0 };
}
