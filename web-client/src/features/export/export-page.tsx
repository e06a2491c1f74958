import { useEffect } from "react";

import { Button } from "../../components/button";
import { type Step, Steps } from "../../components/steps";
import { tableName } from "../../lib/identifier";
import { useStore } from "../../lib/store";
import type { TableName } from "../catalog/load-catalog";
import {
  changeExport,
  chooseTable,
  exportForm,
  type ExportStep,
  initialExport,
} from "./export-form";
import { FormatStep } from "./format-step";
import { SaveStep } from "./save-step";
import { SourceStep } from "./source-step";
import { useExportQuery } from "./use-export-query";

interface ExportPageProps {
  /** The table to export, where the way here names one. */
  table: TableName | undefined;
}

/** ClickHouse to file. */
export default function ExportPage({ table }: ExportPageProps) {
  const form = useStore(exportForm);
  const source = useExportQuery(form);
  const named = table && tableName(table);
  useEffect(() => {
    if (!table) return;
    changeExport({ kind: "table", step: "source" });
    chooseTable(table);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the name stands for the table
  }, [named]);
  const isReady = source.obstacle === "";
  const steps: Step<ExportStep>[] = [
    {
      value: "source",
      title: "Rows",
      summary: source.title,
      isDone: isReady,
      isOpen: true,
    },
    { value: "format", title: "Format", summary: "", isDone: isReady, isOpen: isReady },
    { value: "save", title: "Save", summary: "", isDone: form.started !== null, isOpen: isReady },
  ];
  return (
    <>
      <div className="page-head">
        <div>
          <h1 tabIndex={-1}>ClickHouse to file</h1>
          <p>A table, tables joined by their keys, or a query, written straight to disk.</p>
        </div>
        <Button onClick={() => exportForm.set(initialExport)}>Start over</Button>
      </div>
      <Steps
        label="Steps of the export"
        subject={source.title}
        current={form.step}
        steps={steps}
        onChange={(step) => changeExport({ step })}
      />
      {form.step === "source" && <SourceStep form={form} source={source} />}
      {form.step === "format" && <FormatStep form={form} />}
      {form.step === "save" && <SaveStep form={form} source={source} />}
    </>
  );
}
