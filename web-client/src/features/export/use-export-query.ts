import { tableName } from "../../lib/identifier";
import type { ExportForm } from "./export-form";
import { joinObstacle, joinSql } from "./join-sql";
import { tableSql } from "./select-sql";
import { useJoinColumns } from "./use-join-columns";

/** What is exported. */
export interface ExportSource {
  /** A few words for it. */
  title: string;
  /** The query that it stands for. */
  query: string;
  /** Why it cannot be exported yet; empty when it can. */
  obstacle: string;
}

/** What the choices come to. */
export function useExportQuery(form: ExportForm): ExportSource {
  const { columnsOf } = useJoinColumns(form.join.tables.map(({ table }) => table));
  switch (form.kind) {
    case "table":
      return {
        title: form.table ? tableName(form.table) : "",
        query: tableSql(form),
        obstacle: form.table ? columnsObstacle(form) : "Choose a table.",
      };
    case "join": {
      const columns = form.join.tables.map(({ table }) => columnsOf(table));
      const isLoading = columns.some((names) => names.length === 0);
      const obstacle = joinObstacle(form.join) || (isLoading ? "Asking for the columns…" : "");
      const names = form.join.tables.map(({ table }) => table.table);
      return {
        title: names.join(" ⋈ "),
        query: obstacle === "" ? joinSql(form.join, columns) : "",
        obstacle,
      };
    }
    case "query": {
      const isEmpty = /^\s*(SELECT\s+\*\s+FROM\s*)?$/i.test(form.query);
      return { title: "a query", query: form.query, obstacle: isEmpty ? "Write a query." : "" };
    }
  }
}

function columnsObstacle(form: ExportForm): string {
  return form.columns?.length === 0 ? "Choose at least one column." : "";
}
