import { Compression, Format, LineEnd, QuoteStyle } from "sluice-client/gen/sluice/v1/dialect_pb";
import { Operator } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { createStore } from "../../lib/store";
import type { TableName } from "../catalog/load-catalog";
import type { JoinPlan } from "./join-sql";

/** The steps of an export, in their order. */
export type ExportStep = "source" | "format" | "save";

/** A condition as it is typed; several values are separated by commas. */
export interface ConditionChoice {
  column: string;
  operator: Operator;
  value: string;
}

/** One column of the order. */
export interface OrderChoice {
  column: string;
  isDescending: boolean;
}

/** How the file is written. */
export interface FormatChoice {
  format: Format;
  delimiter: string;
  hasHeader: boolean;
  quoteStyle: QuoteStyle;
  lineEnd: LineEnd;
  nullMarker: string;
  encoding: string;
  compression: Compression;
  isExcelSafe: boolean;
}

/** All that the reader has chosen. */
export interface ExportForm {
  step: ExportStep;
  kind: "table" | "join" | "query";
  table: TableName | undefined;
  /** The columns in the order of the file; null: all. */
  columns: readonly string[] | null;
  where: readonly ConditionChoice[];
  orderBy: readonly OrderChoice[];
  /** The most rows; empty for all. */
  limit: string;
  join: JoinPlan;
  query: string;
  format: FormatChoice;
  /** The name of the file; empty: from the table. */
  fileName: string;
  /** The export that was started from here. */
  started: string | null;
}

/** An export of which nothing is known. */
export const initialExport: ExportForm = {
  step: "source",
  kind: "table",
  table: undefined,
  columns: null,
  where: [],
  orderBy: [],
  limit: "",
  join: { tables: [] },
  query: "SELECT *\nFROM ",
  format: {
    format: Format.CSV,
    delimiter: ",",
    hasHeader: true,
    quoteStyle: QuoteStyle.NECESSARY,
    lineEnd: LineEnd.LF,
    nullMarker: "\\N",
    encoding: "utf-8",
    compression: Compression.NONE,
    isExcelSafe: false,
  },
  fileName: "",
  started: null,
};

/** The export that is being prepared. It outlives its page, so that going back loses nothing. */
export const exportForm = createStore<ExportForm>(initialExport);

/** Changes some of it. */
export function changeExport(change: Partial<ExportForm>): void {
  exportForm.update((form) => ({ ...form, ...change }));
}

/** Chooses another table; what was said of the columns of the one before is forgotten. */
export function chooseTable(table: TableName): void {
  changeExport({ table, columns: null, where: [], orderBy: [], started: null });
}

/** A condition that holds for no column yet. */
export const emptyCondition: ConditionChoice = { column: "", operator: Operator.EQUAL, value: "" };
