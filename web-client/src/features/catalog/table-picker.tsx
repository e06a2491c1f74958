import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useId, useRef, useState } from "react";

import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { TextField } from "../../components/text-field";
import { formatCount, formatRows } from "../../lib/format";
import type { TableName } from "./load-catalog";
import type { TreeRow } from "./tree-rows";
import { useTree } from "./use-tree";

interface TablePickerProps {
  label: string;
  selected: TableName | undefined;
  onSelect: (table: TableName) => void;
}

/** A searchable tree of databases and tables, of any size. */
export function TablePicker({ label, selected, onSelect }: TablePickerProps) {
  const [search, setSearch] = useState("");
  const { databases, rows, toggle } = useTree(search.trim());
  const [active, setActive] = useState(0);
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 32,
    overscan: 10,
  });
  const choose = (row: TreeRow | undefined) => {
    if (row?.kind === "database") toggle(row.name, !row.isOpen);
    if (row?.kind === "table") {
      onSelect({ database: row.database, table: row.table.table?.table ?? "" });
    }
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setActive(next);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[active];
    const actions: Record<string, () => void> = {
      ArrowDown: () => move(active + 1),
      ArrowUp: () => move(active - 1),
      PageDown: () => move(active + 10),
      PageUp: () => move(active - 10),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      Enter: () => choose(row),
      " ": () => choose(row),
      ArrowRight: () => row?.kind === "database" && toggle(row.name, true),
      ArrowLeft: () => row?.kind === "database" && toggle(row.name, false),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  return (
    <div className="stack tight">
      <TextField
        label={`Search in ${label.toLowerCase()}`}
        type="search"
        value={search}
        onChange={(text) => {
          setSearch(text);
          setActive(0);
        }}
        placeholder="database.table"
        isTight
      />
      {databases.state === "failed" && <ProblemNote problem={databases.problem} />}
      <div
        ref={frame}
        className="tree"
        role="tree"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={rows[active] ? `${id}-${active}` : undefined}
        onKeyDown={onKeyDown}
      >
        <div className="grid-body" role="none" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <PickerRow
                key={row.id}
                id={`${id}-${item.index}`}
                row={row}
                top={item.start}
                isActive={item.index === active}
                selected={selected}
                onClick={() => {
                  setActive(item.index);
                  choose(row);
                }}
              />
            );
          })}
        </div>
        {rows.length === 0 && databases.state === "ready" && (
          <Note>{search === "" ? "There are no databases." : "No table has such a name."}</Note>
        )}
      </div>
    </div>
  );
}

interface PickerRowProps {
  id: string;
  row: TreeRow;
  top: number;
  isActive: boolean;
  selected: TableName | undefined;
  onClick: () => void;
}

function PickerRow({ id, row, top, isActive, selected, onClick }: PickerRowProps) {
  const isSelected =
    row.kind === "table" &&
    row.database === selected?.database &&
    row.table.table?.table === selected.table;
  return (
    <div
      id={id}
      className={`tree-row level-${row.kind === "database" ? 1 : 2}${isActive ? " is-active" : ""}`}
      role="treeitem"
      aria-level={row.kind === "database" ? 1 : 2}
      aria-selected={isSelected}
      aria-expanded={row.kind === "database" ? row.isOpen : undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onClick}
    >
      {row.kind === "database" && (
        <>
          <span className="twist" aria-hidden="true">
            {row.isOpen ? "▾" : "▸"}
          </span>
          <strong className="name">{row.name}</strong>
          <span className="quiet small number">
            {row.tableCount === undefined ? "" : formatCount(row.tableCount)}
          </span>
        </>
      )}
      {row.kind === "table" && (
        <>
          <span className="name">{row.table.table?.table}</span>
          <span className="quiet small number">
            {row.table.rowCount === undefined ? row.table.engine : formatRows(row.table.rowCount)}
          </span>
        </>
      )}
      {row.kind === "text" && <span className="quiet">{row.text}</span>}
    </div>
  );
}
