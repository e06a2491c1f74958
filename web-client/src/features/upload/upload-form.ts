import type { Compression, Format } from "sluice-client/gen/sluice/v1/dialect_pb";
import { CommitMode } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import type { PickedFile } from "../../components/picked-file";
import { quoteTable, tableNameOfFile } from "../../lib/identifier";
import { createStore } from "../../lib/store";
import type { TableName } from "../catalog/load-catalog";

/** The steps of an upload, in their order. */
export type UploadStep = "file" | "format" | "table" | "load";

/** What the reader has said of how the file is cut; the rest is found. Named as in `Dialect`. */
export interface DialectChoice {
  format?: Format;
  delimiter?: string;
  quote?: string;
  escape?: string;
  comment?: string;
  headerRows?: number;
  skipLines?: number;
  endLine?: number;
  skipInitialSpace?: boolean;
  encoding?: string;
  compression?: Compression;
  /** Of a workbook: the sheet, and its cells. */
  sheet?: string;
  range?: string;
}

/** What the reader has said of how values are read. Named as in `ValueOptions`. */
export interface ValueChoice {
  /** Words for NULL, separated by commas. */
  nullMarkers: string;
  /** Words for true and false, separated by commas. */
  trueWords: string;
  falseWords: string;
  trim: boolean;
  decimalComma: boolean | null;
  round: boolean;
  emptyAsDefault: boolean;
  padRagged: boolean;
  lenientQuotes: boolean;
}

/** How the values of one column are read, where it differs. Named as in `ColumnValueOptions`. */
export interface ColumnChoice {
  /** Words for NULL, separated by commas. */
  nullMarkers?: string;
  /** As strftime has it; empty: as found. */
  dateFormat?: string;
  decimalComma?: boolean;
  /** What separates groups of digits. */
  thousands?: string;
  stripUnits?: boolean;
  listSeparator?: string;
}

/** What the reader has changed of one column of a new table. */
export interface ColumnEdit {
  name?: string;
  type?: string;
  isLeftOut?: boolean;
}

/** What happens to rows that do not fit. */
export type Policy =
  { kind: "stop" } | { kind: "rows"; max: number } | { kind: "share"; percent: number };

/** A file that was chosen before a reload, or that a link names: its bytes have to be chosen again. */
export interface AwaitedFile {
  name: string;
  /** Its size in bytes; null where only its name is known. */
  size: number | null;
}

/** All that the reader has chosen. */
export interface UploadForm {
  step: UploadStep;
  files: readonly PickedFile[];
  /** What has to be chosen again before the steps go on. */
  awaited: readonly AwaitedFile[];
  dialect: DialectChoice;
  values: ValueChoice;
  kind: "new" | "existing";
  /** The new table. */
  newTable: TableName;
  /** The table that is there. */
  table: TableName | undefined;
  /** By the name that was found for the column. */
  edits: Readonly<Record<string, ColumnEdit>>;
  /** By the name of the table's column; of a new table by the name that was found. */
  columnValues: Readonly<Record<string, ColumnChoice>>;
  /** The columns that a new table is sorted by; null: as proposed. */
  sortingKey: readonly string[] | null;
  /** A CREATE TABLE by hand; null: from the columns. */
  statement: string | null;
  /** Table column to field of the file, where chosen; the empty string for none. */
  mapping: Readonly<Record<string, string>>;
  ignoreExtra: boolean;
  defaultMissing: boolean;
  policy: Policy;
  commitMode: CommitMode;
  /** The queue that was started from here; it has the id of its first transfer. */
  started: string | null;
  /** The queue of the last dry run from here. */
  checked: string | null;
  /** What an earlier page has started, of which only its transfer is known. */
  lost: string | null;
  /** Whether it was begun by an earlier page, whose settings are not those of this form. */
  isResumed: boolean;
}

const initialValues: ValueChoice = {
  nullMarkers: "",
  trueWords: "",
  falseWords: "",
  trim: false,
  decimalComma: null,
  round: false,
  emptyAsDefault: false,
  padRagged: false,
  lenientQuotes: false,
};

/** An upload of which nothing is known. */
export const initialForm: UploadForm = {
  step: "file",
  files: [],
  awaited: [],
  dialect: {},
  values: initialValues,
  kind: "new",
  newTable: { database: "", table: "" },
  table: undefined,
  edits: {},
  columnValues: {},
  sortingKey: null,
  statement: null,
  mapping: {},
  ignoreExtra: false,
  defaultMissing: false,
  policy: { kind: "stop" },
  commitMode: CommitMode.UNSPECIFIED,
  started: null,
  checked: null,
  lost: null,
  isResumed: false,
};

