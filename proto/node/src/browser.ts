import type { Clients } from "./clients.js";
import { isCancelled } from "./errors.js";
import { checkedUpload, type Progress, type UploadResult } from "./results.js";
import { Patience } from "./retry.js";
import { type Platform, type PreparedUpload, SluiceBase, type SluiceOptions } from "./sluice.js";
import { CancelledError, errorOf, IncompleteError, UnavailableError } from "./sluice-error.js";
import type { Source } from "./source.js";
import { Gate } from "./time.js";
import { ofTransfer } from "./transfer-call.js";
import { uploadFile } from "./upload-file.js";
import { createWebTransport } from "./web-transport.js";

export * from "./api.js";

/** How long the end of a call may wait for the server to cancel its transfer, in milliseconds. */
const cancelTimeoutMs = 5_000;

const platform: Platform = {
  defaultUrl: () => new URL(".", document.baseURI).href,
  transport: (url, _, interceptor) => ({
    transport: createWebTransport(url, [interceptor]),
    close: () => undefined,
  }),
  openPath: () => Promise.reject(noPaths()),
  upload,
  writeFile: () => Promise.reject(noPaths()),
};

/** A connection to a server, by gRPC-Web. */
export class Sluice extends SluiceBase {
  constructor(options: SluiceOptions = {}) {
    super(platform, options);
  }
}

function noPaths(): TypeError {
  return new TypeError("a browser has no paths: give a File, or a stream to write to");
}

/** A browser sends pieces of a Blob; of a stream it makes one first, which it may keep on the disk. */
async function upload({ ingest }: Clients, prepared: PreparedUpload): Promise<UploadResult> {
  const { source, spec, signal, isResumed, retryTimeMs, onProgress } = prepared;
  const { transferId, dryRun: isDryRun } = spec;
  const file = prepared.blob ?? (await collected(source));
  spec.totalBytes = BigInt(file.size);
  const patience = new Patience(retryTimeMs);
  const tell = (bytes: number, rows: number, state: Progress["state"], note = "") =>
    onProgress?.({ bytes, totalBytes: file.size, rows, state, note });
  let sent = 0;
  let rows = 0;
  let attempts = 0;
  const resumedAt: number[] = [];
  try {
    const events = uploadFile({ ingest, file, spec, isResumed, gate: new Gate(), signal });
    for await (const event of events) {
      if (event.kind === "opened") {
        attempts += 1;
        if (attempts > 1) resumedAt.push(event.offset);
        sent = event.offset;
      } else if (event.kind === "sent") {
        patience.renew();
        sent = event.offset;
        rows = Number(event.response.counters?.rowsParsed ?? 0n);
        tell(sent, rows, "sending");
      } else if (event.kind === "waiting") {
        const { detail, reason } = event.problem;
        if (patience.delay() === undefined) {
          const hint = `upload of the same bytes with the id ${transferId} goes on with it`;
          throw new UnavailableError(detail, { reason, transferId }).withHint(hint, true);
        }
        tell(sent, rows, "waiting", detail);
      } else if (event.kind === "finishing") tell(sent, rows, "committing");
      else if (event.kind === "done") {
        const facts = { transferId, isDryRun, bytes: file.size, attempts, resumedAt };
        const result = checkedUpload(event.result, facts);
        tell(result.bytes, result.rowsParsed, "done");
        return result;
      }
    }
  } catch (thrown) {
    if (!signal.aborted && !isCancelled(thrown)) throw errorOf(thrown, transferId);
    if (!prepared.isKeptOnAbort) {
      const options = ofTransfer(transferId, { timeoutMs: cancelTimeoutMs });
      await ingest.cancelTransfer({ transferId }, options).catch(() => undefined);
    }
    throw new CancelledError("the upload was stopped", { transferId, cause: thrown });
  }
  throw new IncompleteError("the upload ended without its result", { transferId });
}

async function collected(source: Source): Promise<Blob> {
  const parts: Blob[] = [];
  for (let at = 0; ;) {
    const bytes = await source.readAt(at);
    if (bytes.length === 0) return new Blob(parts);
    parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    at += bytes.length;
  }
}
