import { Code, ConnectError } from "@connectrpc/connect";

import { describeError, describeTransferError, type Problem } from "./errors.js";
import { ErrorReason } from "./gen/sluice/v1/errors_pb.js";
import type { TransferError } from "./gen/sluice/v1/ingest_service_pb.js";

/** Why a call failed, as `errors.proto` lists it; a later server may have others. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED"> | (string & {});

/** What an error is made of. */
export interface ErrorFacts {
  reason?: string;
  code?: Code | undefined;
  metadata?: Record<string, string>;
  fields?: readonly { field: string; description: string }[];
  transferId?: string;
  retryAfterMs?: number | undefined;
  isPassing?: boolean;
  cause?: unknown;
}

/** An error of the server, of the connection to it, or of what came from it. */
export class SluiceError extends Error {
  /** Why; empty for what the server has not said itself. */
  readonly reason: Reason;
  /** The code of gRPC; undefined where no call failed. */
  readonly code: Code | undefined;
  /** The variables of the message, such as `line`, `column` and `value`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields of the request that are wrong, each with what is. */
  readonly violations: readonly { field: string; description: string }[];
  /** The transfer that it is about; empty where there is none. */
  readonly transferId: string;
  /** After how many milliseconds the same call may succeed; undefined where the server names no time. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same call may succeed later. */
  readonly isPassing: boolean;
  /** What has become of the upload, and what to do; empty where the message says all. */
  hint = "";
  /** Whether `upload` with this `transferId` goes on with it. */
  isResumable = false;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, "cause" in facts ? { cause: facts.cause } : {});
    this.name = new.target.name;
    this.reason = facts.reason ?? "";
    this.code = facts.code;
    this.metadata = { ...facts.metadata };
    this.violations = facts.fields ?? [];
    this.transferId = facts.transferId ?? this.metadata["transferId"] ?? "";
    this.retryAfterMs = facts.retryAfterMs;
    this.isPassing = facts.isPassing ?? false;
  }

  /** Up to so many rows of the file are in the table and stay there. */
  get rowsLeft(): number {
    return Number(this.metadata["rowsLeft"] ?? 0) || 0;
  }

  /** Adds what has become of the upload. */
  withHint(hint: string, isResumable = false): this {
    this.hint = hint;
    this.isResumable = isResumable;
    return this;
  }
}

/** The file or a value in it is bad: `metadata` has `line`, `column`, `value`. */
export class DataError extends SluiceError {}
/** The call is wrong: an argument, a query, options that do not go together. */
export class RequestError extends SluiceError {}
/** A table, a column or a transfer is missing or not as it has to be. */
export class PreconditionError extends SluiceError {}
/** Not signed in, or without the right. */
export class NotAllowedError extends SluiceError {}
/** The server or ClickHouse is away, too busy or too slow; the same call may succeed later. */
export class UnavailableError extends SluiceError {}
/** The transfer was cancelled. */
export class CancelledError extends SluiceError {}
/** What was to be sent cannot be read, or has changed since its upload began. */
export class SourceError extends SluiceError {}
/** What came is not what was promised: sizes or counts of both sides differ. */
export class IncompleteError extends SluiceError {}

const busy = new Set([
  "TOO_MANY_TRANSFERS",
  "MEMORY_LIMIT",
  "TRANSFER_TAKEN_OVER",
  "OFFSET_ALREADY_COMMITTED",
  "OFFSET_OUT_OF_RANGE",
  "CHECKSUM_MISMATCH",
  "CLICKHOUSE_RESOURCES",
  "RATE_LIMITED",
]);

const byCode: Partial<Record<Code, typeof SluiceError>> = {
  [Code.InvalidArgument]: RequestError,
  [Code.NotFound]: PreconditionError,
  [Code.FailedPrecondition]: PreconditionError,
  [Code.AlreadyExists]: PreconditionError,
  [Code.Unavailable]: UnavailableError,
  [Code.DeadlineExceeded]: UnavailableError,
  [Code.Unauthenticated]: NotAllowedError,
  [Code.PermissionDenied]: NotAllowedError,
  [Code.Canceled]: CancelledError,
};

/** The class by the reason, where it says more than the code. */
export function classOf(code: Code, reason: string): typeof SluiceError {
  const number = (ErrorReason as unknown as Record<string, number>)[reason] ?? 0;
  // The contract numbers the reasons by what they are about.
  if ((number >= 20 && number <= 49) || reason === "FILE_TOO_LARGE") return DataError;
  if (number >= 50 && number <= 69) return PreconditionError;
  if (busy.has(reason)) return UnavailableError;
  return byCode[code] ?? SluiceError;
}

/** The error for whatever a call has thrown. */
export function errorOf(thrown: unknown, transferId = ""): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const problem = describeError(thrown);
  if (!(thrown instanceof ConnectError)) {
    // A fault of this program, not of a call.
    return new SluiceError(problem.detail, { cause: thrown, transferId });
  }
  const broke = isBroken(thrown, problem);
  const kind = broke ? UnavailableError : classOf(problem.code, problem.reason);
  const text = problem.detail || `the server answered ${Code[problem.code]} without a message`;
  return new kind(broke ? `no connection to the server: ${text}` : text, {
    ...factsOf(problem),
    isPassing: broke || problem.isRetryable,
    transferId: problem.metadata["transferId"] ?? transferId,
    cause: thrown,
  });
}

/** What the library makes where a connection breaks; errors of the server have a reason. */
const brokenCodes = new Set([
  Code.Aborted,
  Code.Canceled,
  Code.Internal,
  Code.Unavailable,
  Code.Unknown,
]);

function isBroken(error: ConnectError, { reason }: Problem): boolean {
  if (reason !== "") return false;
  // A message of which only a part has come.
  return brokenCodes.has(error.code) || error.rawMessage.startsWith("protocol error");
}

/** The error that a transfer has ended with. */
export function errorOfTransfer(error: TransferError, transferId: string): SluiceError {
  const problem = describeTransferError(error);
  const text = problem.detail || `the transfer ${transferId} has failed`;
  return new (classOf(problem.code, problem.reason))(text, { ...factsOf(problem), transferId });
}

function factsOf(problem: Problem): ErrorFacts {
  const { reason, code, metadata, fields, retryAfterMs, isRetryable } = problem;
  return { reason, code, metadata, fields, retryAfterMs, isPassing: isRetryable };
}
