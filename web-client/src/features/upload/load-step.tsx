import { Button } from "../../components/button";
import { Choices } from "../../components/choices";
import { TextField } from "../../components/text-field";
import { CommitMode, type InspectFileResponse } from "../../gen/sluice/v1/ingest_service_pb";
import { enumValue } from "../../lib/enums";
import { formatBytes } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { useStore } from "../../lib/store";
import { randomUuid } from "../../lib/uuid";
import { useClients } from "../../rpc/clients";
import type { Loaded } from "../../rpc/use-async";
import { buildSpec } from "./build-spec";
import { JobView } from "./job-view";
import { changeForm, type Policy, targetTable, type UploadForm } from "./upload-form";
import { isActive } from "./upload-job";
import { runUploads, uploadJobs } from "./upload-jobs";

const policies = [
  {
    value: "stop",
    title: "Stop at the first",
    text: "The upload fails and says which cell does not fit.",
  },
  {
    value: "rows",
    title: "Set some aside",
    text: "Up to a number of rows. You get them as a file to correct and load again.",
  },
  {
    value: "share",
    title: "Set a share aside",
    text: "As many as a part of all rows, judged at the end of the file.",
  },
] as const;

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
    text: "The new rows take the place of all old ones, at one moment.",
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
  const started = form.started.flatMap((id) => jobs.get(id) ?? []);
  const isBusy = started.some(isActive);
  const found = inspection.value;
  const target = targetTable(form);
  const start = (isDryRun: boolean) => {
    if (!found) return;
    const requests = form.files.map((picked, index) => {
      const transferId = randomUuid();
      const options = { transferId, file: picked.file, isFirst: index === 0, isDryRun };
      return { spec: buildSpec(form, found, options), picked, isResumed: false };
    });
    changeForm({ started: requests.map(({ spec }) => spec.transferId) });
    void runUploads(clients, requests);
  };
  const wasLoaded = started.some(({ state, spec }) => state.kind === "done" && !spec.dryRun);
  const bytes = form.files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <div className="stack">
      {started.map((job) => (
        <JobView key={job.id} job={job} />
      ))}
      {!isBusy && !wasLoaded && (
        <section className="card stack loose" aria-label="Choices">
          <PolicyEditor policy={form.policy} />
          <Choices
            legend="How rows become visible"
            value={`${form.commitMode}`}
            choices={modes}
            onChange={(mode) =>
              changeForm({ commitMode: enumValue(CommitMode, mode, CommitMode.UNSPECIFIED) })
            }
          />
        </section>
      )}
      {!isBusy && (
        <div className="step-actions">
          <Button onClick={() => changeForm({ step: "table" })}>Back</Button>
          {!wasLoaded && (
            <div className="row">
              <span className="quiet small">
                {formatBytes(bytes)} into {target ? tableName(target) : "–"}
              </span>
              <Button disabled={!found} onClick={() => start(true)}>
                Dry run
              </Button>
              <Button look="primary" disabled={!found} onClick={() => start(false)}>
                Start loading
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function PolicyEditor({ policy }: { policy: Policy }) {
  const choose = (kind: Policy["kind"]) => {
    const all = {
      stop: { kind: "stop" },
      rows: { kind: "rows", max: 100 },
      share: { kind: "share", percent: 1 },
    } as const;
    changeForm({ policy: all[kind] });
  };
  return (
    <div className="stack tight">
      <Choices
        legend="When a row does not fit"
        value={policy.kind}
        choices={policies}
        onChange={choose}
      />
      {policy.kind === "rows" && (
        <div className="columns">
          <TextField
            label="The most rows"
            type="number"
            min={0}
            value={`${policy.max}`}
            onChange={(text) => changeForm({ policy: { kind: "rows", max: Number(text) || 0 } })}
            hint="With one more the upload fails."
          />
        </div>
      )}
      {policy.kind === "share" && (
        <div className="columns">
          <TextField
            label="The largest share, in percent"
            type="number"
            min={0}
            max={100}
            step="any"
            value={`${policy.percent}`}
            onChange={(text) =>
              changeForm({
                policy: { kind: "share", percent: Math.min(100, Math.max(0, Number(text) || 0)) },
              })
            }
            hint="With more the upload fails."
          />
        </div>
      )}
    </div>
  );
}
