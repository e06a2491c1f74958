import type { Column, Row } from "sluice-client/gen/sluice/v1/schema_pb";

import type { GridColumn, GridRow } from "../../components/data-grid";

/** Rows of the contract as rows of a grid. */
export function gridOf(preview: { columns: Column[]; rows: Row[] }): {
  columns: GridColumn[];
  rows: GridRow[];
} {
  return { columns: preview.columns, rows: preview.rows.map(gridRow) };
}

/** One row of the contract as a row of a grid. */
export function gridRow(row: Row): GridRow {
  return { cells: row.cells.map(({ text }) => text ?? null) };
}
