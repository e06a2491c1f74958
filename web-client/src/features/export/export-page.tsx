import { Button } from "../../components/button";
import { type Step, Steps } from "../../components/steps";
import { useFormAddress } from "../../lib/form-address";
import { useStore } from "../../lib/store";
import { addressOf, applyAddress, keepForm } from "./export-address";
import { changeExport, exportForm, type ExportStep, initialExport } from "./export-form";
import { FormatStep } from "./format-step";
import { SaveStep } from "./save-step";
import { SourceStep } from "./source-step";
import { useExportQuery } from "./use-export-query";

const tie = {
  place: "export",
  store: exportForm,
  addressOf,
  apply: applyAddress,
  keep: keepForm,
} as const;

/** ClickHouse to file. */
export default function ExportPage() {
  const form = useStore(exportForm);
  const source = useExportQuery(form);
  useFormAddress(tie);
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
