import { clone, create, equals } from "@bufbuild/protobuf";

import {
  type ColumnValueOptions,
  ColumnValueOptionsSchema,
  ValueOptionsSchema,
} from "./gen/sluice/v1/dialect_pb.js";
import {
  type UploadResponse,
  type UploadSpec,
  UploadSpecSchema,
} from "./gen/sluice/v1/ingest_service_pb.js";
import type { ProfileColumn } from "./gen/sluice/v1/profile_pb.js";
import { IncompleteError } from "./sluice-error.js";
import type { Source } from "./source.js";
import { randomUuid } from "./uuid.js";

/*
 * A table is made of a file that is read twice: first for the types in all of it, then to load it.
 *
 * The second pass must never guess: what the first has found is said in full.
 */

/** Files up to this size are read twice unless it is said, in bytes. */
const scanBytes = 64 << 20;

/** Whether the file is read for the types first; `asked` is what the caller says. */
export function isScanDue(spec: UploadSpec, source: Source, asked: boolean | undefined): boolean {
  if (!spec.createTable || spec.createStatement !== "" || asked === false) return false;
  if (asked === true && !source.isRereadable) {
    throw new TypeError(`fullScan reads the source twice, and ${source.name} can be read once`);
  }
  if (asked === true) return true;
  const isSmall = source.totalBytes !== undefined && source.totalBytes <= scanBytes;
  return source.isRereadable && isSmall && spec.sniff !== false;
}

/** The first pass: a dry run that finds the types in the whole file. */
export function scanOf(spec: UploadSpec): UploadSpec {
  const first = clone(UploadSpecSchema, spec);
  return Object.assign(first, { transferId: randomUuid(), dryRun: true, fullScan: true });
}

/** The second pass: the statement, the dialect and the rules of the columns that were found. */
export function settled(spec: UploadSpec, found: UploadResponse): UploadSpec {
  const { createStatement, profile } = found;
  if (createStatement === "" || !profile?.dialect) {
    throw new IncompleteError("the server's answer has no statement, which the contract promises");
  }
  const second = clone(UploadSpecSchema, spec);
  // The statement says where.
  second.createOnCluster = "";
  second.createStatement = createStatement;
  second.dialect = profile.dialect;
  second.sniff = false;
  const values = second.values ?? create(ValueOptionsSchema);
  const given = new Map(values.columns.map((rules) => [rules.column, rules]));
  for (const [index, column] of profile.columns.entries()) {
    const name = targetOf(column, index, spec);
    if (name === undefined) continue;
    const rules = rulesOf(name, column);
    const own = given.get(name);
    if (own) merge(own, rules);
    else if (
      !equals(ColumnValueOptionsSchema, rules, create(ColumnValueOptionsSchema, { column: name }))
    ) {
      values.columns.push(rules);
    }
  }
  if (values.columns.length > 0) second.values = values;
  return second;
}

/** The column of the table that a field of the file goes to. */
function targetOf(
  column: ProfileColumn,
  index: number,
  { columns }: UploadSpec,
): string | undefined {
  if (columns.length === 0) return column.name;
  const names = [column.originalName ?? column.name, column.name];
  return columns.find(({ column: target, source }) =>
    source === "" ? names.includes(target) : [...names, `${index + 1}`].includes(source),
  )?.column;
}

function rulesOf(column: string, found: ProfileColumn): ColumnValueOptions {
  const { nullMarkers, dateFormat, decimalComma, thousands, unit, excelText } = found;
  return create(ColumnValueOptionsSchema, {
    column,
    nullMarkers,
    dateFormat,
    ...(decimalComma && { decimalComma }),
    ...(thousands !== undefined && { thousands }),
    ...(unit !== undefined && { unit }),
    ...(excelText && { excelText }),
  });
}

/** Fills in what was left open. */
function merge(given: ColumnValueOptions, found: ColumnValueOptions): void {
  given.nullMarkers = [...new Set([...given.nullMarkers, ...found.nullMarkers])];
  if (given.dateFormat === "") given.dateFormat = found.dateFormat;
  if (found.decimalComma !== undefined) given.decimalComma ??= found.decimalComma;
  if (found.thousands !== undefined) given.thousands ??= found.thousands;
  if (found.unit !== undefined) given.unit ??= found.unit;
  if (found.excelText !== undefined) given.excelText ??= found.excelText;
}
