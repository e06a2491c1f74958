import type { ProfileColumn } from "sluice-client/gen/sluice/v1/profile_pb";

import { isNullable } from "../../lib/clickhouse-type";
import { quoteIdentifier, quoteTable } from "../../lib/identifier";
import type { TableName } from "../catalog/load-catalog";
import type { UploadForm } from "./upload-form";

/** A column of a new table, and the field of the file that fills it. */
export interface PlannedColumn {
  /** The name that was found, by which edits are kept. */
  found: string;
  name: string;
  type: string;
  isLeftOut: boolean;
  /** The name in the header of the file, or the number of the field from 1. */
  source: string;
  isEdited: boolean;
}

/** The columns of the new table with what the reader has changed. */
export function plannedColumns(
  columns: readonly ProfileColumn[],
  edits: UploadForm["edits"],
  sources: readonly string[],
): PlannedColumn[] {
  return columns.map((column, index) => {
    const edit = edits[column.name] ?? {};
    return {
      found: column.name,
      name: edit.name ?? column.name,
      type: edit.type ?? column.type,
      isLeftOut: edit.isLeftOut ?? false,
      source: sources[index] ?? column.name,
      isEdited: Object.values(edit).some((value) => value !== undefined),
    };
  });
}

/** The columns that the proposed statement sorts by. */
export function proposedKey(statement: string): string[] {
  const key = /ORDER BY (.*)$/s.exec(statement)?.[1]?.trim() ?? "tuple()";
  if (key === "tuple()") return [];
  const names = [...key.matchAll(/`((?:[^`\\]|\\.)*)`/g)];
  return names.map(([, name]) => (name ?? "").replace(/\\(.)/g, "$1"));
}

/** Whether a table can be sorted by the column. */
export function isSortable(column: PlannedColumn): boolean {
  return !column.isLeftOut && !isNullable(column.type);
}

/** The statement that makes the table. */
export function createStatement(
  table: TableName,
  columns: readonly PlannedColumn[],
  sortingKey: readonly string[],
): string {
  const loaded = columns.filter(({ isLeftOut }) => !isLeftOut);
  const definitions = loaded.map(({ name, type }) => `    ${quoteIdentifier(name)} ${type}`);
  const key = sortingKey.map(quoteIdentifier);
  const order = key.length === 0 ? "tuple()" : key.length === 1 ? key[0] : `(${key.join(", ")})`;
  return `CREATE TABLE ${quoteTable(table)}\n(\n${definitions.join(",\n")}\n)\nENGINE = MergeTree\nORDER BY ${order}`;
}

/** The names of the key after columns were renamed or left out. */
export function effectiveKey(
  form: Pick<UploadForm, "sortingKey">,
  proposed: readonly string[],
  columns: readonly PlannedColumn[],
): string[] {
  const byFound = new Map(columns.map((column) => [column.found, column]));
  return (form.sortingKey ?? proposed).flatMap((found) => {
    const column = byFound.get(found);
    return column && isSortable(column) ? [column.name] : [];
  });
}
