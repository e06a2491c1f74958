import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { atItsServer, ofTransfer } from "./transfer-call.js";

const { signal } = new AbortController();

function refusal(reason: string) {
  const value = create(ErrorInfoSchema, { reason, domain: "sluice.v1" });
  return new ConnectError("no", Code.Unavailable, undefined, [{ desc: ErrorInfoSchema, value }]);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the id of a transfer goes with its calls", () => {
  const options = ofTransfer("one", { signal, headers: { other: "1" } });
  expect(options.signal).toBe(signal);
  const headers = [...new Headers(options.headers)];
  expect(headers).toEqual([
    ["other", "1"],
    ["sluice-transfer-id", "one"],
  ]);
});

test("a call that comes to another server is made again, after pauses that grow", async () => {
  const times: number[] = [];
  const start = Date.now();
  const call = vi.fn(() => {
    times.push(Date.now() - start);
    return times.length < 4 ? Promise.reject(refusal("TRANSFER_ELSEWHERE")) : Promise.resolve("ok");
  });
  const answer = atItsServer(call, signal);
  await vi.runAllTimersAsync();
  expect(await answer).toBe("ok");
  expect(times).toEqual([0, 250, 750, 1_750]);
});

test("it is given up in the end, and any other failure at once", async () => {
  for (const [reason, tries] of [
    ["TRANSFER_ELSEWHERE", 6],
    ["SERVER_GONE", 1],
  ] as const) {
    const call = vi.fn(() => Promise.reject(refusal(reason)));
    const failed = expect(atItsServer(call, signal)).rejects.toThrow();
    await vi.runAllTimersAsync();
    await failed;
    expect(call).toHaveBeenCalledTimes(tries);
  }
});
