import { useVirtualizer } from "@tanstack/react-virtual";
import { useId, useRef, useState } from "react";
import type { ProfileColumn } from "sluice-client/gen/sluice/v1/profile_pb";

import { Button } from "../../components/button";
import { useRows } from "../../components/use-rows";
import { commonTypes, isNullable, withNullable } from "../../lib/clickhouse-type";
import type { PlannedColumn } from "./create-table";
import type { ColumnEdit } from "./upload-form";

interface SchemaEditorProps {
  columns: readonly PlannedColumn[];
  found: readonly ProfileColumn[];
  onEdit: (found: string, edit: ColumnEdit) => void;
  /** Loads all columns, or none. */
  onAll: (isLoaded: boolean) => void;
  /** Shows how the values of one column are read. */
  onOptions: (column: PlannedColumn) => void;
  /** The columns, by the name that was found, of which something is said. */
  withOptions: ReadonlySet<string>;
}

/** More columns than this are searched in. */
const searchedFrom = 12;

/** The columns of a new table, each with the reasons for its type. */
export function SchemaEditor({
  columns,
  found,
  onEdit,
  onAll,
  onOptions,
  withOptions,
}: SchemaEditorProps) {
  const [search, setSearch] = useState("");
  const words = search.toLowerCase();
  const shown = columns
    .map((column, index) => ({ column, found: found[index] }))
    .filter(({ column: { name, source } }) => `${name} ${source}`.toLowerCase().includes(words));
  const frame = useRef<HTMLDivElement>(null);
  const types = useId();
  const virtual = useVirtualizer({
    count: shown.length,
    getItemKey: (index) => shown[index]?.column.found ?? index,
    getScrollElement: () => frame.current,
    estimateSize: () => 92,
    overscan: 6,
  });
  const rows = useRows(shown.length, (index) => virtual.scrollToIndex(index));
  return (
    <>
      <datalist id={types}>
        {commonTypes.map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
      {columns.length >= searchedFrom && (
        <div className="row">
          <input
            className="input small grow"
            type="search"
            aria-label="Search in the columns"
            placeholder="Search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <Button isSmall onClick={() => onAll(true)}>
            All
          </Button>
          <Button isSmall onClick={() => onAll(false)}>
            None
          </Button>
        </div>
      )}
      <div
        ref={frame}
        {...rows.frame}
        className="lines schema"
        role="list"
        aria-label="Columns of the new table"
        style={{ height: Math.min(460, Math.max(94, virtual.getTotalSize() + 2)) }}
      >
        <div className="grid-body" role="none" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = shown[item.index];
            if (!row) return null;
            const { column } = row;
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="lines-row schema-row"
                role="listitem"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <SchemaRow
                  column={column}
                  found={row.found}
                  typesId={types}
                  tabIndex={rows.tabIndexOf(item.index)}
                  onEdit={(edit) => onEdit(column.found, edit)}
                  onOptions={() => onOptions(column)}
                  hasOptions={withOptions.has(column.found)}
                />
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}

interface SchemaRowProps {
  column: PlannedColumn;
  found: ProfileColumn | undefined;
  typesId: string;
  tabIndex: number;
  onEdit: (edit: ColumnEdit) => void;
  onOptions: () => void;
  hasOptions: boolean;
}

function SchemaRow(props: SchemaRowProps) {
  const { column, found, typesId, tabIndex, onEdit, onOptions, hasOptions } = props;
  const nullable = isNullable(column.type);
  return (
    <>
      <div className="schema-controls">
        <label className="check" title="Whether the column is loaded">
          <input
            type="checkbox"
            tabIndex={tabIndex}
            aria-label={`Load ${column.source}`}
            checked={!column.isLeftOut}
            onChange={(event) => onEdit({ isLeftOut: !event.target.checked })}
          />
        </label>
        <input
          tabIndex={tabIndex}
          className="input small"
          aria-label={`Name of ${column.source}`}
          value={column.name}
          disabled={column.isLeftOut}
          spellCheck={false}
          onChange={(event) => onEdit({ name: event.target.value })}
        />
        <input
          tabIndex={tabIndex}
          className="input small mono"
          aria-label={`Type of ${column.source}`}
          list={typesId}
          value={column.type}
          disabled={column.isLeftOut}
          spellCheck={false}
          onChange={(event) => onEdit({ type: event.target.value })}
        />
        <label className="check small">
          <input
            type="checkbox"
            tabIndex={tabIndex}
            aria-label={`${column.source} takes NULL`}
            checked={nullable}
            disabled={column.isLeftOut}
            onChange={(event) => onEdit({ type: withNullable(column.type, event.target.checked) })}
          />
          <span>NULL</span>
        </label>
        <Button
          tabIndex={tabIndex}
          isSmall
          look={hasOptions ? "normal" : "plain"}
          aria-label={`Options for ${column.source}`}
          disabled={column.isLeftOut}
          onClick={onOptions}
        >
          {hasOptions ? "Options set" : "Options"}
        </Button>
      </div>
      <p className="quiet small schema-notes">{reasons(column, found)}</p>
    </>
  );
}

function reasons(column: PlannedColumn, found: ProfileColumn | undefined): string {
  const texts = [...(found?.notes ?? [])];
  if (found?.originalName !== undefined) texts.unshift(`“${found.originalName}” in the file`);
  if (found?.dateFormat) texts.push(`dates are read as ${found.dateFormat}`);
  if (found && found.nullMarkers.length > 0) texts.push(`NULL is ${found.nullMarkers.join(", ")}`);
  if (found?.decimalComma) texts.push("the decimal point is a comma");
  if (found && column.type !== found.type) texts.push(`found: ${found.type}`);
  return texts.join("; ") || "fits every value of the sample";
}
