import { create } from "@bufbuild/protobuf";

import {
  type Dialect,
  DialectSchema,
  Quotes,
  Ragged,
  type ValueOptions,
  ValueOptionsSchema,
} from "../../gen/sluice/v1/dialect_pb";
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
} from "../../gen/sluice/v1/ingest_service_pb";
import { createStatement, effectiveKey, plannedColumns, proposedKey } from "./create-table";
import {
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
export function valuesOf(choice: ValueChoice): ValueOptions {
  const { trim, round, emptyAsDefault } = choice;
  const nullMarkers = choice.nullMarkers
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  const values = create(ValueOptionsSchema, { nullMarkers, trim, round, emptyAsDefault });
  if (choice.decimalComma !== null) values.decimalComma = choice.decimalComma;
  if (choice.padRagged) values.ragged = Ragged.PAD;
  if (choice.lenientQuotes) values.quotes = Quotes.LENIENT;
  return values;
}

/** Whether the first records name the columns. */
export function hasHeader(inspection: InspectFileResponse): boolean {
  return (inspection.profile?.dialect?.headerRows ?? 1) > 0;
}

/** The columns of an existing table with their fields, as matched and as chosen. */
export function mappedColumns(
  mapping: UploadForm["mapping"],
  inspection: Pick<InspectFileResponse, "matches">,
): ColumnMapping[] {
  if (Object.keys(mapping).length === 0) return [];
  return inspection.matches.flatMap((match) => {
    if (match.kind === MatchKind.EXTRA) return [];
    const source = mapping[match.column] ?? match.source ?? "";
    return source === "" ? [] : [create(ColumnMappingSchema, { column: match.column, source })];
  });
}

/** The new table: how its columns are filled, and its statement where it is not the proposed one. */
export function newTableOf(form: UploadForm, inspection: InspectFileResponse) {
  const columns = plannedColumns(
    inspection.profile?.columns ?? [],
    form.edits,
    hasHeader(inspection),
  );
  const key = effectiveKey(form, proposedKey(inspection.createStatement), columns);
  const isChanged = columns.some(({ isEdited }) => isEdited) || form.sortingKey !== null;
  const built = isChanged
    ? createStatement(form.newTable, columns, key)
    : inspection.createStatement;
  const isNamed = columns.every(({ name, found, isLeftOut }) => name === found && !isLeftOut);
  const mapping = columns
    .filter(({ isLeftOut }) => !isLeftOut)
    .map(({ name, source }) => create(ColumnMappingSchema, { column: name, source }));
  return {
    columns,
    statement: form.statement ?? built,
    isChanged: isChanged || form.statement !== null,
    mapping: isNamed ? [] : mapping,
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
    values: valuesOf(form.values),
    rejects: policyOf(form.policy),
    commitMode: commitModeOf(form, isFirst),
    totalBytes: BigInt(file.size),
    sourceName: file.name,
    dryRun: isDryRun,
    ignoreExtraFields: form.ignoreExtra,
    defaultMissingColumns: form.defaultMissing,
  });
  if (form.kind === "existing") {
    spec.columns = mappedColumns(form.mapping, inspection);
    return spec;
  }
  const { statement, isChanged, mapping } = newTableOf(form, inspection);
  spec.columns = mapping;
  spec.createTable = isFirst;
  if (isFirst && isChanged) spec.createStatement = statement;
  return spec;
}