/** The upload that is being prepared. It outlives its page, so that going back loses nothing. */
export const uploadForm = createStore<UploadForm>(initialForm);

/** Changes some of it. */
export function changeForm(change: Partial<UploadForm>): void {
  uploadForm.update((form) => ({ ...form, ...change }));
}

/** Chooses the field of a column; what was said of the values of one without a field is forgotten. */
export function chooseField(column: string, source: string): void {
  const form = uploadForm.get();
  const kept = Object.entries(form.columnValues).filter(([name]) => name !== column);
  changeForm({
    mapping: { ...form.mapping, [column]: source },
    columnValues: source === "" ? Object.fromEntries(kept) : form.columnValues,
  });
}

/** Chooses where the rows go; what was said of how another table is loaded is forgotten. */
export function changeTarget(kind: UploadForm["kind"], table?: TableName): void {
  const form = uploadForm.get();
  const isOther = table && (!form.table || quoteTable(table) !== quoteTable(form.table));
  if (kind === form.kind && !isOther) return;
  changeForm({
    kind,
    ignoreExtra: false,
    defaultMissing: false,
    commitMode: CommitMode.UNSPECIFIED,
    // Options of a column go by the columns of the target.
    columnValues: {},
    ...(isOther ? { table, mapping: {} } : {}),
  });
}

/** What is said of one file and its values, and of no other. */
const ofFile = {
  dialect: {},
  values: initialValues,
  edits: {},
  columnValues: {},
  sortingKey: null,
  statement: null,
  mapping: {},
  commitMode: CommitMode.UNSPECIFIED,
} satisfies Partial<UploadForm>;

/**
 * Takes files; what was said of another first file is forgotten, the target is kept. How rows become visible
 * is forgotten too: one file that was to replace all rows does not make the next one do it.
 */
export function takeFiles(files: readonly PickedFile[]): void {
  const first = files[0];
  uploadForm.update((form) => ({
    ...form,
    ...ofFile,
    files,
    awaited: [],
    started: null,
    checked: null,
    lost: null,
    isResumed: false,
    newTable: { ...form.newTable, table: first ? tableNameOfFile(first.file.name) : "" },
    step: first ? "format" : "file",
  }));
}

/**
 * Takes files that were chosen before, with all that was said of them. One of another name is another file:
 * false, nothing is taken.
 */
export function takeAwaited(picked: readonly PickedFile[]): boolean {
  const { awaited, files } = uploadForm.get();
  const known = new Set(awaited.map(({ name }) => name));
  if (!picked.every(({ file }) => known.has(file.name))) return false;
  const names = new Set(picked.map(({ file }) => file.name));
  const rest = awaited.filter(({ name }) => !names.has(name));
  changeForm({ files: [...files, ...picked], awaited: rest });
  return true;
}

/** Goes on without the files that were not chosen again. */
export function leaveAwaited(): void {
  if (uploadForm.get().files.length === 0) uploadForm.set(initialForm);
  else changeForm({ awaited: [] });
}

/** The files that are chosen or still to be chosen again, as the address names them; nobody can choose what was pasted. */
export function fileNames({ files, awaited }: UploadForm): string[] {
  const chosen = files.filter(({ isPasted }) => !isPasted);
  return [...chosen.map(({ file }) => file.name), ...awaited.map(({ name }) => name)];
}

/** Whether something was said of how the file is read or where its fields go, which takes work to say again. */
export function isTouched(form: UploadForm): boolean {
  const names = Object.keys(ofFile) as (keyof typeof ofFile)[];
  return names.some(
    (name) => name !== "commitMode" && JSON.stringify(form[name]) !== JSON.stringify(ofFile[name]),
  );
}

/** Whether leaving now would lose work: choices that no upload has taken, or a table that was pasted. */
export function isUnsaved(form: UploadForm): boolean {
  if (form.files.length === 0 || form.started !== null) return false;
  return isTouched(form) || form.files.some(({ isPasted }) => isPasted);
}

/** Where the rows go; undefined while the reader has not said. */
export function targetTable(form: UploadForm): TableName | undefined {
  if (form.kind === "existing") return form.table;
  return form.newTable.table === "" ? undefined : form.newTable;
}
