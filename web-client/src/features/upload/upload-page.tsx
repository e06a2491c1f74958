import { useEffect } from "react";

import { Button } from "../../components/button";
import { type Step, Steps } from "../../components/steps";
import type { InspectFileResponse } from "../../gen/sluice/v1/ingest_service_pb";
import { formatBytes } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { useStore } from "../../lib/store";
import type { TableName } from "../catalog/load-catalog";
import { formatSummary } from "./dialect-options";
import { FileStep } from "./file-step";
import { FormatStep } from "./format-step";
import { LoadStep } from "./load-step";
import { TableStep } from "./table-step";
import { UnfinishedList } from "./unfinished-list";
import {
  changeForm,
  changeTarget,
  initialForm,
  targetTable,
  type UploadForm,
  uploadForm,
  type UploadStep,
} from "./upload-form";
import { useInspection } from "./use-inspection";

interface UploadPageProps {
  /** The table to load into, where the way here names one. */
  table: TableName | undefined;
}

/** File to ClickHouse. */
export function UploadPage({ table }: UploadPageProps) {
  const form = useStore(uploadForm);
  const inspection = useInspection(form);
  const named = table && tableName(table);
  useEffect(() => {
    if (table) changeTarget("existing", table);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the name stands for the table
  }, [named]);
  const isReady = form.files.length > 0 && inspection.value !== undefined;
  return (
    <>
      <div className="page-head">
        <div>
          <h1>File to ClickHouse</h1>
          <p>Every value is checked against its column before it is loaded.</p>
        </div>
        {form.files.length > 0 && (
          <Button onClick={() => uploadForm.set(initialForm)}>Start over</Button>
        )}
      </div>
      {form.step === "file" && <UnfinishedList />}
      <Steps
        label="Steps of the upload"
        current={form.step}
        steps={steps(form, isReady, inspection.value)}
        onChange={(step) => changeForm({ step })}
      />
      {form.step === "file" && <FileStep form={form} />}
      {form.step === "format" && <FormatStep form={form} inspection={inspection} />}
      {form.step === "table" && <TableStep form={form} inspection={inspection} />}
      {form.step === "load" && <LoadStep form={form} inspection={inspection} />}
    </>
  );
}

function steps(
  form: UploadForm,
  isReady: boolean,
  found: InspectFileResponse | undefined,
): Step<UploadStep>[] {
  const hasFile = form.files.length > 0;
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
