import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transfer } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatRows,
  formatShare,
} from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { href } from "../../lib/route";
import { stateWords } from "./transfer-words";
import { elapsedMs, hasEnded } from "./watch";

interface TransferRowProps {
  transfer: Transfer;
  isUpload: boolean;
}

/** One transfer in the list. */
export function TransferRow({ transfer, isUpload }: TransferRowProps) {
  const { counters, table, sourceName, totalBytes, startTime, owner, dryRun } = transfer;
  const [text, look] = stateWords[transfer.state];
  const bytes = (isUpload ? counters?.bytesReceived : counters?.bytesSent) ?? 0n;
  const rows = (isUpload ? counters?.rowsParsed : counters?.rowsExported) ?? 0n;
  const rejected = counters?.rowsRejected ?? 0n;
  const target = table ? tableName(table) : "a query";
  const name = sourceName || "a file";
  const share =
    isUpload && totalBytes !== undefined && totalBytes > 0n && !hasEnded(transfer.state)
      ? `, ${formatShare(Number(bytes) / Number(totalBytes))}`
      : "";
  return (
    <a className="transfer-row" href={href("transfers", transfer.transferId)}>
      <span className="transfer-name">
        <strong>{isUpload ? `${name} → ${target}` : `${target} → file`}</strong>
        <span className="quiet small">
          {startTime && formatMoment(timestampDate(startTime))}
          {owner !== "" && `, by ${owner}`}
          {transfer.error && `, ${transfer.error.message}`}
        </span>
      </span>
      <span className="transfer-numbers number small">
        <span>
          {formatRows(rows)}
          {rejected > 0n && <span className="bad-text">, {formatCount(rejected)} rejected</span>}
        </span>
        <span className="quiet">
          {formatBytes(bytes)} in {formatDuration(elapsedMs(transfer))}
        </span>
      </span>
      <span className={`badge ${look}`}>
        {text}
        {share}
        {dryRun && ", dry run: nothing kept"}
      </span>
    </a>
  );
}
