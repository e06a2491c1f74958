import { useState } from "react";
import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { Button } from "../../components/button";
import { CodeBlock } from "../../components/code-block";
import { Field } from "../../components/field";
import { Note } from "../../components/note";
import { SelectField } from "../../components/select-field";
import { TextField } from "../../components/text-field";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { useAsync } from "../../rpc/use-async";
import { loadDatabases } from "../catalog/load-catalog";
import { connection } from "../connection/connection-state";
import { newTableOf } from "./build-spec";
import { ColumnOptions } from "./column-options";
import { type PlannedColumn, proposedKey } from "./create-table";
import { KeyEditor } from "./key-editor";
import { SchemaEditor } from "./schema-editor";
import { changeForm, changeTarget, type UploadForm } from "./upload-form";

interface NewTableEditorProps {
  form: UploadForm;
  inspection: InspectFileResponse;
}

/** A table that is made for the file. */
export function NewTableEditor({ form, inspection }: NewTableEditorProps) {
  const clients = useClients();
  const { generation, check } = useStore(connection);
  const databases = useAsync(`${generation}`, (signal) => loadDatabases(clients, signal));
  const { columns, statement } = newTableOf(form, inspection);
  const [options, setOptions] = useState<PlannedColumn | null>(null);
  const reason = inspection.error?.reason;
  const exists =
    form.newTable.table !== "" && reason !== "TABLE_NOT_FOUND" && inspection.error === undefined;
  const home = check.state === "good" ? check.answer.database : "default";
  const names = (databases.value ?? []).filter((name) => name !== home);
  const setTable = (change: Partial<UploadForm["newTable"]>) =>
    changeForm({ newTable: { ...form.newTable, ...change } });
  return (
    <div className="stack">
      <section className="card stack" aria-label="Name of the table">
        <div className="columns">
          <SelectField
            label="Database"
            value={form.newTable.database}
            options={[["", home], ...names.map((name) => [name, name] as const)]}
            onChange={(database) => setTable({ database })}
          />
          <TextField
            label="Name of the table"
            value={form.newTable.table}
            onChange={(table) => setTable({ table })}
            error={exists ? "A table of this name exists." : undefined}
          />
        </div>
        {exists && (
          <Note look="warn" title="A table of this name exists">
            Choose another name, or{" "}
            <Button
              isSmall
              onClick={() =>
                changeTarget("existing", {
                  ...form.newTable,
                  database: form.newTable.database || home,
                })
              }
            >
              load into that table
            </Button>
          </Note>
        )}
      </section>
      <section className="card stack" aria-labelledby="columns">
        <header className="row between">
          <h2 id="columns">Columns</h2>
          {Object.keys(form.edits).length > 0 && (
            <Button isSmall look="plain" onClick={() => changeForm({ edits: {} })}>
              As found
            </Button>
          )}
        </header>
        <SchemaEditor
          columns={columns}
          found={inspection.profile?.columns ?? []}
          withOptions={new Set(Object.keys(form.columnValues))}
          onOptions={setOptions}
          onAll={(isLoaded) => changeForm({ edits: editsOfAll(form, columns, !isLoaded) })}
          onEdit={(name, edit) =>
            changeForm({ edits: { ...form.edits, [name]: { ...form.edits[name], ...edit } } })
          }
        />
        {options && (
          <ColumnOptions
            form={form}
            column={options.found}
            name={options.name}
            onClose={() => setOptions(null)}
          />
        )}
        <KeyEditor
          columns={columns}
          sortingKey={form.sortingKey ?? proposedKey(inspection.createStatement)}
          reason={form.sortingKey === null ? inspection.sortingKeyReason : ""}
          onChange={(sortingKey) => changeForm({ sortingKey })}
        />
      </section>
      <section className="card stack tight" aria-label="Statement">
        {form.statement === null ? (
          <CodeBlock label="The table will be made by" text={statement} />
        ) : (
          <Field label="The table will be made by" hint="It must create the table named above.">
            {(ids) => (
              <textarea
                {...ids}
                className="input"
                spellCheck={false}
                value={form.statement ?? ""}
                onChange={(event) => changeForm({ statement: event.target.value })}
              />
            )}
          </Field>
        )}
        <div className="row end">
          <Button
            isSmall
            onClick={() => changeForm({ statement: form.statement === null ? statement : null })}
          >
            {form.statement === null ? "Edit by hand" : "Back to the columns above"}
          </Button>
        </div>
      </section>
    </div>
  );
}

function editsOfAll(
  { edits }: UploadForm,
  columns: readonly PlannedColumn[],
  isLeftOut: boolean,
): UploadForm["edits"] {
  return Object.fromEntries(columns.map(({ found }) => [found, { ...edits[found], isLeftOut }]));
}
