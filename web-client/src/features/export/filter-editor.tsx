import { Operator } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import type { Column } from "sluice-client/gen/sluice/v1/schema_pb";
import { enumValue } from "sluice-client/parts";

import { Button } from "../../components/button";
import { type ConditionChoice, emptyCondition } from "./export-form";
import { arity } from "./select-sql";

const operators: readonly [Operator, string][] = [
  [Operator.EQUAL, "is"],
  [Operator.NOT_EQUAL, "is not"],
  [Operator.LESS, "is less than"],
  [Operator.LESS_OR_EQUAL, "is at most"],
  [Operator.GREATER, "is more than"],
  [Operator.GREATER_OR_EQUAL, "is at least"],
  [Operator.LIKE, "is like (% and _)"],
  [Operator.NOT_LIKE, "is not like (% and _)"],
  [Operator.IN, "is one of"],
  [Operator.NOT_IN, "is none of"],
  [Operator.IS_NULL, "is NULL"],
  [Operator.IS_NOT_NULL, "is not NULL"],
];

interface FilterEditorProps {
  columns: readonly Column[];
  where: readonly ConditionChoice[];
  onChange: (where: ConditionChoice[]) => void;
}

/** Which rows go into the file: those for which every condition holds. */
export function FilterEditor({ columns, where, onChange }: FilterEditorProps) {
  const set = (index: number, change: Partial<ConditionChoice>) =>
    onChange(where.map((one, at) => (at === index ? { ...one, ...change } : one)));
  return (
    <fieldset className="stack tight">
      <legend className="label">Only rows where</legend>
      {where.length === 0 && <p className="quiet small">All rows.</p>}
      {where.map((condition, index) => (
        <div key={index} className="condition">
          <select
            className="input small"
            aria-label={`Column of condition ${index + 1}`}
            value={condition.column}
            onChange={(event) => set(index, { column: event.target.value })}
          >
            <option value="">Column…</option>
            {columns.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <select
            className="input small"
            aria-label={`Comparison of condition ${index + 1}`}
            value={condition.operator}
            onChange={(event) =>
              set(index, { operator: enumValue(Operator, event.target.value, Operator.EQUAL) })
            }
          >
            {operators.map(([operator, text]) => (
              <option key={operator} value={operator}>
                {text}
              </option>
            ))}
          </select>
          <input
            className="input small"
            aria-label={`Value of condition ${index + 1}`}
            placeholder={arity(condition.operator) === "many" ? "a, b, c" : ""}
            disabled={arity(condition.operator) === "none"}
            value={condition.value}
            spellCheck={false}
            onChange={(event) => set(index, { value: event.target.value })}
          />
          <Button
            isSmall
            look="plain"
            className="icon"
            aria-label={`Remove condition ${index + 1}`}
            onClick={() => onChange(where.filter((_, at) => at !== index))}
          >
            ×
          </Button>
        </div>
      ))}
      <div>
        <Button isSmall onClick={() => onChange([...where, emptyCondition])}>
          Add a condition
        </Button>
      </div>
    </fieldset>
  );
}
