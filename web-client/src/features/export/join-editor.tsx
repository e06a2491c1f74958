import { useState } from "react";

import { Button } from "../../components/button";
import { ProblemNote } from "../../components/problem-note";
import { SelectField } from "../../components/select-field";
import { tableName } from "../../lib/identifier";
import type { TableName } from "../catalog/load-catalog";
import { TablePicker } from "../catalog/table-picker";
import { changeExport } from "./export-form";
import { JoinKeys } from "./join-keys";
import type { JoinKind, JoinPlan, JoinTable } from "./join-sql";
import { useJoinColumns } from "./use-join-columns";

const kinds: readonly [JoinKind, string][] = [
  ["INNER", "only rows with a partner"],
  ["LEFT", "all rows so far, with a partner where there is one"],
  ["RIGHT", "all rows of this table"],
  ["FULL", "all rows of both"],
];

/** Tables joined by chosen keys. */
export function JoinEditor({ plan }: { plan: JoinPlan }) {
  const { columnsOf, problem } = useJoinColumns(plan.tables.map(({ table }) => table));
  const [isAdding, setAdding] = useState(false);
  const namesOf = (table: TableName) => columnsOf(table).map(({ name }) => name);
  const setTables = (tables: JoinTable[]) => changeExport({ join: { tables } });
  const set = (index: number, change: Partial<JoinTable>) =>
    setTables(plan.tables.map((one, at) => (at === index ? { ...one, ...change } : one)));
  const add = (table: TableName) => {
    const keys = plan.tables.length > 0 ? [{ left: 0, leftColumn: "", rightColumn: "" }] : [];
    setTables([...plan.tables, { table, kind: "INNER", keys, columns: null }]);
    setAdding(false);
  };
  return (
    <div className="stack">
      {problem && <ProblemNote problem={problem} />}
      {plan.tables.map((joined, index) => (
        <section key={index} className="card stack" aria-label={`Table ${index + 1}`}>
          <div className="row between">
            <h2>
              {index + 1}. {tableName(joined.table)}
            </h2>
            {index === plan.tables.length - 1 && (
              <Button isSmall onClick={() => setTables(plan.tables.slice(0, -1))}>
                Remove
              </Button>
            )}
          </div>
          {index > 0 && (
            <>
              <SelectField
                label="Keep"
                value={joined.kind}
                options={kinds}
                onChange={(kind) => set(index, { kind })}
                isTight
              />
              <JoinKeys
                index={index}
                tables={plan.tables}
                namesOf={namesOf}
                onChange={(keys) => set(index, { keys })}
              />
            </>
          )}
          <JoinColumns
            names={namesOf(joined.table)}
            chosen={joined.columns}
            onChange={(chosen) => set(index, { columns: chosen })}
          />
        </section>
      ))}
      {plan.tables.length === 0 || isAdding ? (
        <section className="card stack tight" aria-label="Add a table">
          <h2>{plan.tables.length === 0 ? "The first table" : "The next table"}</h2>
          <TablePicker label="Tables" selected={undefined} onSelect={add} />
        </section>
      ) : (
        <div>
          <Button onClick={() => setAdding(true)}>Add a table</Button>
        </div>
      )}
    </div>
  );
}

interface JoinColumnsProps {
  names: readonly string[];
  chosen: readonly string[] | null;
  onChange: (chosen: string[] | null) => void;
}

function JoinColumns({ names, chosen, onChange }: JoinColumnsProps) {
  const current = new Set(chosen ?? names);
  return (
    <details>
      <summary>
        {chosen === null
          ? `All ${names.length} columns`
          : `${current.size} of ${names.length} columns`}
      </summary>
      <div className="stack tight">
        <div className="row">
          <Button isSmall onClick={() => onChange(null)}>
            All
          </Button>
          <Button isSmall onClick={() => onChange([])}>
            None
          </Button>
        </div>
        <div className="checks" role="group" aria-label="Columns of the table" tabIndex={0}>
          {names.map((name) => (
            <label key={name} className="check">
              <input
                type="checkbox"
                checked={current.has(name)}
                onChange={(event) =>
                  onChange(
                    names.filter((one) => (one === name ? event.target.checked : current.has(one))),
                  )
                }
              />
              <span>{name}</span>
            </label>
          ))}
        </div>
      </div>
    </details>
  );
}
