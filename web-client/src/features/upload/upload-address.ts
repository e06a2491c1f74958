import { type Address, parseAddress, type Query, type Route } from "../../lib/route";
import { keepInTab, keptInTab } from "../../lib/tab";
import {
  changeForm,
  changeTarget,
  fileNames,
  initialForm,
  type UploadForm,
  uploadForm,
  type UploadStep,
} from "./upload-form";

/*
 * The address names the step, the table and the files: `#/upload/database/table?step=format&file=a.csv`, a new
 * table as `&new=name`. What else was chosen is kept for the tab. Neither holds a byte of a file.
 */

const steps: readonly UploadStep[] = ["file", "format", "table", "load"];
const tabKey = "upload";
/** Forms that another one took the place of: Back leads to them, as long as the page lives. */
const shelf = new Map<string, UploadForm>();
const maxShelved = 8;

/** The address of a form. */
export function addressOf(form: UploadForm): { parts: Route; query: Query } {
  const { step, kind, table, newTable } = form;
  const run = form.started ?? form.lost;
  const query: Record<string, readonly string[]> = { step: [step] };
  // What was started is known to the server: after a reload its transfer is shown, and no file is asked for.
  if (run !== null) query["run"] = [run];
  else if (fileNames(form).length > 0) query["file"] = fileNames(form);
  if (kind === "existing" && table)
    return { parts: ["upload", table.database, table.table], query };
  if (kind === "new" && newTable.table !== "") query["new"] = [newTable.table];
  if (kind === "new" && newTable.database !== "") query["database"] = [newTable.database];
  return { parts: ["upload"], query };
}

/** Takes what the address says. */
export function applyAddress(address: Address): void {
  const form = uploadForm.get();
  const { query, isOwn } = address;
  const step = steps.find((known) => known === query["step"]?.[0]);
  const files = query["file"] ?? [];
  const isOther = files.length > 0 && !isSame(files, fileNames(form));
  const run = query["run"]?.[0];
  if (isOther || (run !== undefined && run !== (form.started ?? form.lost))) {
    shelve(form);
    uploadForm.set(shelf.get(shelfKey(files, run)) ?? linkedForm(address));
  } else if (!isOwn) takeTarget(address);
  if (step) changeForm({ step: possible(step) });
}

/** A link to a table: what was loaded before has ended, and what is being chosen goes there. */
function takeTarget({ parts, query }: Address): void {
  const table = tableOf(parts);
  if (!table) return;
  if (uploadForm.get().started !== null) replaceForm(initialForm);
  changeTarget("existing", table);
  if (!query["step"]) changeForm({ step: "file" });
}

/** A form of which only the address is known. */
function linkedForm({ parts, query }: Address): UploadForm {
  const table = tableOf(parts);
  const newTable = { database: query["database"]?.[0] ?? "", table: query["new"]?.[0] ?? "" };
  const target = table ? ({ kind: "existing", table } as const) : ({ kind: "new" } as const);
  const awaited = (query["file"] ?? []).map((name) => ({ name, size: null }));
  return { ...initialForm, ...target, newTable, awaited, lost: query["run"]?.[0] ?? null };
}

function tableOf([, database, table]: Route) {
  return database === undefined || table === undefined ? undefined : { database, table };
}

/** Without a file there is only the first step. */
function possible(step: UploadStep): UploadStep {
  const { files, awaited } = uploadForm.get();
  return files.length + awaited.length === 0 ? "file" : step;
}

/** Puts a form in the place of the one that is there, to which Back leads. */
export function replaceForm(form: UploadForm): void {
  shelve(uploadForm.get());
  uploadForm.set(form);
}

function shelve(form: UploadForm): void {
  if (form.files.length === 0) return;
  const key = shelfKey(fileNames(form), form.started ?? undefined);
  shelf.delete(key);
  shelf.set(key, form);
  for (const oldest of [...shelf.keys()].slice(0, -maxShelved)) shelf.delete(oldest);
}

function shelfKey(files: readonly string[], run: string | undefined): string {
  return JSON.stringify(run ?? files);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Writes the choices down for a reload; the files are then asked for again. */
export function keepForm(form: UploadForm): void {
  const { files, awaited, started } = form;
  if (files.length + awaited.length === 0 || started !== null) {
    keepInTab(tabKey, null);
    return;
  }
  const names = files
    .filter(({ isPasted }) => !isPasted)
    .map(({ file: { name, size } }) => ({ name, size }));
  keepInTab(tabKey, { ...form, files: [], awaited: [...names, ...awaited] });
}

/** Brings back what was chosen before a reload, where the address still means it. */
export function restoreForm(hash: string): void {
  const kept = keptInTab(tabKey) as Partial<UploadForm> | undefined;
  if (!kept?.awaited) return;
  const form = { ...initialForm, ...kept };
  const { query } = parseAddress(hash);
  if (!query["file"] || isSame(query["file"], fileNames(form))) uploadForm.set(form);
}
