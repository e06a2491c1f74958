import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { renderToStaticMarkup } from "react-dom/server";
import { ErrorInfoSchema } from "sluice-client/gen/google/rpc/error_details_pb";
import { CatalogService } from "sluice-client/gen/sluice/v1/catalog_service_pb";
import {
  CommitMode,
  IngestService,
  type UploadSpec,
  UploadSpecSchema,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { crc32c, createClients } from "sluice-client/parts";
import { beforeEach, expect, test, vi } from "vitest";

import { openQuestion } from "../../components/question";
import { failures } from "../../rpc/failures";

vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("window", new EventTarget());

const { stopUpload, uploadJobs } = await import("./upload-jobs");
const { beginAgain, beginHeld, firstHeldBehind, replaceByNothing, retryUpload, startUploads } =
  await import("./upload-queue");

/** What the server was sent, in order, and why it refuses a file, by the name of the file. */
let loaded: UploadSpec[] = [];
let ends: { totalBytes: bigint; crc32c?: number | undefined }[] = [];
let refusals = new Map<string, ConnectError>();
const cancelRefusals = new Map<string, ConnectError>();
const begun = new Map<string, UploadSpec>();

const transport = createRouterTransport(({ service }) => {
  service(IngestService, {
    beginUpload: ({ spec }) => {
      if (spec) begun.set(spec.transferId, spec);
      return {};
    },
    appendUpload: ({ offset }) => ({ committedOffset: offset }),
    finishUpload: ({ transferId, totalBytes, crc32c }) => {
      ends.push({ totalBytes, crc32c });
      const spec = begun.get(transferId) ?? create(UploadSpecSchema);
      const refusal = spec.allowEmpty ? undefined : refusals.get(spec.sourceName);
      if (refusal) throw refusal;
      loaded.push(spec);
      return { result: {} };
    },
    getTransfer: () => {
      throw new ConnectError("no such transfer", Code.NotFound);
    },
    cancelTransfer: ({ transferId }) => {
      const refusal = cancelRefusals.get(transferId);
      if (refusal) throw refusal;
      return {};
    },
  });
  service(CatalogService, { getTable: () => ({ summary: { rowCount: 7n } }) });
});
const clients = createClients(transport);

const refusal = (reason: string, code: Code) =>
  new ConnectError("refused", code, undefined, [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain: "sluice.v1" }) },
  ]);
const badRow = refusal("OVERFLOW", Code.InvalidArgument);
const expired = refusal("TOKEN_EXPIRED", Code.Unauthenticated);
const empty = refusal("EMPTY_REPLACEMENT", Code.FailedPrecondition);

/** A start of the files a, b and c, of which the first replaces. */
function requests(first = CommitMode.REPLACE) {
  return ["a", "b", "c"].map((name, index) => ({
    spec: create(UploadSpecSchema, {
      transferId: `id-${name}`,
      table: { database: "d", table: "people" },
      sourceName: `${name}.csv`,
      commitMode: index === 0 ? first : CommitMode.UNSPECIFIED,
    }),
    picked: { file: new File(["id\n1\n"], `${name}.csv`) },
    queue: "q",
    isResumed: false,
  }));
}

beforeEach(() => {
  loaded = [];
  ends = [];
  refusals = new Map();
  uploadJobs.set(new Map());
  openQuestion.set(null);
});

const states = () => [...uploadJobs.get().values()].map(({ state }) => state.kind);
const modes = () =>
  loaded.map(({ sourceName, commitMode }) => [sourceName, CommitMode[commitMode]]);
function job(name: string) {
  const found = [...uploadJobs.get().values()].find(({ fileName }) => fileName === `${name}.csv`);
  if (!found) throw new Error(`no upload of ${name}`);
  return found;
}

/** Answers the question that comes; what it says. */
async function answer(isYes: boolean): Promise<string> {
  await expect.poll(() => openQuestion.get()).not.toBeNull();
  const question = openQuestion.get();
  const told = await question?.load(new AbortController().signal);
  const text = renderToStaticMarkup(told?.text).replace(/<[^>]*>/g, "");
  question?.answer(isYes);
  return `${question?.title} ${text} ${told?.action}`;
}

test("the end of a file is told with its size and checksum", async () => {
  await startWithYes();
  await expect.poll(() => ends.length).toBe(3);
  const content = new TextEncoder().encode("id\n1\n");
  const end = { totalBytes: 5n, crc32c: crc32c(content) };
  expect(ends).toEqual([end, end, end]);
});

async function startWithYes(): Promise<void> {
  const started = startUploads(clients, requests());
  await answer(true);
  expect(await started).toBe(true);
}

test("nothing begins before the rows that go are named and the reader agrees", async () => {
  const started = startUploads(clients, requests());
  const asked = await answer(false);
  expect(asked).toBe(
    "Replace all rows of d.people? d.people has 7 rows now. All of them are replaced by those of a.csv.Then the rows of b.csv and c.csv are added. Replace 7 rows",
  );
  expect(await started).toBe(false);
  expect(states()).toEqual([]);
  expect(loaded).toEqual([]);
});

test("the first file replaces, the others are added", async () => {
  await startWithYes();
  await expect.poll(states).toEqual(["done", "done", "done"]);
  expect(modes()).toEqual([
    ["a.csv", "REPLACE"],
    ["b.csv", "UNSPECIFIED"],
    ["c.csv", "UNSPECIFIED"],
  ]);
});

