import { useState } from "react";
import { describeError, type Problem, randomUuid } from "sluice-client/parts";

import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { TextField } from "../../components/text-field";
import { formatBytes } from "../../lib/format";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { buildRequest, proposedName } from "./build-request";
import { changeExport, type ExportForm } from "./export-form";
import { ExportJobView } from "./export-job-view";
import { exportJobs, startExport } from "./export-jobs";
import { memoryWarningBytes, savingWay } from "./open-sink";
import type { ExportSource } from "./use-export-query";

const explanations = {
  picker: "You are asked where to save. The file is written straight to disk, whatever its size.",
  download: "The file goes straight into your downloads, whatever its size.",
  memory: `This browser keeps the whole file in memory before it is saved: use it for less than ${formatBytes(memoryWarningBytes)}.`,
};

interface SaveStepProps {
  form: ExportForm;
  source: ExportSource;
}

/** Where the file goes, and how far it is. */
export function SaveStep({ form, source }: SaveStepProps) {
  const clients = useClients();
  const job = useStore(exportJobs).get(form.started ?? "");
  const [problem, setProblem] = useState<Problem | null>(null);
  const isBusy = job?.state.kind === "running";
  const name = proposedName(form);
  const way = savingWay();
  const start = () => {
    setProblem(null);
    const request = buildRequest(form, randomUuid(), source.query);
    startExport(clients, request, name, "text/plain").then(
      (started) => {
        if (started !== null) changeExport({ started });
      },
      (thrown: unknown) => setProblem(describeError(thrown)),
    );
  };
  return (
    <div className="stack">
      {job && <ExportJobView job={job} />}
      {!isBusy && (
        <section className="card stack" aria-label="File">
          <TextField
            label="Name of the file"
            value={name}
            onChange={(fileName) => changeExport({ fileName })}
            hint={`Of ${source.title}.`}
          />
          <Note look={way === "memory" ? "warn" : "info"}>
            {explanations[way]}
            {!isSecureContext &&
              " Were this page reached over HTTPS, it would go straight to disk."}
          </Note>
          {problem && <ProblemNote problem={problem} />}
        </section>
      )}
      {!isBusy && (
        <div className="step-actions">
          <Button onClick={() => changeExport({ step: "format" })}>Back</Button>
          <Button look="primary" onClick={start}>
            {job ? "Export again" : "Export"}
          </Button>
        </div>
      )}
    </div>
  );
}
