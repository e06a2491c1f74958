import type { PickedFile } from "../../components/picked-file";
import type { Compression, Format } from "../../gen/sluice/v1/dialect_pb";
import { CommitMode } from "../../gen/sluice/v1/ingest_service_pb";
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
}

/** What the reader has said of how values are read. Named as in `ValueOptions`. */
export interface ValueChoice {
  /** Words for NULL, separated by commas. */
  nullMarkers: string;
  trim: boolean;
  decimalComma: boolean | null;
  round: boolean;
  emptyAsDefault: boolean;
  padRagged: boolean;
  lenientQuotes: boolean;
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

/** All that the reader has chosen. */
export interface UploadForm {
  step: UploadStep;
  files: readonly PickedFile[];
  dialect: DialectChoice;
  values: ValueChoice;
  kind: "new" | "existing";
  /** The new table. */
  newTable: TableName;
  /** The table that is there. */
  table: TableName | undefined;
  /** By the name that was found for the column. */
  edits: Readonly<Record<string, ColumnEdit>>;
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
  /** The queue that was started from here. */
  started: string | null;
}

const initialValues: ValueChoice = {
  nullMarkers: "",
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
  dialect: {},
  values: initialValues,
  kind: "new",
  newTable: { database: "", table: "" },
  table: undefined,
  edits: {},
  sortingKey: null,
  statement: null,
  mapping: {},
  ignoreExtra: false,
  defaultMissing: false,
  policy: { kind: "stop" },
  commitMode: CommitMode.UNSPECIFIED,
  started: null,
};

/** The upload that is being prepared. It outlives its page, so that going back loses nothing. */
export const uploadForm = createStore<UploadForm>(initialForm);

/** Changes some of it. */
export function changeForm(change: Partial<UploadForm>): void {
  uploadForm.update((form) => ({ ...form, ...change }));
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
    ...(isOther ? { table, mapping: {} } : {}),
  });
}

/**
 * Takes files; what was said of another first file is forgotten, the target is kept. How rows become visible
 * is forgotten too: one file that was to replace all rows does not make the next one do it.
 */
export function takeFiles(files: readonly PickedFile[]): void {
  const first = files[0];
  uploadForm.update((form) => ({
    ...form,
    files,
    dialect: {},
    values: initialValues,
    edits: {},
    sortingKey: null,
    statement: null,
    mapping: {},
    commitMode: CommitMode.UNSPECIFIED,
    started: null,
    newTable: { ...form.newTable, table: first ? tableNameOfFile(first.file.name) : "" },
    step: first ? "format" : "file",
  }));
}

/** Where the rows go; undefined while the reader has not said. */
export function targetTable(form: UploadForm): TableName | undefined {
  if (form.kind === "existing") return form.table;
  return form.newTable.table === "" ? undefined : form.newTable;
}
