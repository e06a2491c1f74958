import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";

import { describeError, isCancelled } from "./errors.js";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";

function refusal(reason: string, code: Code, metadata = {}): ConnectError {
  const info = create(ErrorInfoSchema, { reason, domain: "sluice.v1", metadata });
  return new ConnectError("row 17 is wrong", code, undefined, [
    { desc: ErrorInfoSchema, value: info },
  ]);
}

test("a refusal keeps its reason, variables and message", () => {
  const problem = describeError(refusal("OVERFLOW", Code.InvalidArgument, { line: "17" }));
  expect(problem).toMatchObject({
    detail: "row 17 is wrong",
    reason: "OVERFLOW",
    metadata: { line: "17" },
    isRetryable: false,
  });
});

test("a lost network may be tried again", () => {
  const problem = describeError(ConnectError.from(new TypeError("Failed to fetch")));
  expect(problem).toMatchObject({ code: Code.Unavailable, isRetryable: true });
});

test("a damaged chunk is sent again, a whole file that has changed is not", () => {
  const isRetryable = (code: Code) => describeError(refusal("CHECKSUM_MISMATCH", code)).isRetryable;
  expect(isRetryable(Code.InvalidArgument)).toBe(true);
  expect(isRetryable(Code.DataLoss)).toBe(false);
});

test("a fault of the page is not taken for a server that is away", () => {
  const problem = describeError(new TypeError("crypto.randomUUID is not a function"));
  expect(problem).toMatchObject({
    detail: "crypto.randomUUID is not a function",
    code: Code.Unknown,
    isRetryable: false,
  });
});

test("only an abort of the page itself is no error", () => {
  expect(isCancelled(new ConnectError("aborted", Code.Canceled))).toBe(true);
  expect(isCancelled(refusal("TRANSFER_CANCELLED", Code.Canceled))).toBe(false);
  expect(isCancelled(new DOMException("", "AbortError"))).toBe(true);
});
