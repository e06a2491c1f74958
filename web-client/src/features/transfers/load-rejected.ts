import type { RejectedRow } from "sluice-client/gen/sluice/v1/profile_pb";
import { type Clients } from "sluice-client/parts";

import { ofTransfer } from "../../rpc/transfer-call";

/** The most rejected rows that are shown; the file has all. */
export const maxShownRejects = 5_000;

/** The first rejected rows of an upload. */
export async function loadRejected(
  clients: Clients,
  transferId: string,
  signal: AbortSignal,
): Promise<RejectedRow[]> {
  const rows: RejectedRow[] = [];
  const options = ofTransfer(transferId, { signal });
  for await (const { payload } of clients.ingest.listRejectedRows({ transferId }, options)) {
    if (payload.case === "row") rows.push(payload.value);
    if (rows.length >= maxShownRejects) break;
  }
  return rows;
}

/** All rejected rows as the bytes of a CSV file. */
export async function* rejectedCsv(
  clients: Clients,
  transferId: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const options = ofTransfer(transferId, { signal });
  const messages = clients.ingest.listRejectedRows({ transferId, asCsv: true }, options);
  for await (const { payload } of messages) if (payload.case === "csv") yield payload.value;
}

/** The name of that file: `data.csv.gz` becomes `data.rejected.csv`. */
export function rejectsName(fileName: string): string {
  return `${fileName.replace(/(\.[a-z0-9]{1,6}){1,2}$/i, "") || "rows"}.rejected.csv`;
}
