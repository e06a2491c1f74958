import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import type { Column } from "sluice-client/gen/sluice/v1/schema_pb";

import { Button } from "../../components/button";
import { formatCount } from "../../lib/format";
import { isPlain } from "./use-table-columns";

interface ColumnChooserProps {
  columns: readonly Column[];
  /** Null: all. */
  chosen: readonly string[] | null;
  onChange: (chosen: readonly string[] | null) => void;
}

/** Which columns go into the file. */
export function ColumnChooser({ columns, chosen, onChange }: ColumnChooserProps) {
  const [search, setSearch] = useState("");
  const frame = useRef<HTMLDivElement>(null);
  const shown = columns.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  const current = new Set(chosen ?? columns.filter(isPlain).map(({ name }) => name));
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 32,
    overscan: 10,
  });
  const toggle = (name: string) => {
    const next = new Set(current);
    if (!next.delete(name)) next.add(name);
    onChange(columns.map((column) => column.name).filter((column) => next.has(column)));
  };
  return (
    <fieldset className="stack tight">
      <legend className="label">
        Columns{" "}
        <span className="quiet">
          {formatCount(current.size)} of {formatCount(columns.length)}
        </span>
      </legend>
      <div className="row">
        <input
          className="input small grow"
          type="search"
          aria-label="Search in columns"
          placeholder="Search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Button isSmall onClick={() => onChange(null)}>
          All
        </Button>
        <Button isSmall onClick={() => onChange([])}>
          None
        </Button>
      </div>
      <div
        ref={frame}
        className="lines"
        role="group"
        aria-label="Columns"
        tabIndex={0}
        style={{ height: Math.min(226, Math.max(34, virtual.getTotalSize() + 2)) }}
      >
        <div className="grid-body" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const column = shown[item.index];
            if (!column) return null;
            return (
              <label
                key={column.name}
                className="tree-row"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <input
                  type="checkbox"
                  checked={current.has(column.name)}
                  onChange={() => toggle(column.name)}
                />
                <span className="name">{column.name}</span>
                <span className="quiet mono">{column.type}</span>
              </label>
            );
          })}
        </div>
      </div>
    </fieldset>
  );
}
