import { create } from "@bufbuild/protobuf";
import {
  ColumnValueOptionsSchema,
  type Dialect,
  DialectSchema,
  Quotes,
  Ragged,
  type ValueOptions,
  ValueOptionsSchema,
} from "sluice-client/gen/sluice/v1/dialect_pb";
import {
  type ColumnMapping,
  ColumnMappingSchema,
  CommitMode,
  type InspectFileResponse,
  MatchKind,
  type RejectPolicy,
  RejectPolicySchema,
  type UploadSpec,
  UploadSpecSchema,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { createStatement, effectiveKey, plannedColumns, proposedKey } from "./create-table";
import { fieldsOf, isByNumber, numberOf } from "./fields";
import {
  type ColumnChoice,
  type DialectChoice,
  type Policy,
  targetTable,
  type UploadForm,
  type ValueChoice,
} from "./upload-form";

/** What is known of the dialect, for the server to find the rest. */
export function dialectOf({ skipLines, endLine, ...rest }: DialectChoice): Dialect {
  const dialect = create(DialectSchema, rest);
  if (skipLines !== undefined) dialect.skipLines = BigInt(skipLines);
  if (endLine !== undefined) dialect.endLine = BigInt(endLine);
  return dialect;
}

/** What is known of the values. */
export function valuesOf(
  choice: ValueChoice,
  columns: Readonly<Record<string, ColumnChoice>> = {},
): ValueOptions {
  const { trim, round, emptyAsDefault } = choice;
  const values = create(ValueOptionsSchema, {
    nullMarkers: wordsOf(choice.nullMarkers),
    trueWords: wordsOf(choice.trueWords),
    falseWords: wordsOf(choice.falseWords),
    trim,
    round,
    emptyAsDefault,
    columns: Object.entries(columns).map(([column, { nullMarkers = "", ...rest }]) =>
      create(ColumnValueOptionsSchema, { column, nullMarkers: wordsOf(nullMarkers), ...rest }),
    ),
  });
  if (choice.decimalComma !== null) values.decimalComma = choice.decimalComma;
  if (choice.padRagged) values.ragged = Ragged.PAD;
  if (choice.lenientQuotes) values.quotes = Quotes.LENIENT;
  return values;
}

function wordsOf(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

/** The columns of an existing table with their fields, as matched and as chosen. */
export function mappedColumns(
  mapping: UploadForm["mapping"],
  inspection: Pick<InspectFileResponse, "matches" | "profile">,
): ColumnMapping[] {
  if (Object.keys(mapping).length === 0) return [];
  const columns = inspection.matches.flatMap((match) => {
    if (match.kind === MatchKind.EXTRA) return [];
    const source = mapping[match.column] ?? match.source ?? "";
    return source === "" ? [] : [create(ColumnMappingSchema, { column: match.column, source })];
  });
  return numbered(columns, inspection).columns;
}

/** Columns with their fields, by number where a name stands twice; and what the dialect then has to say. */
function numbered(columns: ColumnMapping[], inspection: Pick<InspectFileResponse, "profile">) {
  const fields = fieldsOf(inspection);
  const sources = columns.map(({ source }) => source);
  if (!isByNumber(fields, sources)) return { columns, isByNumber: false };
  for (const column of columns) column.source = numberOf(fields, column.source);
  return { columns, isByNumber: true };
}

/** The dialect for a file that is read below its header. */
export function belowHeader(
  dialect: Dialect,
  { profile }: Pick<InspectFileResponse, "profile">,
): Dialect {
  const { skipLines = 0n, headerRows = 1 } = profile?.dialect ?? {};
  return create(DialectSchema, {
    ...profile?.dialect,
    ...dialect,
    headerRows: 0,
    skipLines: skipLines + BigInt(headerRows),
  });
}

/** Whether the chosen fields can only be told by their numbers. */
export function isMappedByNumber(
  mapping: UploadForm["mapping"],
  inspection: Pick<InspectFileResponse, "profile">,
): boolean {
  return isByNumber(fieldsOf(inspection), Object.values(mapping));
}

/** The new table: how its columns are filled, and its statement where it is not the proposed one. */
export function newTableOf(form: UploadForm, inspection: InspectFileResponse) {
  const columns = plannedColumns(
    inspection.profile?.columns ?? [],
    form.edits,
    fieldsOf(inspection).map(({ key }) => key),
  );
  const key = effectiveKey(form, proposedKey(inspection.createStatement), columns);
  const isChanged = columns.some(({ isEdited }) => isEdited) || form.sortingKey !== null;
  const built = isChanged
    ? createStatement(form.newTable, columns, key)
    : inspection.createStatement;
  const isNamed = columns.every(({ name, found, isLeftOut }) => name === found && !isLeftOut);
  const loaded = columns
    .filter(({ isLeftOut }) => !isLeftOut)
    .map(({ name, source }) => create(ColumnMappingSchema, { column: name, source }));
  const mapping = numbered(loaded, inspection);
  return {
    columns,
    statement: form.statement ?? built,
    isChanged: isChanged || form.statement !== null,
    mapping: isNamed ? [] : mapping.columns,
    isByNumber: !isNamed && mapping.isByNumber,
  };
}

/** How many rows may be rejected. */
export function policyOf(policy: Policy): RejectPolicy {
  switch (policy.kind) {
    case "stop":
      return create(RejectPolicySchema);
    case "rows":
      return create(RejectPolicySchema, { maxRows: BigInt(Math.max(0, Math.floor(policy.max))) });
    case "share":
      return create(RejectPolicySchema, { maxShare: policy.percent / 100 });
  }
}

/** What differs between the uploads of one form. */
interface SpecOptions {
  transferId: string;
  file: Pick<File, "name" | "size">;
  /** Whether it is the first file, which makes a new table, or takes the place of the old rows. */
  isFirst: boolean;
  isDryRun: boolean;
}

/** Only the first of several files replaces the old rows: the next one would replace those of the first. */
function commitModeOf({ commitMode }: UploadForm, isFirst: boolean): CommitMode {
  return commitMode === CommitMode.REPLACE && !isFirst ? CommitMode.UNSPECIFIED : commitMode;
}

/** All that the server is told of one upload. */
export function buildSpec(
  form: UploadForm,
  inspection: InspectFileResponse,
  { transferId, file, isFirst, isDryRun }: SpecOptions,
): UploadSpec {
  const spec = create(UploadSpecSchema, {
    transferId,
    table: targetTable(form) ?? {},
    dialect: dialectOf(form.dialect),
    rejects: policyOf(form.policy),
    commitMode: commitModeOf(form, isFirst),
    totalBytes: BigInt(file.size),
    sourceName: file.name,
    dryRun: isDryRun,
    ignoreExtraFields: form.ignoreExtra,
    defaultMissingColumns: form.defaultMissing,
  });
  if (form.kind === "existing") {
    spec.values = valuesOf(form.values, form.columnValues);
    spec.columns = mappedColumns(form.mapping, inspection);
    if (isMappedByNumber(form.mapping, inspection)) {
      spec.dialect = belowHeader(dialectOf(form.dialect), inspection);
    }
    return spec;
  }
  const { columns, statement, isChanged, mapping, isByNumber } = newTableOf(form, inspection);
  const choices = columns.flatMap(({ found, name, isLeftOut }) => {
    const choice = form.columnValues[found];
    return choice && !isLeftOut ? [[name, choice] as const] : [];
  });
  spec.values = valuesOf(form.values, Object.fromEntries(choices));
  if (isByNumber) spec.dialect = belowHeader(dialectOf(form.dialect), inspection);
  spec.columns = mapping;
  spec.createTable = isFirst;
  if (isFirst && isChanged) spec.createStatement = statement;
  return spec;
}
