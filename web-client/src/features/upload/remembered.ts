import { quoteTable } from "../../lib/identifier";
import { session, targetName } from "../../rpc/session";
import type { TableName } from "../catalog/load-catalog";

/** Which field went into which column of a table when it was loaded last, by column. */
type Mapping = Readonly<Record<string, string>>;

const key = "sluice.mappings";
const maxTables = 50;

function all(): Record<string, Mapping> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Record<string, Mapping>;
  } catch {
    return {};
  }
}

function nameOf(table: TableName): string {
  return `${targetName(session.get().target)} ${quoteTable(table)}`;
}

/** What was chosen for the table last time. */
export function rememberedMapping(table: TableName | undefined): Mapping {
  return (table && all()[nameOf(table)]) ?? {};
}

/** Remembers what was chosen for the table. */
export function rememberMapping(table: TableName, mapping: Mapping): void {
  if (Object.keys(mapping).length === 0) return;
  const { [nameOf(table)]: before, ...rest } = all();
  const kept = Object.entries(rest).slice(-(maxTables - 1));
  const next = Object.fromEntries([...kept, [nameOf(table), { ...before, ...mapping }]]);
  try {
    localStorage.setItem(key, JSON.stringify(next));
  } catch {
    // A browser that keeps nothing proposes by likeness only.
  }
}
