import { Code, ConnectError } from "@connectrpc/connect";

import type { Clients } from "./clients.js";
import type { ExportProgress, ExportRequest, Transfer } from "./gen/sluice/v1/ingest_service_pb.js";

/** Where the bytes of a file go. */
export interface Sink {
  /** Takes the next bytes; waits while the disk is slower. */
  write(bytes: Uint8Array): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** The file is not whole: nothing that looks like it is left behind. */
  abort(): Promise<void>;
}

/** What an export tells while it goes on. */
export type ExportEvent =
  | { kind: "opened"; transferId: string; columnCount: number }
  | { kind: "progress"; progress: ExportProgress; bytes: number }
  | { kind: "done"; transfer: Transfer | undefined; bytes: number };

/** One file on its way out. */
export interface ExportInput {
  ingest: Clients["ingest"];
  request: ExportRequest;
  sink: Sink;
  signal: AbortSignal;
}

/**
 * Writes a table or a query to `sink`; ends after `done` or throws. The sink is closed only after the summary
 * of the server, and aborted otherwise: a file that is not whole never looks so.
 */
export async function* exportFile(input: ExportInput): AsyncGenerator<ExportEvent, void> {
  const { ingest, request, sink, signal } = input;
  let bytes = 0;
  try {
    for await (const { payload } of ingest.export(request, { signal })) {
      switch (payload.case) {
        case "schema": {
          const { transferId, columns } = payload.value;
          yield { kind: "opened", transferId, columnCount: columns.length };
          break;
        }
        case "data":
          bytes += payload.value.byteLength;
          await sink.write(payload.value);
          break;
        case "progress":
          yield { kind: "progress", progress: payload.value, bytes };
          break;
        case "summary":
          await sink.close();
          yield { kind: "done", transfer: payload.value.transfer, bytes };
          return;
        case undefined:
          break;
      }
    }
    throw new ConnectError("the stream ended before the file was whole", Code.DataLoss);
  } catch (thrown) {
    await sink.abort();
    throw thrown;
  }
}
