import { Button } from "../../components/button";
import type { TableName } from "../catalog/load-catalog";
import type { JoinKey, JoinTable } from "./join-sql";

interface JoinKeysProps {
  /** Which of the tables is joined. */
  index: number;
  tables: readonly JoinTable[];
  namesOf: (table: TableName) => readonly string[];
  onChange: (keys: JoinKey[]) => void;
}

/** By which columns a table belongs to those before it. */
export function JoinKeys({ index, tables, namesOf, onChange }: JoinKeysProps) {
  const joined = tables[index];
  if (!joined) return null;
  const set = (at: number, change: Partial<JoinKey>) =>
    onChange(joined.keys.map((key, one) => (one === at ? { ...key, ...change } : key)));
  const earlier = tables.slice(0, index).flatMap(({ table }, left) =>
    namesOf(table).map((column) => ({
      value: JSON.stringify([left, column]),
      text: `${table.table}.${column}`,
    })),
  );
  return (
    <fieldset className="stack tight">
      <legend className="label">Where</legend>
      {joined.keys.map((key, at) => (
        <div key={at} className="condition is-key">
          <select
            className="input small"
            aria-label={`Key ${at + 1} of the tables before`}
            disabled={namesOf(joined.table).length === 0}
            value={key.leftColumn === "" ? "" : JSON.stringify([key.left, key.leftColumn])}
            onChange={(event) => {
              const [left, leftColumn] = JSON.parse(event.target.value) as [number, string];
              const same = key.rightColumn === "" && namesOf(joined.table).includes(leftColumn);
              set(at, { left, leftColumn, ...(same ? { rightColumn: leftColumn } : {}) });
            }}
          >
            <option value="" disabled>
              Column…
            </option>
            {earlier.map(({ value, text }) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
          <span aria-hidden="true">=</span>
          <select
            className="input small"
            aria-label={`Key ${at + 1} of ${joined.table.table}`}
            value={key.rightColumn}
            onChange={(event) => set(at, { rightColumn: event.target.value })}
          >
            <option value="" disabled>
              Column of {joined.table.table}…
            </option>
            {namesOf(joined.table).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <Button
            isSmall
            look="plain"
            className="icon"
            aria-label={`Remove key ${at + 1}`}
            disabled={joined.keys.length === 1}
            onClick={() => onChange(joined.keys.filter((_, one) => one !== at))}
          >
            ×
          </Button>
        </div>
      ))}
      <div>
        <Button
          isSmall
          onClick={() => onChange([...joined.keys, { left: 0, leftColumn: "", rightColumn: "" }])}
        >
          Add a key
        </Button>
      </div>
    </fieldset>
  );
}
