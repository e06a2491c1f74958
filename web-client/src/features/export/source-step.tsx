import { Button } from "../../components/button";
import { Field } from "../../components/field";
import { Segments } from "../../components/segments";
import { TablePicker } from "../catalog/table-picker";
import { ColumnChooser } from "./column-chooser";
import { changeExport, chooseTable, type ExportForm } from "./export-form";
import { FilterEditor } from "./filter-editor";
import { JoinEditor } from "./join-editor";
import { OrderEditor } from "./order-editor";
import { QueryPreview } from "./query-preview";
import type { ExportSource } from "./use-export-query";
import { useTableColumns } from "./use-table-columns";

interface SourceStepProps {
  form: ExportForm;
  source: ExportSource;
}

/** Which rows and columns are exported. */
export function SourceStep({ form, source }: SourceStepProps) {
  return (
    <div className="stack">
      <Segments
        legend="What is exported"
        value={form.kind}
        options={[
          ["table", "A table"],
          ["join", "Joined tables"],
          ["query", "SQL"],
        ]}
        onChange={(kind) => changeExport({ kind })}
      />
      {form.kind === "table" && <TableSource form={form} />}
      {form.kind === "join" && <JoinEditor plan={form.join} />}
      {form.kind === "query" && (
        <section className="card" aria-label="Query">
          <Field label="One SELECT" hint="It may begin with WITH. ClickHouse runs it read-only.">
            {(ids) => (
              <textarea
                {...ids}
                className="input"
                spellCheck={false}
                value={form.query}
                onChange={(event) => changeExport({ query: event.target.value })}
              />
            )}
          </Field>
        </section>
      )}
      <QueryPreview source={source} isShownAsSql={form.kind === "join"} />
      <div className="step-actions">
        <span />
        <div className="row">
          <span className="quiet small">{source.obstacle}</span>
          <Button
            look="primary"
            disabled={source.obstacle !== ""}
            onClick={() => changeExport({ step: "format" })}
          >
            Next: format
          </Button>
        </div>
      </div>
    </div>
  );
}

function TableSource({ form }: { form: ExportForm }) {
  const columns = useTableColumns(form.table);
  const known = form.table ? (columns.value ?? []) : [];
  return (
    <div className="split">
      <section className="card" aria-label="Table">
        <TablePicker label="Tables" selected={form.table} onSelect={chooseTable} />
      </section>
      <section className="card stack loose" aria-label="Columns and rows">
        {!form.table && <p className="quiet">Choose a table to choose its columns and rows.</p>}
        {form.table && (
          <>
            <ColumnChooser
              columns={known}
              chosen={form.columns}
              onChange={(chosen) => changeExport({ columns: chosen })}
            />
            <FilterEditor
              columns={known}
              where={form.where}
              onChange={(where) => changeExport({ where })}
            />
            <OrderEditor
              columns={known}
              orderBy={form.orderBy}
              limit={form.limit}
              onChange={changeExport}
            />
          </>
        )}
      </section>
    </div>
  );
}
