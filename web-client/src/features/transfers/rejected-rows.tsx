import { useMemo, useState } from "react";
import type { RejectedRow } from "sluice-client/gen/sluice/v1/profile_pb";
import { describeError, isCancelled, type Problem } from "sluice-client/parts";

import { Button } from "../../components/button";
import { DataGrid, type GridRow } from "../../components/data-grid";
import { ProblemNote } from "../../components/problem-note";
import { formatCount, formatRows } from "../../lib/format";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { shortReason } from "../../rpc/reasons";
import { useAsync } from "../../rpc/use-async";
import { openSink } from "../export/open-sink";
import { loadRejected, maxShownRejects, rejectedCsv, rejectsName } from "./load-rejected";

interface RejectedRowsProps {
  transferId: string;
  fileName: string;
  count: bigint;
}

const columns = ["Line", "Column", "Value", "Reason", "Row as it stands"].map((name) => ({
  name,
  type: "",
}));
const decoder = new TextDecoder();

/** The rows that were left out, with the reason of each, and as a file to correct. */
export function RejectedRows({ transferId, fileName, count }: RejectedRowsProps) {
  const clients = useClients();
  const [problem, setProblem] = useState<Problem | null>(null);
  const rows = useAsync(transferId, (signal) => loadRejected(clients, transferId, signal));
  const shown = useMemo(() => (rows.value ?? []).map(gridRow), [rows.value]);
  const download = async () => {
    setProblem(null);
    const controller = new AbortController();
    try {
      const sink = await openSink(rejectsName(fileName), "text/csv");
      try {
        for await (const bytes of rejectedCsv(clients, transferId, controller.signal)) {
          await sink.write(bytes);
        }
        await sink.close();
      } catch (thrown) {
        await sink.abort();
        throw thrown;
      }
    } catch (thrown) {
      if (!isCancelled(thrown)) setProblem(describeError(thrown));
    }
  };
  return (
    <section className="stack tight" aria-label="Rejected rows">
      <div className="row between">
        <h2>{formatRows(count)} did not fit</h2>
        <Button isSmall onClick={() => attend(download())}>
          Download as CSV
        </Button>
      </div>
      <p className="quiet small">
        Correct them in that file and load it: its last columns say what was wrong and are left out.
      </p>
      {problem && <ProblemNote problem={problem} />}
      {rows.state === "failed" && <ProblemNote problem={rows.problem} />}
      {shown.length > 0 && (
        <DataGrid label="Rejected rows" columns={columns} rows={shown} maxHeight={300} />
      )}
      {shown.length >= maxShownRejects && (
        <p className="quiet small">The first {formatCount(maxShownRejects)} are shown.</p>
      )}
    </section>
  );
}

function gridRow(row: RejectedRow): GridRow {
  const place = row.column === "" ? "whole row" : `${row.column} ${row.type}`;
  const reason = `${shortReason(row.reason)} (${row.reason})`;
  const value = row.column === "" ? "" : decoder.decode(row.value);
  return {
    label: `${row.record}`,
    cells: [`${row.line}`, place, value, reason, decoder.decode(row.raw)],
  };
}
