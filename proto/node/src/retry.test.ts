import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { CommitMode, TransferSchema, TransferState } from "./gen/sluice/v1/ingest_service_pb.js";
import { decide, isPassing, Patience, seeing, unseen } from "./retry.js";

const transfer = (init: MessageInitShape<typeof TransferSchema>) => create(TransferSchema, init);

test.each([
  // The server says it.
  ["COMMIT_PENDING", Code.Unavailable, 1_000, true],
  ["COMMIT_PENDING", Code.FailedPrecondition, undefined, false],
  ["CLICKHOUSE_RESOURCES", Code.ResourceExhausted, 1_000, true],
  ["TABLE_NOT_FOUND", Code.NotFound, undefined, false],
  ["OF_A_LATER_VERSION", Code.Unavailable, undefined, false],
  ["OF_A_LATER_VERSION", Code.Internal, 0, true],
  // It does not yet, of what a transfer has ended with and of offsets.
  ["CLICKHOUSE_TIMEOUT", Code.DeadlineExceeded, undefined, true],
  ["OFFSET_OUT_OF_RANGE", Code.OutOfRange, undefined, true],
  // A damaged chunk is not a file that has changed.
  ["CHECKSUM_MISMATCH", Code.InvalidArgument, undefined, true],
  ["CHECKSUM_MISMATCH", Code.DataLoss, undefined, false],
  // A proxy says only a code.
  ["", Code.Unavailable, undefined, true],
  ["", Code.Unimplemented, undefined, false],
])("%s with the code %d and a delay of %s passes: %s", (reason, code, delay, passes) => {
  expect(isPassing(reason, code, delay)).toBe(passes);
});

const offset = 700n;
const { RUNNING, SUCCEEDED, FAILED, CANCELLED, INTERRUPTED, COMMITTING } = TransferState;
const failed = (reason: string, commitMode: CommitMode, rowsStaged = 5n) =>
  transfer({
    state: FAILED,
    committedOffset: offset,
    commitMode,
    error: { reason },
    counters: { rowsStaged },
  });

test.each([
  ["one that has succeeded is compared", { state: SUCCEEDED, committedOffset: offset }, 700],
  ["an interrupted one goes on", { state: INTERRUPTED, committedOffset: offset }, 700],
  ["one that runs goes on", { state: RUNNING, resumable: true, committedOffset: offset }, 700],
  ["one that runs alone is waited for", { state: RUNNING, committedOffset: offset }, "wait"],
  ["a commit is completed", { state: COMMITTING, resumable: true, committedOffset: offset }, 700],
  ["a cancelled one has ended", { state: CANCELLED }, "stop"],
  ["a bad file is bad again", failed("OVERFLOW", CommitMode.ATOMIC), "stop"],
  ["a lost ClickHouse is tried again", failed("CLICKHOUSE_UNAVAILABLE", CommitMode.ATOMIC), 0],
  ["a refusal is not its end", failed("SPEC_MISMATCH", CommitMode.ATOMIC), 0],
  ["rows that are in the table stay", failed("SERVER_GONE", CommitMode.DIRECT), "lost"],
  ["none is there yet", failed("SERVER_GONE", CommitMode.DIRECT, 0n), 0],
] as const)("%s", (_, now, expected) => {
  const verdict = decide(unseen, transfer(now), false);
  if (typeof expected === "number") expect(verdict).toEqual({ kind: "send", offset: expected });
  else if (expected === "lost") expect(verdict).toEqual({ kind: "stop", isLost: true });
  else expect(verdict).toMatchObject({ kind: expected });
});

test("one that is forgotten is begun anew where nothing of it can be in the table", () => {
  const begun = { kind: "send", offset: 0 };
  const lost = { kind: "stop", isLost: true };
  expect(decide(unseen, undefined, false)).toEqual(begun);
  expect(decide({ ...unseen, rows: 5 }, undefined, false)).toEqual(lost);
  expect(decide({ ...unseen, atRisk: true }, undefined, false)).toEqual(lost);
  expect(decide({ ...unseen, rows: 5, resumable: true }, undefined, false)).toEqual(begun);
});

test("one that another goes on with is left to it while something moves", () => {
  const now = transfer({ state: RUNNING, resumable: true, committedOffset: offset });
  expect(decide(unseen, now, true)).toEqual({ kind: "wait" });
  expect(decide(seeing(unseen, now), now, true)).toEqual({ kind: "send", offset: 700 });
});

test("rows of the modes that show them at once stay", () => {
  const now = { counters: { rowsStaged: 3n, rowsCommitted: 5n } };
  const of = (commitMode: CommitMode) => seeing(unseen, transfer({ ...now, commitMode }));
  expect(of(CommitMode.ATOMIC)).toMatchObject({ rows: 5, shown: 0 });
  expect(of(CommitMode.BLOCKS)).toMatchObject({ rows: 5, shown: 5 });
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("pauses grow, are at least what the server asks for, and end with the time", () => {
  const patience = new Patience(4_000);
  expect([1, 2, 3].map(() => patience.delay())).toEqual([200, 400, 800]);
  expect(patience.delay(3_000)).toBe(3_000);
  vi.advanceTimersByTime(3_500);
  // The last try is at the very end.
  expect(patience.delay(9_000)).toBe(500);
  vi.advanceTimersByTime(500);
  expect(patience.delay()).toBeUndefined();
  patience.renew();
  expect(patience.delay()).toBe(200);
  expect(new Patience(0).delay()).toBeUndefined();
});
