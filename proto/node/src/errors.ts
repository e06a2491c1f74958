import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { enumValue } from "./enums.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";
import type { TransferError } from "./gen/sluice/v1/ingest_service_pb.js";
import { isPassing } from "./retry.js";

/** What is known of an error. */
export interface Problem {
  /** The message of the server. */
  detail: string;
  /** The reason as in `errors.proto`; empty for an error that is not Sluice's. */
  reason: string;
  code: Code;
  /** The variables of the message. */
  metadata: Record<string, string>;
  /** Which fields of the request are wrong. */
  fields: { field: string; description: string }[];
  /** Whether the same call may succeed later. */
  isRetryable: boolean;
  /** How long to wait before, in milliseconds; undefined when the server does not say. */
  retryAfterMs: number | undefined;
}

/** Describes whatever a call has thrown. */
export function describeError(thrown: unknown): Problem {
  const error = fromThrown(thrown);
  const info = error.findDetails(ErrorInfoSchema).find((found) => found.domain === "sluice.v1");
  const retry = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const reason = info?.reason ?? "";
  const retryAfterMs = retry ? Number(retry.seconds) * 1000 + retry.nanos / 1e6 : undefined;
  return {
    detail: error.rawMessage,
    reason,
    code: error.code,
    metadata: { ...info?.metadata },
    fields: error.findDetails(BadRequestSchema).flatMap((found) => found.fieldViolations),
    isRetryable: isPassing(reason, error.code, retryAfterMs),
    retryAfterMs,
  };
}

/** Describes the error that ended a transfer. */
export function describeTransferError(error: TransferError): Problem {
  const code = enumValue(Code, error.code, Code.Unknown);
  return {
    detail: error.message,
    reason: error.reason,
    code,
    metadata: { ...error.metadata },
    fields: [],
    isRetryable: false,
    retryAfterMs: undefined,
  };
}

/** Whether the caller has to sign in, again or for the first time, for the call to be taken. */
export function isSignInNeeded({ code, reason }: Problem): boolean {
  return code === Code.Unauthenticated && !reason.startsWith("CLICKHOUSE");
}

/** Whether a call was ended on this side, by an AbortSignal. */
export function isCancelled(thrown: unknown): boolean {
  if (thrown instanceof ConnectError) {
    return thrown.code === Code.Canceled && thrown.findDetails(ErrorInfoSchema).length === 0;
  }
  return thrown instanceof DOMException && thrown.name === "AbortError";
}

/** Whether the server, or one before this version, does not have the call. */
export function isUnimplemented(thrown: unknown): boolean {
  return thrown instanceof ConnectError && thrown.code === Code.Unimplemented;
}

function fromThrown(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return isLostNetwork(thrown) ? lostNetwork(thrown) : thrown;
  if (thrown instanceof DOMException && thrown.name === "NotReadableError") {
    const message = "the file has changed on the disk or can no longer be read: choose it again";
    const value = create(ErrorInfoSchema, { reason: "FILE_UNREADABLE", domain: "sluice.v1" });
    const details = [{ desc: ErrorInfoSchema, value }];
    return new ConnectError(message, Code.FailedPrecondition, undefined, details);
  }
  // What did not come out of a call is a fault of the page, a TypeError too: the network has no part in it.
  return ConnectError.from(thrown);
}

/** `fetch` fails with a TypeError, which the transport makes `unknown` or `internal`. */
function isLostNetwork(error: ConnectError): boolean {
  const isTransport = error.cause instanceof TypeError || error.message.includes("Failed to fetch");
  const isCut =
    error.rawMessage.startsWith("missing trailer") || error.rawMessage === "network error";
  return isTransport || isCut;
}

function lostNetwork(error: ConnectError): ConnectError {
  return new ConnectError("no answer from the server", Code.Unavailable, undefined, [], error);
}
