import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { Button } from "../../components/button";
import { DataGrid } from "../../components/data-grid";
import { Empty } from "../../components/empty";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { formatBytes, formatCount, formatRows } from "../../lib/format";
import { attend } from "../../rpc/failures";
import type { Loaded } from "../../rpc/use-async";
import { DialectEditor } from "./dialect-editor";
import { FindingsSentence } from "./findings-sentence";
import { previewRows } from "./preview-rows";
import { mayForget } from "./start-over";
import { changeForm, isTouched, takeFiles, type UploadForm } from "./upload-form";
import { ValueEditor } from "./value-editor";

interface FormatStepProps {
  form: UploadForm;
  inspection: Loaded<InspectFileResponse>;
}

/** How the file is cut into columns and read; every change shows at once. */
export function FormatStep({ form, inspection }: FormatStepProps) {
  const found = inspection.value;
  const settings = useRef<HTMLDetailsElement>(null);
  const [isOpen, setOpen] = useState(isTouched(form));
  const openSetting = (label: string) => {
    flushSync(() => setOpen(true));
    focusField(settings.current, label);
  };
  return (
    <div className="stack">
      {inspection.state === "failed" && (
        <ProblemNote problem={inspection.problem}>
          <div>
            <Button isSmall onClick={() => attend(chooseAnother(form))}>
              Choose another file
            </Button>
          </div>
        </ProblemNote>
      )}
      <section
        className="card stack tight"
        aria-labelledby="preview"
        aria-busy={inspection.state === "loading"}
      >
        <header className="row between">
          <h2 id="preview">Preview</h2>
          <span className="quiet small" role="status">
            {statusText(inspection)}
          </span>
        </header>
        {found && inspection.state !== "failed" && (
          <>
            <FindingsSentence inspection={found} onOpen={openSetting} />
            <Preview inspection={found} />
          </>
        )}
        {!found && inspection.state !== "failed" && <Empty title="Reading the first MB…" />}
      </section>
      <details
        ref={settings}
        className="card settings"
        open={isOpen || inspection.state === "failed"}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>Change how it is read</summary>
        <div className="columns wide">
          <section aria-labelledby="dialect">
            <header className="row between">
              <h2 id="dialect">How it is written</h2>
              {Object.keys(form.dialect).length > 0 && (
                <Button isSmall look="plain" onClick={() => changeForm({ dialect: {} })}>
                  As found
                </Button>
              )}
            </header>
            <DialectEditor
              choice={form.dialect}
              profile={found?.profile}
              onChange={(dialect) => changeForm({ dialect })}
            />
          </section>
          <section aria-labelledby="values">
            <header>
              <h2 id="values">How values are read</h2>
            </header>
            <ValueEditor choice={form.values} onChange={(values) => changeForm({ values })} />
          </section>
        </div>
      </details>
      <div className="step-actions">
        <Button onClick={() => changeForm({ step: "file" })}>Back</Button>
        <Button
          look="primary"
          disabled={inspection.state !== "ready" || (found?.profile?.columns.length ?? 0) === 0}
          onClick={() => changeForm({ step: "table" })}
        >
          Next: table
        </Button>
      </div>
    </div>
  );
}

/** A file that cannot be read makes place for another one; of several they are all there to choose from. */
async function chooseAnother({ files }: UploadForm): Promise<void> {
  if (files.length === 1 && !(await mayForget("Choose another file"))) return;
  if (files.length === 1) takeFiles([]);
  changeForm({ step: "file" });
}

/** Moves the focus into the field of that label, and opens what hides it. */
function focusField(within: HTMLElement | null, text: string): void {
  const labels = [...(within?.querySelectorAll("label") ?? [])];
  const field = labels.find(({ textContent }) => textContent === text)?.control;
  const hiding = field?.closest("details");
  if (hiding) hiding.open = true;
  field?.focus();
}

function statusText(inspection: Loaded<InspectFileResponse>): string {
  if (inspection.state === "loading") return "Reading again…";
  if (inspection.state === "failed") return "This cannot be read";
  const { profile, rows } = inspection.value;
  const columns = formatRows(profile?.columns.length ?? 0, "column");
  const first = rows.length === 1 ? "the first row" : `the first ${formatRows(rows.length)}`;
  return `${columns}, ${first}, of ${formatBytes(profile?.sampleBytes ?? 0n)} looked at`;
}

function Preview({ inspection }: { inspection: InspectFileResponse }) {
  const { columns, rows } = previewRows(inspection);
  const trailing = inspection.profile?.trailingLines ?? 0n;
  if (columns.length === 0) {
    return (
      <Empty title="No columns">The file is empty, or these settings leave nothing of it.</Empty>
    );
  }
  return (
    <>
      <DataGrid label="First rows of the file" columns={columns} rows={rows} maxHeight={460} />
      {columns.length === 1 && (
        <Note look="warn" title="Everything is in one column">
          If the file has more, the delimiter is another one.
        </Note>
      )}
      {trailing > 0n && (
        <Note>
          {formatCount(trailing)} lines after the table are left out: they do not belong to it.
        </Note>
      )}
    </>
  );
}
