import type { GridColumn, GridRow } from "./data-grid";

const sampledRows = 50;

/** Widths in pixels that hold the first rows, within reason; names are bold, types of one pitch. */
export function columnWidths(columns: readonly GridColumn[], rows: readonly GridRow[]): number[] {
  return columns.map((column, index) => {
    let longest = Math.max(column.name.length * 1.2, column.type.length);
    for (const row of rows.slice(0, sampledRows)) {
      longest = Math.max(longest, row.cells[index]?.length ?? 4);
    }
    return Math.round(Math.min(320, Math.max(72, longest * 7.6 + 26)));
  });
}
