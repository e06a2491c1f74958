import { CodeBlock } from "../../components/code-block";
import { DataGrid } from "../../components/data-grid";
import { Empty } from "../../components/empty";
import { ProblemNote } from "../../components/problem-note";
import { Stat } from "../../components/stat";
import { formatBytes, formatCount } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { href } from "../../lib/route";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { useAsync } from "../../rpc/use-async";
import { connection } from "../connection/connection-state";
import { gridOf } from "./grid-of";
import type { TableName } from "./load-catalog";

interface TablePageProps {
  table: TableName;
}

/** One table: its columns, first rows and statement. */
export function TablePage({ table }: TablePageProps) {
  const clients = useClients();
  const { generation } = useStore(connection);
  const subject = JSON.stringify([generation, table]);
  const described = useAsync(subject, (signal) => clients.catalog.getTable({ table }, { signal }), {
    subject,
  });
  const preview = useAsync(
    subject,
    (signal) => {
      const source = { case: "table", value: tableRef(table) } as const;
      return clients.catalog.previewRows({ source }, { signal });
    },
    { subject },
  );
  const summary = described.value?.summary;
  return (
    <div className="stack loose">
      <div className="page-head">
        <div>
          <h1>{tableName(table)}</h1>
          <p>{summary ? `${summary.engine} table` : "Asking ClickHouse…"}</p>
        </div>
        <div className="row">
          <a className="button" href={href("upload", table.database, table.table)}>
            Load a file into it
          </a>
          <a className="button primary" href={href("export", table.database, table.table)}>
            Export it
          </a>
        </div>
      </div>
      {described.state === "failed" && <ProblemNote problem={described.problem} />}
      <dl className="stats">
        <Stat
          label="Rows"
          value={summary?.rowCount === undefined ? "–" : formatCount(summary.rowCount)}
        />
        <Stat
          label="On disk"
          value={summary?.byteCount === undefined ? "–" : formatBytes(summary.byteCount)}
        />
        <Stat label="Columns" value={formatCount(described.value?.columns.length ?? 0)} />
        <Stat label="Sorted by" value={described.value?.sortingKey || "–"} />
      </dl>
      <section className="card stack tight" aria-labelledby="first-rows">
        <h2 id="first-rows">First rows</h2>
        {preview.state === "failed" && <ProblemNote problem={preview.problem} />}
        {preview.value && preview.value.rows.length > 0 && (
          <DataGrid label={`First rows of ${tableName(table)}`} {...gridOf(preview.value)} />
        )}
        {preview.value?.rows.length === 0 && <Empty title="The table is empty" />}
      </section>
      {described.value && (
        <section className="card">
          <CodeBlock label="CREATE TABLE" text={described.value.createStatement} />
        </section>
      )}
    </div>
  );
}

function tableRef(table: TableName) {
  return { $typeName: "sluice.v1.TableRef" as const, ...table };
}
