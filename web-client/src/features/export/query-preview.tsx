import { useState } from "react";

import { Button } from "../../components/button";
import { CodeBlock } from "../../components/code-block";
import { DataGrid } from "../../components/data-grid";
import { Empty } from "../../components/empty";
import { ProblemNote } from "../../components/problem-note";
import { formatCount, formatRows } from "../../lib/format";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { useAsync } from "../../rpc/use-async";
import { gridOf } from "../catalog/grid-of";
import { connection } from "../connection/connection-state";
import { countSql } from "./select-sql";
import type { ExportSource } from "./use-export-query";

const previewRows = 100;
const debounceMs = 500;

interface QueryPreviewProps {
  source: ExportSource;
  isShownAsSql: boolean;
}

/** The first rows of what is exported, and their number on request. */
export function QueryPreview({ source, isShownAsSql }: QueryPreviewProps) {
  const clients = useClients();
  const { generation } = useStore(connection);
  const [counted, setCounted] = useState<string | null>(null);
  const isReady = source.obstacle === "";
  const preview = useAsync(
    isReady ? JSON.stringify([generation, source.query]) : null,
    (signal) =>
      clients.catalog.previewRows(
        { source: { case: "query", value: source.query }, limit: previewRows },
        { signal },
      ),
    { delayMs: debounceMs },
  );
  const count = useAsync(
    isReady && counted === source.query ? JSON.stringify([generation, source.query]) : null,
    async (signal) => {
      const query = { case: "query", value: countSql(source.query) } as const;
      const answer = await clients.catalog.previewRows({ source: query }, { signal });
      return { query: source.query, rows: BigInt(answer.rows[0]?.cells[0]?.text ?? "0") };
    },
  );
  if (!isReady) return null;
  const isCounted = count.state === "ready" && count.value.query === source.query;
  const rows = preview.value?.rows.length ?? 0;
  return (
    <section
      className="card stack tight"
      aria-labelledby="export-preview"
      aria-busy={preview.state === "loading"}
    >
      <div className="row between">
        <h2 id="export-preview">Preview</h2>
        <div className="row">
          <span className="quiet small" role="status">
            {preview.state === "loading" && "Asking ClickHouse…"}
            {preview.state === "ready" &&
              (isCounted
                ? `${formatRows(count.value.rows)} in all`
                : rows < previewRows && !preview.value.truncated
                  ? formatRows(rows)
                  : `the first ${formatCount(rows)} rows`)}
          </span>
          <Button isSmall disabled={isCounted} onClick={() => setCounted(source.query)}>
            Count the rows
          </Button>
        </div>
      </div>
      {preview.state === "failed" && <ProblemNote problem={preview.problem} />}
      {counted === source.query && count.state === "failed" && (
        <ProblemNote problem={count.problem} />
      )}
      {preview.state !== "failed" && preview.value && rows > 0 && (
        <DataGrid label="First rows of the export" {...gridOf(preview.value)} maxHeight={340} />
      )}
      {preview.state === "ready" && rows === 0 && <Empty title="No row fits" />}
      {isShownAsSql && (
        <details>
          <summary>The query that this is</summary>
          <CodeBlock label="SELECT" text={source.query} />
        </details>
      )}
    </section>
  );
}
