import type { Column } from "sluice-client/gen/sluice/v1/schema_pb";

import { Button } from "../../components/button";
import { TextField } from "../../components/text-field";
import type { ExportForm, OrderChoice } from "./export-form";

interface OrderEditorProps {
  columns: readonly Column[];
  orderBy: readonly OrderChoice[];
  limit: string;
  onChange: (change: Partial<Pick<ExportForm, "orderBy" | "limit">>) => void;
}

/** In which order, and how many rows at most. */
export function OrderEditor({ columns, orderBy, limit, onChange }: OrderEditorProps) {
  const free = columns.filter(({ name }) => !orderBy.some(({ column }) => column === name));
  return (
    <div className="stack tight">
      <div className="row">
        <span className="label">In the order of</span>
        {orderBy.length === 0 && <span className="quiet small">as ClickHouse returns them</span>}
        {orderBy.map(({ column, isDescending }) => (
          <span key={column} className="row">
            <Button
              isSmall
              aria-label={`${column}, ${isDescending ? "falling" : "rising"}: turn round`}
              onClick={() =>
                onChange({
                  orderBy: orderBy.map((one) =>
                    one.column === column ? { column, isDescending: !isDescending } : one,
                  ),
                })
              }
            >
              {column} {isDescending ? "↓" : "↑"}
            </Button>
            <Button
              isSmall
              look="plain"
              className="icon"
              aria-label={`Do not order by ${column}`}
              onClick={() => onChange({ orderBy: orderBy.filter((one) => one.column !== column) })}
            >
              ×
            </Button>
          </span>
        ))}
        <select
          className="input small key-add"
          aria-label="Add a column to order by"
          value=""
          onChange={(event) =>
            onChange({
              orderBy: [...orderBy, { column: event.target.value, isDescending: false }],
            })
          }
        >
          <option value="" disabled>
            Add a column…
          </option>
          {free.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <div className="columns">
        <TextField
          label="The most rows"
          type="number"
          min={0}
          value={limit}
          placeholder="all"
          onChange={(text) => onChange({ limit: text })}
          isTight
        />
      </div>
    </div>
  );
}
