import { clone, type MessageInitShape } from "@bufbuild/protobuf";

import type { Clients } from "./clients.js";
import { crc32cAppend } from "./crc32c.js";
import {
  CommitMode,
  type Transfer,
  TransferKind,
  TransferState,
  type UploadRequestSchema,
  type UploadResponse,
  type UploadSpec,
  UploadSpecSchema,
} from "./gen/sluice/v1/ingest_service_pb.js";
import {
  checkedUpload,
  type OnProgress,
  type Progress,
  stateOf,
  type UploadResult,
} from "./results.js";
import { decide, Patience, seeing, type Seen, unseen, type Verdict } from "./retry.js";
import {
  CancelledError,
  errorOf,
  errorOfTransfer,
  PreconditionError,
  SluiceError,
  SourceError,
  UnavailableError,
} from "./sluice-error.js";
import type { Source } from "./source.js";
import { childOf, sleep } from "./time.js";
import { ofTransfer } from "./transfer-call.js";
import { randomUuid } from "./uuid.js";

/*
 * The calls that make one upload: after a failure that passes, the next one goes on where the last one stood.
 *
 * It must never report success without the server's response, send a byte again without asking the server where
 * the file goes on, nor leave a transfer behind without saying so.
 */

/** How often the progress is told, in milliseconds. */
const tickMs = 100;
/** How long the answer to a question about a transfer may take, in milliseconds. */
const askTimeoutMs = 10_000;
/** How long the end of a call may wait for the server to cancel its transfer, in milliseconds. */
const cancelTimeoutMs = 5_000;

/** What is to be uploaded, and how. */
export interface StreamUpload {
  ingest: Clients["ingest"];
  source: Source;
  spec: UploadSpec;
  /** How long to go on without getting anywhere. */
  retryTimeMs: number;
  /** Whether the server is asked first where the file goes on. */
  isResumed: boolean;
  /** Whether one that is aborted waits for its id to come back. */
  isKeptOnAbort: boolean;
  /** Whether each call asks for the token anew. */
  renewsToken: boolean;
  signal: AbortSignal;
  onProgress: OnProgress | undefined;
}

/** Sends the file, whatever happens in between. */
export async function streamUpload(job: StreamUpload): Promise<UploadResult> {
  return await new Uploader(job).run();
}

/** Something of this side ended the call, not the server and not the way to it: the source, or who called. */
class Fault extends Error {
  constructor(
    readonly thrown: unknown,
    readonly isOfSource: boolean,
  ) {
    super("the call was ended on this side", { cause: thrown });
  }
}

class Uploader {
  private readonly spec: UploadSpec;
  private readonly patience: Patience;
  private seen: Seen = unseen;
  private furthest: Seen = unseen;
  private sent = 0;
  private rows = 0;
  /** All bytes, once they are sent. */
  private end: number | undefined;
  private attempts = 0;
  private readonly resumedAt: number[] = [];

  constructor(private readonly job: StreamUpload) {
    this.spec = clone(UploadSpecSchema, job.spec);
    this.patience = new Patience(job.retryTimeMs);
    const { totalBytes } = job.source;
    if (totalBytes !== undefined) this.spec.totalBytes = BigInt(totalBytes);
  }

  private get id(): string {
    return this.spec.transferId;
  }

