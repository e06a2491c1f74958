import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import {
  type Transfer,
  TransferKind,
  TransferState,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { Button } from "../../components/button";
import { Empty } from "../../components/empty";
import { ProblemNote } from "../../components/problem-note";
import { Segments } from "../../components/segments";
import { formatRows } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { useAsync } from "../../rpc/use-async";
import { connection } from "../connection/connection-state";
import { TransferRow } from "./transfer-row";
import { stateWords } from "./transfer-words";

type Filter = "all" | "running" | "failed";

const states: Record<Filter, TransferState[]> = {
  all: [],
  running: [TransferState.RUNNING, TransferState.COMMITTING, TransferState.INTERRUPTED],
  failed: [TransferState.FAILED, TransferState.CANCELLED],
};

type Kind = "both" | "upload" | "export";

const kinds: Record<Kind, TransferKind> = {
  both: TransferKind.UNSPECIFIED,
  upload: TransferKind.UPLOAD,
  export: TransferKind.EXPORT,
};

/** Whether all words of a search stand in what is shown of the transfer. */
function isFound(transfer: Transfer, search: string): boolean {
  const { sourceName, table, owner, error, transferId, dryRun } = transfer;
  const [state] = stateWords[transfer.state];
  const parts = [sourceName, table && tableName(table), owner, error?.message, error?.reason];
  const text = [...parts, transferId, state, dryRun ? "dry run" : ""].join(" ").toLowerCase();
  const words = search.toLowerCase().split(/\s+/);
  return words.every((word) => text.includes(word));
}

/** How often the list is asked again, in milliseconds. */
const refreshMs = 1_500;

/** All transfers that the server knows, as they are now. */
export function TransfersPage() {
  const clients = useClients();
  const { generation } = useStore(connection);
  const [filter, setFilter] = useState<Filter>("all");
  const [kind, setKind] = useState<Kind>("both");
  const [search, setSearch] = useState("");
  const [pageSize, setPageSize] = useState(100);
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setTick((before) => before + 1);
    }, refreshMs);
    return () => clearInterval(timer);
  }, []);
  const key = JSON.stringify([generation, filter, kind, pageSize, tick]);
  const listed = useAsync(key, (signal) =>
    clients.ingest.listTransfers(
      { pageSize, states: states[filter], kind: kinds[kind] },
      { signal },
    ),
  );
  const all = listed.value?.transfers ?? [];
  const transfers = all.filter((transfer) => isFound(transfer, search));
  const isFiltered = filter !== "all" || kind !== "both" || search !== "";
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Transfers</h1>
          <p>Uploads and exports that run, or ended lately.</p>
        </div>
        <Segments
          legend="Uploads or exports"
          value={kind}
          options={[
            ["both", "Both"],
            ["upload", "Uploads"],
            ["export", "Exports"],
          ]}
          onChange={setKind}
        />
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
        <input
          className="input transfers-search"
          type="search"
          aria-label="Search in the transfers"
          placeholder="File, table, who, why"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </div>
      {listed.state === "failed" && <ProblemNote problem={listed.problem} />}
      {listed.value && transfers.length === 0 && (
        <section className="card">
          <Empty title={isFiltered ? "None of these" : "Nothing has moved yet"}>
            Whatever is loaded or exported on this server appears here.
          </Empty>
        </section>
      )}
      {transfers.length > 0 && <TransferList transfers={transfers} />}
      {listed.value?.nextPageToken && pageSize < 1000 && (
        <div className="step-actions">
          <span className="quiet small">{formatRows(all.length, "transfer")} shown</span>
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
