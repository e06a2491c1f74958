import type { ReactNode } from "react";
import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { type Step, Steps } from "../../components/steps";
import { useFormAddress } from "../../lib/form-address";
import { formatBytes } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { href } from "../../lib/route";
import { useStore } from "../../lib/store";
import { attend } from "../../rpc/failures";
import type { Loaded } from "../../rpc/use-async";
import { AwaitedFiles } from "./awaited-files";
import { formatSummary } from "./dialect-options";
import { FileStep } from "./file-step";
import { FormatStep } from "./format-step";
import { LoadStep } from "./load-step";
import { startOver } from "./start-over";
import { TableStep } from "./table-step";
import { UnfinishedList } from "./unfinished-list";
import { addressOf, applyAddress, keepForm } from "./upload-address";
import {
  changeForm,
  fileNames,
  targetTable,
  type UploadForm,
  uploadForm,
  type UploadStep,
} from "./upload-form";
import { useInspection } from "./use-inspection";

const tie = {
  place: "upload",
  store: uploadForm,
  addressOf,
  apply: applyAddress,
  keep: keepForm,
} as const;

/** File to ClickHouse. */
export function UploadPage() {
  const form = useStore(uploadForm);
  const inspection = useInspection(form);
  useFormAddress(tie);
  const isReady =
    form.files.length > 0 && form.awaited.length === 0 && inspection.value !== undefined;
  return (
    <>
      <div className="page-head">
        <div>
          <h1 tabIndex={-1}>File to ClickHouse</h1>
          <p>Every value is checked against its column before it is loaded.</p>
        </div>
        {form.files.length > 0 && <Button onClick={() => attend(startOver())}>Start over</Button>}
      </div>
      {form.step === "file" && <UnfinishedList />}
      {form.lost !== null && form.files.length === 0 && <LostRun id={form.lost} />}
      <Steps
        label="Steps of the upload"
        subject={fileNames(form)[0] ?? ""}
        current={form.step}
        steps={steps(form, isReady, inspection.value)}
        onChange={(step) => changeForm({ step })}
      />
      {form.awaited.length > 0 && <AwaitedFiles form={form} />}
      {form.awaited.length === 0 && stepOf(form, inspection)}
    </>
  );
}

function stepOf(form: UploadForm, inspection: Loaded<InspectFileResponse>): ReactNode {
  switch (form.step) {
    case "file":
      return <FileStep form={form} />;
    case "format":
      return <FormatStep form={form} inspection={inspection} />;
    case "table":
      return <TableStep form={form} inspection={inspection} />;
    case "load":
      return <LoadStep form={form} inspection={inspection} />;
  }
}

/** What was started before a reload: the server knows what became of it. */
function LostRun({ id }: { id: string }) {
  return (
    <div className="gate">
      <Note title="What was loaded here before">
        The page was loaded anew. <a href={href("transfers", id)}>See what became of it</a>, or
        choose another file.
      </Note>
    </div>
  );
}

function steps(
  form: UploadForm,
  isReady: boolean,
  found: InspectFileResponse | undefined,
): Step<UploadStep>[] {
  const hasFile = form.files.length > 0 && form.awaited.length === 0;
  const target = targetTable(form);
  const bytes = form.files.reduce((sum, { file }) => sum + file.size, 0);
  const files =
    form.files.length > 1 ? `${form.files.length} files` : (form.files[0]?.file.name ?? "");
  return [
    {
      value: "file",
      title: "File",
      summary: hasFile ? `${files}, ${formatBytes(bytes)}` : "",
      isDone: hasFile,
      isOpen: true,
    },
    {
      value: "format",
      title: "Format",
      summary: found && hasFile ? formatSummary(found) : "",
      isDone: isReady,
      isOpen: hasFile,
    },
    {
      value: "table",
      title: "Table",
      summary: target ? tableName(target) : "",
      isDone: target !== undefined && isReady,
      isOpen: isReady,
    },
    {
      value: "load",
      title: "Load",
      summary: "",
      isDone: form.started !== null,
      isOpen: isReady && target !== undefined,
    },
  ];
}