  async run(): Promise<UploadResult> {
    try {
      let offset = this.job.isResumed ? await this.nextOffset(undefined) : 0;
      for (;;) {
        const outcome = await this.send(offset).catch((thrown: unknown) => {
          if (thrown instanceof Fault) throw thrown;
          return errorOf(thrown, this.id);
        });
        if (!(outcome instanceof SluiceError)) return this.checked(outcome);
        this.job.signal.throwIfAborted();
        offset = await this.recover(outcome);
      }
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.isOfSource) throw await this.givenUp(thrown.thrown);
      // Any other error of the server is its own end.
      if (thrown instanceof SluiceError) throw thrown;
      throw await this.left(thrown instanceof Fault ? thrown.thrown : thrown);
    }
  }

  // One call

  private async send(offset: number): Promise<UploadResponse> {
    const { ingest } = this.job;
    const sum = await this.startAt(offset);
    if (this.attempts > 0) this.resumedAt.push(offset);
    this.attempts += 1;
    this.sent = offset;
    this.end = undefined;
    if (this.spec.commitMode === CommitMode.DIRECT) this.seen = { ...this.seen, atRisk: true };
    const { controller: call, release } = childOf(this.job.signal);
    const ended: { fault?: Fault } = {};
    const note = (thrown: unknown, isOfSource: boolean) => {
      // The source may still be read when the call has ended.
      if (!call.signal.aborted) ended.fault = new Fault(thrown, isOfSource);
      call.abort(thrown);
    };
    const timer = setInterval(() => {
      try {
        this.tell(this.end === undefined ? "sending" : "committing");
      } catch (thrown) {
        note(thrown, false);
      }
    }, tickMs);
    const watching = this.watch(call.signal);
    try {
      const messages = this.messages(offset, sum, call.signal, (thrown) => note(thrown, true));
      return await ingest.upload(messages, ofTransfer(this.id, { signal: call.signal }));
    } catch (thrown) {
      throw ended.fault ?? thrown;
    } finally {
      clearInterval(timer);
      call.abort();
      release();
      await watching;
    }
  }

  /** Puts the beginning of the call into the spec; the checksum of what lies before. */
  private async startAt(offset: number): Promise<number> {
    this.spec.startOffset = BigInt(offset);
    delete this.spec.prefixCrc32c;
    if (offset === 0) return 0;
    try {
      this.spec.prefixCrc32c = await this.job.source.sumBefore(offset);
    } catch (thrown) {
      throw new Fault(thrown, true);
    }
    return this.spec.prefixCrc32c;
  }

  private async *messages(
    offset: number,
    sum: number,
    signal: AbortSignal,
    fail: (thrown: unknown) => void,
  ): AsyncGenerator<MessageInitShape<typeof UploadRequestSchema>> {
    const { source } = this.job;
    // What is thrown at a `yield` is how the call ends; only what the source throws is its fault.
    const ofSource = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (thrown) {
        fail(thrown);
        throw thrown;
      }
    };
    yield { payload: { case: "spec", value: this.spec } };
    let at = offset;
    let crc32c = sum;
    for (;;) {
      const data = await ofSource(source.readAt(at));
      // Not an end: the server must not take it for that of the file.
      signal.throwIfAborted();
      if (data.length === 0) break;
      crc32c = crc32cAppend(crc32c, data);
      at += data.length;
      yield { payload: { case: "data", value: data } };
      this.sent = at;
    }
    await ofSource(unchanged(source, at));
    signal.throwIfAborted();
    this.end = at;
    yield { payload: { case: "end", value: { totalBytes: BigInt(at), crc32c } } };
  }

  /** Follows the transfer on the server. It never fails the upload. */
  private async watch(signal: AbortSignal): Promise<void> {
    const { ingest } = this.job;
    const request = { transferId: this.id, interval: { nanos: 250_000_000 } };
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 250)) {
      try {
        await sleep(pauseMs, signal);
        const messages = ingest.watchTransfer(request, ofTransfer(this.id, { signal }));
        for await (const { transfer } of messages) if (transfer) this.saw(transfer);
        return;
      } catch (thrown) {
        // One that is not known yet is asked for again.
        if (errorOf(thrown).reason !== "TRANSFER_NOT_FOUND") return;
      }
    }
  }

  private saw(transfer: Transfer): void {
    this.seen = seeing(this.seen, transfer);
    this.rows = Number(transfer.counters?.rowsParsed ?? 0n);
  }

  private tell(state: Progress["state"], note = ""): void {
    const { source, onProgress } = this.job;
    onProgress?.({
      bytes: this.sent,
      totalBytes: source.totalBytes,
      rows: this.rows,
      state,
      note,
    });
  }

  private checked(response: UploadResponse): UploadResult {
    const { spec, end, attempts, resumedAt } = this;
    const isDryRun = spec.dryRun;
    const result = checkedUpload(response, {
      transferId: this.id,
      isDryRun,
      bytes: end,
      attempts,
      resumedAt,
    });
    this.rows = result.rowsParsed;
    this.sent = result.bytes;
    this.tell("done");
    return result;
  }

  // After a failure

  /** Where the file goes on after a failure that passes; any other one is the end. */
  private async recover(error: SluiceError): Promise<number> {
    // A token that is asked for each call can be a new one.
    const isRenewed = error.reason === "TOKEN_EXPIRED" && this.job.renewsToken;
    if (!isRenewed && !error.isPassing) throw await this.explained(error);
    // The server has not begun with it.
    if (error.reason === "TOO_MANY_TRANSFERS") this.seen = { ...this.seen, atRisk: false };
    return await this.nextOffset(error);
  }

  /** Adds how the upload ended, where the server says only that its id is used up. */
  private async explained(error: SluiceError): Promise<SluiceError> {
    if (error.reason === "COMMIT_PENDING") {
      const hint = `its rows are on their way: upload it again with the id ${this.id}, never under another`;
      return error.withHint(hint, true);
    }
    if (error.reason !== "TRANSFER_ENDED" && error.reason !== "TRANSFER_NOT_RESUMABLE")
      return error;
    const ended = await this.ask().catch(() => undefined);
    if (!ended?.error) return error;
    const how = `upload ${this.id} ${stateOf(ended)}: ${ended.error.message}`;
    return error.withHint(`${how}; a new upload of the file needs a new id`);
  }

  /** Asks the server where the file goes on, after a failure not before it is time for that. */
  private async nextOffset(failure: SluiceError | undefined): Promise<number> {
    for (;;) {
      if (failure) await this.pause(failure);
      let found: Transfer | undefined;
      try {
        found = await this.ask();
      } catch (thrown) {
        this.job.signal.throwIfAborted();
        const error = errorOf(thrown, this.id);
        if (error.reason === "TRANSFER_NOT_FOUND") {
          // Resumed, and never there: it is begun.
          if (!failure && !this.seen.known) return 0;
        } else if (error.isPassing || error instanceof UnavailableError) {
          failure = error;
          continue;
        } else throw error;
      }
      if (this.spec.dryRun) {
        // It holds nothing, and is made anew.
        this.spec.transferId = randomUuid();
        return 0;
      }
      if (found?.kind === TransferKind.EXPORT) {
        throw new PreconditionError(`transfer ${this.id} is an export`, { transferId: this.id });
      }
      const verdict = decide(this.seen, found, failure?.reason === "TRANSFER_TAKEN_OVER");
      if (found) {
        this.saw(found);
        this.lookFurther();
      }
      if (verdict.kind === "send") return verdict.offset;
      if (verdict.kind === "stop") throw this.stopped(verdict, found, failure);
      if (!failure) {
        const state = found ? stateOf(found) : "unknown";
        failure = new UnavailableError(`transfer ${this.id} is ${state}`, { transferId: this.id });
        // Somebody else's, for which there is nothing to wait.
        if (found?.state === TransferState.RUNNING) throw failure;
      }
    }
  }

  private stopped(
    { isLost }: Verdict & { kind: "stop" },
    found: Transfer | undefined,
    failure: SluiceError | undefined,
  ): SluiceError {
    const { id } = this;
    const ended = found?.error && errorOfTransfer(found.error, id);
    const facts = { reason: "TRANSFER_CANCELLED", transferId: id };
    if (!isLost) return ended ?? new CancelledError("the transfer was cancelled", facts);
    const error = failure ?? ended ?? new SluiceError("the upload is lost", { transferId: id });
    const rows = this.seen.rows > 0 ? `up to ${this.seen.rows}` : "the first";
    return error.withHint(
      `the upload ${id} cannot go on, and ${rows} rows of it may be in the table`,
    );
  }

  /** Begins anew with the patience when something has moved. */
  private lookFurther(): void {
    const { furthest: far, seen: now } = this;
    if (now.rows > far.rows || now.offset > far.offset || now.durable > far.durable) {
      this.patience.renew();
    }
    this.furthest = {
      ...now,
      rows: Math.max(far.rows, now.rows),
      offset: Math.max(far.offset, now.offset),
      durable: Math.max(far.durable, now.durable),
    };
  }

  /** Waits before the next question; throws the failure when there has been enough of that. */
  private async pause(failure: SluiceError): Promise<void> {
    let left = this.patience.delay(failure.retryAfterMs);
    if (left === undefined) throw this.wornOut(failure);
    for (; left > 0; left -= tickMs) {
      this.tell("waiting", failure.message);
      await sleep(Math.min(tickMs, left), this.job.signal);
    }
  }

  private wornOut(failure: SluiceError): SluiceError {
    const { seen, id } = this;
    if (!seen.resumable && (seen.rows > 0 || seen.atRisk)) {
      return this.stopped({ kind: "stop", isLost: true }, undefined, failure);
    }
    const from = this.job.source.isRereadable ? "" : ", from their beginning";
    return failure.withHint(
      `upload of the same bytes with the id ${id} goes on with it${from}`,
      true,
    );
  }

  private async ask(): Promise<Transfer | undefined> {
    const { ingest, signal } = this.job;
    const options = ofTransfer(this.id, { signal, timeoutMs: askTimeoutMs });
    const { transfer } = await ingest.getTransfer({ transferId: this.id }, options);
    return transfer;
  }

  // The end without success

  /** Cancels the transfer because its source is at fault; the error. */
  private async givenUp(thrown: unknown): Promise<Error> {
    const transfer = await this.cancel();
    const { transferId, name } = {
      transferId: this.id,
      name: this.job.source.name || "the source",
    };
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const error =
      thrown instanceof SluiceError
        ? new (thrown.constructor as typeof SluiceError)(text, { transferId, cause: thrown })
        : new SourceError(`${name} failed after ${this.sent} bytes: ${text}`, {
            transferId,
            cause: thrown,
          });
    return error.withHint(this.whatBecame(transfer));
  }

  /** Cancels the transfer, or leaves it to whoever comes back with its id; the error says which. */
  private async left(thrown: unknown): Promise<Error> {
    const { seen, id } = this;
    const canGoOn = seen.resumable || (!seen.known && !seen.atRisk);
    const isKept = this.job.isKeptOnAbort && canGoOn && !this.spec.dryRun;
    const hint = isKept
      ? `upload of the same bytes with the id ${id} goes on with it`
      : this.whatBecame(await this.cancel());
    const facts = { transferId: id, cause: thrown };
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new CancelledError(text, facts).withHint(hint, isKept);
  }

  private whatBecame(transfer: Transfer | undefined): string {
    const state = transfer ? stateOf(transfer) : "not confirmed to be cancelled";
    if (state === "committing" || state === "succeeded") {
      return `the upload ${this.id} is ${state} all the same: every row of it will be there`;
    }
    const stay = `; up to ${this.seen.shown} rows of it are in the table and stay there`;
    return `the upload ${this.id} is ${state}${this.seen.shown > 0 ? stay : ""}`;
  }

  private async cancel(): Promise<Transfer | undefined> {
    const { ingest } = this.job;
    const options = ofTransfer(this.id, { timeoutMs: cancelTimeoutMs });
    const answer = await ingest.cancelTransfer({ transferId: this.id }, options).catch(() => null);
    return answer?.transfer;
  }
}

/** Throws where a source is not what it was, or not as long as it was. */
async function unchanged(source: Source, length: number): Promise<void> {
  await source.check();
  const { name, totalBytes } = source;
  if (totalBytes === undefined || totalBytes === length) return;
  throw new SourceError(`${name} had ${totalBytes} bytes when it was opened, and has ${length}`);
}
