import type { TableSummary } from "sluice-client/gen/sluice/v1/catalog_service_pb";

/** What is known of the tables of a database. */
export type Tables =
  | { state: "loading" }
  | { state: "ready"; tables: readonly TableSummary[] }
  | { state: "failed"; message: string };

/** A line of the tree. */
export type TreeRow =
  | { kind: "database"; id: string; name: string; isOpen: boolean; tableCount: number | undefined }
  | { kind: "table"; id: string; database: string; table: TableSummary }
  | { kind: "text"; id: string; text: string };

/** The lines that are shown: open databases with their tables, or all that match a search. */
export function treeRows(
  databases: readonly string[],
  tables: ReadonlyMap<string, Tables>,
  open: ReadonlySet<string>,
  search: string,
): TreeRow[] {
  const words = search
    .toLowerCase()
    .split(/[\s.]+/)
    .filter(Boolean);
  const matches = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const rows: TreeRow[] = [];
  for (const database of databases) {
    const known = tables.get(database);
    const all = known?.state === "ready" ? known.tables : [];
    const shown =
      words.length === 0
        ? all
        : all.filter((summary) => matches(`${database}.${summary.table?.table ?? ""}`));
    const isOpen = words.length > 0 ? shown.length > 0 : open.has(database);
    if (words.length > 0 && shown.length === 0 && known?.state !== "loading") continue;
    rows.push({
      kind: "database",
      id: `d:${database}`,
      name: database,
      isOpen,
      tableCount: known?.state === "ready" ? shown.length : undefined,
    });
    if (!isOpen) continue;
    for (const table of shown) {
      rows.push({
        kind: "table",
        id: `t:${database}.${table.table?.table ?? ""}`,
        database,
        table,
      });
    }
    const text = emptyText(known, shown.length);
    if (text !== "") rows.push({ kind: "text", id: `x:${database}`, text });
  }
  return rows;
}

function emptyText(known: Tables | undefined, shown: number): string {
  if (known?.state === "failed") return known.message;
  if (known?.state === "ready") return shown === 0 ? "No tables" : "";
  return "Asking for the tables…";
}
