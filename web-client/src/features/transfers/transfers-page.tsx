import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";

import { Button } from "../../components/button";
import { Empty } from "../../components/empty";
import { ProblemNote } from "../../components/problem-note";
import { Segments } from "../../components/segments";
import { type Transfer, TransferKind, TransferState } from "../../gen/sluice/v1/ingest_service_pb";
import { formatRows } from "../../lib/format";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { useAsync } from "../../rpc/use-async";
import { connection } from "../connection/connection-state";
import { TransferRow } from "./transfer-row";

type Filter = "all" | "running" | "failed";

const states: Record<Filter, TransferState[]> = {
  all: [],
  running: [TransferState.RUNNING, TransferState.COMMITTING, TransferState.INTERRUPTED],
  failed: [TransferState.FAILED, TransferState.CANCELLED],
};

/** How often the list is asked again, in milliseconds. */
const refreshMs = 1_500;

/** All transfers that the server knows, as they are now. */
export function TransfersPage() {
  const clients = useClients();
  const { generation } = useStore(connection);
  const [filter, setFilter] = useState<Filter>("all");
  const [pageSize, setPageSize] = useState(100);
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setTick((before) => before + 1);
    }, refreshMs);
    return () => clearInterval(timer);
  }, []);
  const key = JSON.stringify([generation, filter, pageSize, tick]);
  const listed = useAsync(key, (signal) =>
    clients.ingest.listTransfers({ pageSize, states: states[filter] }, { signal }),
  );
  const transfers = listed.value?.transfers ?? [];
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Transfers</h1>
          <p>Uploads and exports that run, or ended lately.</p>
        </div>
        <Segments
          legend="Which transfers"
          value={filter}
          options={[
            ["all", "All"],
            ["running", "Running"],
            ["failed", "Failed"],
          ]}
          onChange={setFilter}
        />
      </div>
      {listed.state === "failed" && <ProblemNote problem={listed.problem} />}
      {listed.value && transfers.length === 0 && (
        <section className="card">
          <Empty title={filter === "all" ? "Nothing has moved yet" : "None of these"}>
            Whatever is loaded or exported on this server appears here.
          </Empty>
        </section>
      )}
      {transfers.length > 0 && <TransferList transfers={transfers} />}
      {listed.value?.nextPageToken && pageSize < 1000 && (
        <div className="step-actions">
          <span className="quiet small">{formatRows(transfers.length, "transfer")} shown</span>
          <Button onClick={() => setPageSize(1000)}>Show more</Button>
        </div>
      )}
    </>
  );
}

function TransferList({ transfers }: { transfers: readonly Transfer[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: transfers.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 76,
    getItemKey: (index) => transfers[index]?.transferId ?? index,
    overscan: 6,
  });
  return (
    <div
      ref={frame}
      className="lines card-lines"
      role="list"
      aria-label="Transfers"
      tabIndex={0}
      style={{ height: Math.min(680, virtual.getTotalSize() + 2) }}
    >
      <div className="grid-body" role="none" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const transfer = transfers[item.index];
          return (
            transfer && (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="lines-row"
                role="listitem"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <TransferRow transfer={transfer} isUpload={transfer.kind === TransferKind.UPLOAD} />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}
