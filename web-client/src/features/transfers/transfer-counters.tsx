import { lazy, Suspense } from "react";
import { TransferKind, TransferState } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { Stat } from "../../components/stat";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRows,
  formatShare,
} from "../../lib/format";
import { currentRate, timeLeft } from "../../lib/rate";
import { elapsedMs, hasEnded, type Watched } from "./watch";

/** Files of this size take long enough for a chart: its place is kept from the start. */
const chartBytes = 32 << 20;

const RateChart = lazy(() => import("../../components/rate-chart"));

interface TransferCountersProps {
  watched: Watched;
  /** The size of the file, where this page knows it. */
  totalBytes?: number;
  /** Bytes that the server has, as this page knows. */
  sentBytes?: number;
  /** Whether nothing is to move now. */
  isHeld?: boolean;
  /** Whether it is known to be an export before anything was heard of it, or where nothing is. */
  isExport?: boolean;
}

/** How far a transfer is: bar, counters, rate and time left. */
export function TransferCounters({
  watched,
  totalBytes,
  sentBytes = 0,
  isHeld = false,
  isExport: isKnownExport = false,
}: TransferCountersProps) {
  const { transfer, samples } = watched;
  const counters = transfer?.counters;
  const isExport = isKnownExport || transfer?.kind === TransferKind.EXPORT;
  const isOver = hasEnded(transfer?.state);
  const rate = currentRate(samples);
  const took = transfer ? elapsedMs(transfer) : 0;
  const received = Math.max(Number(counters?.bytesReceived ?? 0n), sentBytes);
  const total = totalBytes ?? Number(transfer?.totalBytes ?? 0n);
  const totalRows = Number(transfer?.totalRows ?? 0n);
  const rows = Number((isExport ? counters?.rowsExported : counters?.rowsParsed) ?? 0n);
  const isWhole = transfer?.state === TransferState.SUCCEEDED;
  const share = isExport ? shareOf(rows, totalRows, isWhole) : shareOf(received, total, isWhole);
  const left = isOver || isExport || isHeld ? undefined : timeLeft(samples, total);
  const rateText = isOver
    ? averageText(isExport ? Number(counters?.bytesSent ?? 0n) : received, took)
    : isHeld
      ? "–"
      : `${formatBytes(rate.bytes)}/s`;
  const timeText = left === undefined ? "" : `about ${formatDuration(left)} left`;
  const hasChart = samples.length > 4 && took > 1500;
  return (
    <div className="stack">
      <div className="stack tight">
        <progress
          className={`progress ${barLook(transfer?.state)}`}
          aria-label="Progress"
          max={1}
          {...(share === undefined && !isOver ? {} : { value: share ?? 1 })}
        />
        <div className="row between small quiet number">
          <span>
            {share === undefined
              ? `${formatRows(rows)}${isOver ? "" : " so far"}`
              : formatShare(share)}
          </span>
          <span>{timeText}</span>
        </div>
      </div>
      <dl className="stats">
        {isExport ? (
          <>
            <Stat
              label="Rows written"
              value={formatCount(rows)}
              detail={totalRows > 0 && !isOver ? `of about ${formatCount(totalRows)} to read` : ""}
            />
            <Stat label="Size" value={formatBytes(counters?.bytesSent ?? 0n)} />
          </>
        ) : (
          <>
            <Stat
              label="Received"
              value={formatBytes(received)}
              detail={total > 0 ? `of ${formatBytes(total)}` : ""}
            />
            <Stat label="Rows read" value={formatCount(rows)} />
            <Stat label="Rows staged" value={formatCount(counters?.rowsStaged ?? 0n)} />
            <Stat label="Rows committed" value={formatCount(counters?.rowsCommitted ?? 0n)} />
            <Stat
              label="Rows rejected"
              value={formatCount(counters?.rowsRejected ?? 0n)}
              look={counters && counters.rowsRejected > 0n ? "bad" : "normal"}
            />
          </>
        )}
        <Stat label={isOver ? "Average" : "Now"} value={rateText} />
        <Stat label="Time" value={formatDuration(took)} />
      </dl>
      {(hasChart || (!isOver && (isExport || total >= chartBytes))) && (
        <div className="chart-frame">
          {hasChart && (
            <Suspense fallback={null}>
              <RateChart samples={samples} />
            </Suspense>
          )}
        </div>
      )}
    </div>
  );
}

function shareOf(done: number, total: number, isWhole: boolean): number | undefined {
  if (isWhole) return 1;
  return total > 0 ? Math.min(1, done / total) : undefined;
}

function averageText(bytes: number, milliseconds: number): string {
  return milliseconds === 0 ? "–" : `${formatBytes((bytes * 1000) / milliseconds)}/s`;
}

function barLook(state: TransferState | undefined): string {
  if (state === TransferState.SUCCEEDED) return "good";
  return state === TransferState.FAILED || state === TransferState.CANCELLED ? "bad" : "";
}
