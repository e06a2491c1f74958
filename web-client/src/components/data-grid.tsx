import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";

import { isNumeric } from "../lib/clickhouse-type";
import { columnWidths } from "./column-widths";

/** A column of a grid. */
export interface GridColumn {
  name: string;
  /** The ClickHouse type; empty when unknown. */
  type: string;
}

/** A row of a grid; `null` is NULL. */
export interface GridRow {
  cells: readonly (string | null)[];
  /** What stands before it; its number otherwise. */
  label?: string;
  /** Why cells do not fit, by their index. */
  faults?: ReadonlyMap<number, string>;
}

interface DataGridProps {
  label: string;
  columns: readonly GridColumn[];
  rows: readonly GridRow[];
  /** The most height in pixels. */
  maxHeight?: number;
}

const rowHeight = 30;
const headHeight = 46;
const labelWidth = 64;

/** Rows and columns of any number, of which only the visible ones are in the page. */
export function DataGrid({ label, columns, rows, maxHeight = 380 }: DataGridProps) {
  const frame = useRef<HTMLDivElement>(null);
  const widths = useMemo(() => columnWidths(columns, rows), [columns, rows]);
  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const horizontal = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => widths[index] ?? 100,
    getItemKey: (index) => `${index}:${widths[index] ?? 0}`,
    overscan: 3,
  });
  const visible = horizontal.getVirtualItems();
  const width = labelWidth + horizontal.getTotalSize();
  const height = headHeight + rows.length * rowHeight;
  return (
    <div
      ref={frame}
      className="grid"
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      tabIndex={0}
      style={{ height: Math.min(height + 18, maxHeight) }}
    >
      <div className="grid-body" role="rowgroup" style={{ width, height }}>
        <div className="grid-head" role="row" aria-rowindex={1} style={{ width }}>
          <div
            className="grid-cell is-index"
            role="columnheader"
            aria-colindex={1}
            style={{ width: labelWidth }}
          >
            #
          </div>
          {visible.map((item) => (
            <div
              key={item.key}
              className="grid-cell"
              role="columnheader"
              aria-colindex={item.index + 2}
              style={{ left: labelWidth + item.start, width: item.size }}
              title={`${columns[item.index]?.name ?? ""} ${columns[item.index]?.type ?? ""}`}
            >
              {columns[item.index]?.name}
              <span className="mono">{columns[item.index]?.type}</span>
            </div>
          ))}
        </div>
        {vertical.getVirtualItems().map((item) => (
          <div
            key={item.key}
            className="grid-row"
            role="row"
            aria-rowindex={item.index + 2}
            style={{ transform: `translateY(${headHeight + item.start}px)` }}
          >
            <div
              className="grid-cell is-index"
              role="rowheader"
              aria-colindex={1}
              style={{ width: labelWidth }}
            >
              {rows[item.index]?.label ?? item.index + 1}
            </div>
            {visible.map((column) => (
              <GridCell
                key={column.key}
                index={column.index}
                left={labelWidth + column.start}
                width={column.size}
                type={columns[column.index]?.type ?? ""}
                row={rows[item.index]}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

interface GridCellProps {
  index: number;
  left: number;
  width: number;
  type: string;
  row: GridRow | undefined;
}

function GridCell({ index, left, width, type, row }: GridCellProps) {
  const text = row?.cells[index];
  const fault = row?.faults?.get(index);
  const classes = ["grid-cell"];
  if (fault !== undefined) classes.push("is-bad");
  if (text === null) classes.push("is-null");
  else if (isNumeric(type)) classes.push("is-number");
  return (
    <div
      className={classes.join(" ")}
      role="cell"
      aria-colindex={index + 2}
      style={{ left, width }}
      title={fault ?? text ?? undefined}
    >
      {text === null ? "NULL" : text}
      {fault !== undefined && <span className="visually-hidden"> (does not fit: {fault})</span>}
    </div>
  );
}