test("rows that stay need no question, and a dry run none", async () => {
  expect(await startUploads(clients, requests(CommitMode.ATOMIC))).toBe(true);
  await expect.poll(states).toEqual(["done", "done", "done"]);
  const dry = requests();
  for (const { spec } of dry) spec.dryRun = true;
  expect(await startUploads(clients, dry)).toBe(true);
  await expect.poll(() => loaded.length).toBe(6);
});

test("a first file that fails holds the others, which are added to old rows after a question only", async () => {
  refusals.set("a.csv", badRow);
  await startWithYes();
  await expect.poll(states).toEqual(["failed", "held", "held"]);
  expect(loaded).toEqual([]);
  const refused = beginHeld(clients, job("b"));
  expect(await answer(false)).toContain(
    "d.people has 7 rows now. a.csv was to replace them and has not loaded. The rows of b.csv would be added to the old ones. Add to 7 rows",
  );
  await refused;
  expect(states()).toEqual(["failed", "held", "held"]);
  const agreed = beginHeld(clients, job("b"));
  await answer(true);
  await agreed;
  await expect.poll(states).toEqual(["failed", "done", "done"]);
  expect(modes()).toEqual([
    ["b.csv", "UNSPECIFIED"],
    ["c.csv", "UNSPECIFIED"],
  ]);
});

test("a later file that fails holds those behind it, and they go on without a question", async () => {
  refusals.set("b.csv", badRow);
  await startWithYes();
  await expect.poll(states).toEqual(["done", "failed", "held"]);
  await beginHeld(clients, job("c"));
  await expect.poll(states).toEqual(["done", "failed", "done"]);
});

test("a file that goes on keeps its mode, asks again, and those behind it follow", async () => {
  refusals.set("a.csv", expired);
  await startWithYes();
  await expect.poll(states).toEqual(["failed", "held", "held"]);
  refusals.clear();
  const retried = retryUpload(clients, job("a"));
  expect(await answer(true)).toContain("Replace all rows of d.people?");
  await retried;
  await expect.poll(states).toEqual(["done", "done", "done"]);
  expect(modes().map(([, mode]) => mode)).toEqual(["REPLACE", "UNSPECIFIED", "UNSPECIFIED"]);
});

test("a file that is stopped while it waits is not sent, and those behind it are held", async () => {
  const started = startUploads(clients, requests());
  await answer(true);
  await started;
  await stopUpload(clients, "id-b");
  await expect.poll(states).toEqual(["done", "stopped", "held"]);
  expect(modes()).toEqual([["a.csv", "REPLACE"]]);
});

test("a stop that the server refuses is not passed over in silence", async () => {
  failures.set([]);
  await startUploads(clients, requests(CommitMode.ATOMIC));
  await expect.poll(states).toEqual(["done", "done", "done"]);
  cancelRefusals.set("id-a", new ConnectError("it is committing", Code.FailedPrecondition));
  cancelRefusals.set("id-b", new ConnectError("no such transfer", Code.NotFound));
  await stopUpload(clients, "id-a");
  await stopUpload(clients, "id-b");
  expect(failures.get().map(({ problem }) => problem.detail)).toEqual(["it is committing"]);
});

test("where the file that was to make the table is skipped, the next one makes it", async () => {
  refusals.set("a.csv", badRow);
  const all = requests(CommitMode.UNSPECIFIED);
  for (const { spec } of all.slice(0, 1)) {
    spec.createTable = true;
    spec.createStatement = "CREATE TABLE t";
  }
  await startUploads(clients, all);
  await expect.poll(states).toEqual(["failed", "held", "held"]);
  expect(firstHeldBehind(job("a"))?.id).toBe("id-b");
  await beginHeld(clients, job("b"));
  await expect.poll(states).toEqual(["failed", "done", "done"]);
  expect(loaded.map((spec) => [spec.createTable, spec.createStatement])).toEqual([
    [true, "CREATE TABLE t"],
    [false, ""],
  ]);
});

test("a file that failed is loaded again under another id, corrected, and those behind it follow", async () => {
  refusals.set("a.csv", badRow);
  await startUploads(clients, requests(CommitMode.ATOMIC));
  await expect.poll(states).toEqual(["failed", "held", "held"]);
  const file = new File(["a\n1\n2\n"], "better.csv");
  const id = await beginAgain(clients, job("a"), { file });
  await expect.poll(states).toEqual(["done", "done", "done"]);
  expect(id).not.toBe("id-a");
  expect(loaded[0]).toMatchObject({ transferId: id, sourceName: "better.csv", totalBytes: 6n });
});

test("an empty file replaces rows only when it is asked for, and those behind it follow", async () => {
  refusals.set("a.csv", empty);
  await startWithYes();
  await expect.poll(states).toEqual(["failed", "held", "held"]);
  const refused = replaceByNothing(clients, job("a"));
  expect(await answer(false)).toBe(
    "Empty d.people? d.people has 7 rows now. All of them go, and no row takes their place: a.csv has none to load. Remove 7 rows",
  );
  expect(await refused).toBeNull();
  expect(loaded).toEqual([]);
  const agreed = replaceByNothing(clients, job("a"));
  await answer(true);
  const id = await agreed;
  await expect.poll(states).toEqual(["done", "done", "done"]);
  expect(id).not.toBe("id-a");
  expect(loaded[0]).toMatchObject({ transferId: id, allowEmpty: true });
  expect(modes().map(([, mode]) => mode)).toEqual(["REPLACE", "UNSPECIFIED", "UNSPECIFIED"]);
  expect(loaded.slice(1).map(({ allowEmpty }) => allowEmpty)).toEqual([false, false]);
});
