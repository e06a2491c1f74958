import { isSortable, type PlannedColumn } from "./create-table";

interface KeyEditorProps {
  columns: readonly PlannedColumn[];
  /** By the names that were found. */
  sortingKey: readonly string[];
  /** Why it was proposed; empty for one that was chosen. */
  reason: string;
  onChange: (sortingKey: string[]) => void;
}

/** By which columns the table is sorted. */
export function KeyEditor({ columns, sortingKey, reason, onChange }: KeyEditorProps) {
  const usable = columns.filter(isSortable);
  const key = sortingKey.filter((found) => usable.some((column) => column.found === found));
  const free = usable.filter((column) => !key.includes(column.found));
  const nameOf = (found: string) => columns.find((column) => column.found === found)?.name ?? found;
  return (
    <div className="stack tight">
      <div className="row">
        <span className="label">Sorted by</span>
        {key.length === 0 && <span className="quiet">the order of the file</span>}
        {key.map((found) => (
          <button
            key={found}
            type="button"
            className="button small"
            aria-label={`Do not sort by ${nameOf(found)}`}
            onClick={() => onChange(key.filter((name) => name !== found))}
          >
            {nameOf(found)} <span aria-hidden="true">×</span>
          </button>
        ))}
        <select
          className="input small key-add"
          aria-label="Add a column to sort by"
          value=""
          onChange={(event) => onChange([...key, event.target.value])}
        >
          <option value="" disabled>
            Add a column…
          </option>
          {free.map((column) => (
            <option key={column.found} value={column.found}>
              {column.name}
            </option>
          ))}
        </select>
      </div>
      <p className="quiet small">
        {reason ||
          "Questions about these columns are answered fastest. Columns that take NULL cannot be chosen."}
      </p>
    </div>
  );
}
