import {
  CommitMode,
  type InspectFileResponse,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { enumValue } from "sluice-client/parts";

import { Button } from "../../components/button";
import { Choices } from "../../components/choices";
import { ProblemNote } from "../../components/problem-note";
import { formatBytes } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import type { Loaded } from "../../rpc/use-async";
import { isLoaded, nextForm, restForm } from "./add-files";
import { JobView } from "./job-view";
import { PolicyEditor } from "./policy-editor";
import { startLoad } from "./start-load";
import { replaceForm } from "./upload-address";
import { changeForm, targetTable, type UploadForm } from "./upload-form";
import { isActive } from "./upload-job";
import { uploadJobs } from "./upload-jobs";

const modes = [
  {
    value: `${CommitMode.UNSPECIFIED}`,
    title: "The strongest that the table allows",
    text: "All at once where possible, else block by block, else directly. The result says which.",
  },
  {
    value: `${CommitMode.ATOMIC}`,
    title: "All rows at once, or none",
    text: "Readers see the file whole or not at all; a repetition changes nothing.",
  },
  {
    value: `${CommitMode.BLOCKS}`,
    title: "Block by block, each exactly once",
    text: "Rows appear as they arrive; after a failure the same upload goes on behind them.",
  },
  {
    value: `${CommitMode.REPLACE}`,
    title: "In place of what is there",
    text: "The new rows take the place of all old ones, at one moment. Of several files the first replaces, the others are added.",
  },
  {
    value: `${CommitMode.DIRECT}`,
    title: "Directly, without a promise",
    text: "One plain INSERT: a failure can leave the first rows, a repetition doubles them.",
  },
] as const;

interface LoadStepProps {
  form: UploadForm;
  inspection: Loaded<InspectFileResponse>;
}

/** The last choices, the start, and what comes of it. */
export function LoadStep({ form, inspection }: LoadStepProps) {
  const clients = useClients();
  const jobs = useStore(uploadJobs);
  const started = [...jobs.values()].filter(
    ({ queue }) => queue === (form.started ?? form.checked),
  );
  const isBusy = started.some(isActive);
  // Not while it is of another file, or of other settings.
  const isReady = inspection.state === "ready";
  const target = targetTable(form);
  // A new table has no rows to take the place of.
  const ways = modes.filter(
    ({ value }) => form.kind === "existing" || value !== `${CommitMode.REPLACE}`,
  );
  const start = (isDryRun: boolean) => startLoad(clients, form, inspection, isDryRun);
  const loaded = started.filter(isLoaded);
  const isWhole = loaded.length > 0 && loaded.length === started.length;
  // What is there already is not loaded again by choosing other settings for the rest.
  const hasChoices = !isBusy && !form.isResumed && loaded.length === 0;
  const bytes = form.files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <div className="stack">
      {started.map((job) => (
        <JobView key={job.id} job={job} />
      ))}
      {hasChoices && (
        <section className="card stack loose" aria-label="Choices">
          {inspection.state === "failed" && <ProblemNote problem={inspection.problem} />}
          <PolicyEditor policy={form.policy} />
          <Choices
            legend="How rows become visible"
            value={`${form.commitMode}`}
            choices={ways}
            onChange={(mode) =>
              changeForm({ commitMode: enumValue(CommitMode, mode, CommitMode.UNSPECIFIED) })
            }
          />
        </section>
      )}
      {!isBusy && (
        <div className="step-actions">
          {hasChoices ? (
            <Button onClick={() => changeForm({ step: "table" })}>Back</Button>
          ) : (
            <div className="row">
              <Button onClick={() => replaceForm(nextForm(form))}>Load another file into it</Button>
              {isWhole && !form.isResumed && (
                <Button onClick={() => replaceForm({ ...form, started: null, step: "table" })}>
                  Load this file again
                </Button>
              )}
            </div>
          )}
          {!hasChoices && !isWhole && !form.isResumed && (
            <Button onClick={() => replaceForm({ ...restForm(form), step: "table" })}>
              Change the settings for the rest
            </Button>
          )}
          {hasChoices && (
            <div className="row">
              <span className="quiet small">
                {formatBytes(bytes)} into {target ? tableName(target) : "–"}
              </span>
              <Button disabled={!isReady} onClick={() => attend(start(true))}>
                Dry run
              </Button>
              <Button look="primary" disabled={!isReady} onClick={() => attend(start(false))}>
                Start loading
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}
