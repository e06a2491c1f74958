import type { Address, Query, Route } from "../../lib/route";
import { keepInTab, keptInTab } from "../../lib/tab";
import {
  changeExport,
  chooseTable,
  type ExportForm,
  exportForm,
  type ExportStep,
  initialExport,
} from "./export-form";

/*
 * The address names the step and the table: `#/export/database/table?step=format`. Columns, conditions and the
 * query are kept for the tab.
 */

const steps: readonly ExportStep[] = ["source", "format", "save"];
const tabKey = "export";

/** The address of a form. */
export function addressOf({ step, kind, table }: ExportForm): { parts: Route; query: Query } {
  const isTable = kind === "table" && table !== undefined;
  const parts = isTable ? ["export", table.database, table.table] : ["export"];
  return { parts, query: { step: [step], ...(isTable ? {} : { from: [kind] }) } };
}

/** Takes what the address says. */
export function applyAddress({ parts: [, database, table], query, isOwn }: Address): void {
  const step = steps.find((known) => known === query["step"]?.[0]);
  if (!isOwn && database !== undefined && table !== undefined) {
    const { kind, table: before } = exportForm.get();
    const isSame = before?.database === database && before.table === table;
    if (kind !== "table" || !isSame) chooseTable({ database, table });
    changeExport({ kind: "table", step: step ?? "source" });
  } else if (step) changeExport({ step });
}

/** Writes the choices down for a reload. */
export function keepForm(form: ExportForm): void {
  keepInTab(tabKey, form === initialExport ? null : { ...form, started: null });
}

/** Brings back what was chosen before a reload. */
export function restoreExport(): void {
  const kept = keptInTab(tabKey) as Partial<ExportForm> | undefined;
  if (kept) exportForm.set({ ...initialExport, ...kept });
}
