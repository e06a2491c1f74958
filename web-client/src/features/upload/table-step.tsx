import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { describeTransferError } from "sluice-client/parts";

import { Button } from "../../components/button";
import { DataGrid } from "../../components/data-grid";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { Segments } from "../../components/segments";
import { formatCount, formatRows } from "../../lib/format";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import type { Loaded } from "../../rpc/use-async";
import { TablePicker } from "../catalog/table-picker";
import { MappingEditor } from "./mapping-editor";
import { NewTableEditor } from "./new-table-editor";
import { previewRows } from "./preview-rows";
import { startLoad } from "./start-load";
import { changeForm, changeTarget, targetTable, type UploadForm } from "./upload-form";

interface TableStepProps {
  form: UploadForm;
  inspection: Loaded<InspectFileResponse>;
}

/** Where the rows go, and which field goes into which column. */
export function TableStep({ form, inspection }: TableStepProps) {
  const clients = useClients();
  const obstacle = obstacleOf(form, inspection);
  return (
    <div className="stack">
      <Segments
        legend="Target"
        value={form.kind}
        options={[
          ["new", "A new table"],
          ["existing", "An existing table"],
        ]}
        onChange={(kind) => changeTarget(kind)}
      />
      {inspection.state === "failed" && <ProblemNote problem={inspection.problem} />}
      {form.kind === "new" && inspection.value && (
        <NewTableEditor form={form} inspection={inspection.value} />
      )}
      {form.kind === "existing" && (
        <div className="split">
          <section className="card" aria-label="Table">
            <TablePicker
              label="Tables"
              selected={form.table}
              onSelect={(table) => changeTarget("existing", table)}
            />
          </section>
          <ExistingTable form={form} inspection={inspection} />
        </div>
      )}
      <div className="step-actions">
        <Button onClick={() => changeForm({ step: "format" })}>Back</Button>
        <div className="row">
          <span className="quiet small">{obstacle}</span>
          <Button
            disabled={obstacle !== ""}
            onClick={() => attend(startLoad(clients, form, inspection, true))}
          >
            Check the whole file
          </Button>
          <Button
            look="primary"
            disabled={obstacle !== ""}
            onClick={() => changeForm({ step: "load" })}
          >
            Next: load
          </Button>
        </div>
      </div>
    </div>
  );
}

/** Why the step cannot be left; empty when it can. */
function obstacleOf(form: UploadForm, inspection: Loaded<InspectFileResponse>): string {
  if (!targetTable(form))
    return form.kind === "new" ? "The table needs a name." : "Choose a table.";
  if (inspection.state === "loading") return "Checking…";
  if (inspection.state === "failed") return "The file cannot be read like this.";
  const reason = inspection.value.error?.reason;
  if (form.kind === "new") {
    return reason === "TABLE_NOT_FOUND" || reason === "DATABASE_NOT_FOUND"
      ? ""
      : "A table of this name exists.";
  }
  const isAllowed = reason === undefined || isAccepted(reason, form);
  return isAllowed ? "" : "The file does not fit this table yet.";
}

/** Whether the form says that what an inspection refuses is meant. */
function isAccepted(reason: string | undefined, form: UploadForm): boolean {
  return (
    (reason === "UNMATCHED_COLUMN" && form.ignoreExtra) ||
    (reason === "MISSING_COLUMN" && form.defaultMissing)
  );
}

function ExistingTable({ form, inspection }: TableStepProps) {
  const found = inspection.value;
  if (!form.table || !found) {
    return (
      <Note title="Choose a table">
        You then see which column of the file goes where, and what would not fit.
      </Note>
    );
  }
  const { error, rowsTried, rowsRejected } = found;
  const isIgnored = isAccepted(error?.reason, form);
  return (
    <section className="card stack" aria-label="Match" aria-busy={inspection.state === "loading"}>
      {error?.reason === "HEADER_MISMATCH" && (
        <Note look="warn" title="No field has the name of a column">
          <div className="row between">
            <span>Choose below which field goes where. Is the first line no header at all?</span>
            <Button isSmall onClick={() => changeForm({ step: "format" })}>
              Change the header lines
            </Button>
          </div>
        </Note>
      )}
      {error && error.reason !== "HEADER_MISMATCH" && !isIgnored && (
        <ProblemNote problem={describeTransferError(error)} />
      )}
      <MappingEditor form={form} inspection={found} />
      <div className="stack tight">
        <div className="row between">
          <h2>How the rows fit</h2>
          {rowsTried > 0n && (
            <span className={rowsRejected > 0n ? "badge bad" : "badge good"}>
              {rowsRejected > 0n
                ? `${formatCount(rowsRejected)} of ${formatRows(rowsTried)} in the sample would not fit`
                : `all ${formatRows(rowsTried)} of the sample fit`}
            </span>
          )}
        </div>
        <DataGrid label="First rows against the table" {...previewRows(found)} maxHeight={320} />
      </div>
    </section>
  );
}
