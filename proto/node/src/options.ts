import { create, type DescEnum, type DescMessage, type MessageShape } from "@bufbuild/protobuf";

import { enumValue } from "./enums.js";
import {
  type ColumnValueOptions,
  ColumnValueOptionsSchema,
  type Dialect,
  DialectSchema,
  type ExportStyle,
  ExportStyleSchema,
  type ValueOptions,
  ValueOptionsSchema,
} from "./gen/sluice/v1/dialect_pb.js";
import {
  CommitMode,
  CommitModeSchema,
  type UploadSpec,
  UploadSpecSchema,
} from "./gen/sluice/v1/ingest_service_pb.js";
import { type TableRef, TableRefSchema } from "./gen/sluice/v1/schema_pb.js";
import { randomUuid } from "./uuid.js";

export type Format = "csv" | "tsv" | "ndjson";
export type Compression = "none" | "gzip" | "zstd" | "xz" | "zip";
export type Mode = "auto" | "atomic" | "blocks" | "replace" | "direct";

/** The fields of a message as options: counts as numbers, enums by their words. */
type Plain<T, Words = unknown> = {
  [K in Exclude<keyof T, "$typeName" | "$unknown" | keyof Words>]?:
    (T[K] extends bigint | undefined ? number | bigint : T[K]) | undefined;
} & { [K in keyof Words]?: Words[K] | undefined };

/** How the bytes of a file are cut into fields; what is left out is found. See `Dialect` of the contract. */
export type DialectOptions = Plain<Dialect, { format: Format; compression: Compression }>;
/** How the texts of one column are read. See `ColumnValueOptions` of the contract. */
export type ColumnOptions = Omit<Plain<ColumnValueOptions>, "column">;
/** How a file is read. By default a value fits its column exactly, or its record is rejected. */
export type ReadOptions = DialectOptions &
  Omit<
    Plain<ValueOptions, { ragged: "reject" | "pad"; quotes: "strict" | "lenient" }>,
    "columns"
  > & { columnOptions?: Record<string, ColumnOptions> | undefined };

/** What an upload may be told beside its source and its table. */
export type LoadOptions = ReadOptions & {
  /** Make the table, with types found in the file. */
  create?: boolean;
  /** The CREATE TABLE to run. */
  createStatement?: string;
  /** The cluster on whose servers to make it. */
  createOnCluster?: string;
  /**
   * With `create`: whether to read all of the file for the types, or only its first MiB. Default: files up to 64 MiB
   * that can be read twice.
   */
  fullScan?: boolean;
  /** The columns to load; a record names the field of each. */
  columns?: readonly string[] | Record<string, string>;
  /** Columns whose fields have other names in the header. */
  rename?: Record<string, string>;
  /** How rows become visible. Default: "auto". */
  mode?: Mode;
  /** How many records may be rejected. Default: none. */
  maxRejects?: number;
  /** Which share of all records may be rejected, from 0 to 1. */
  maxRejectShare?: number;
  /** Leave out fields that have no column. */
  ignoreExtra?: boolean;
  /** Columns without a field, a DEFAULT and NULL get the default of their type. */
  defaultMissing?: boolean;
  /** With the mode "replace", whether a file without a row may empty the table. */
  allowEmpty?: boolean;
  /** Read and check everything, load nothing. */
  dryRun?: boolean;
  /** Whether to find out what the options leave open. */
  sniff?: boolean;
  /** The name of the file in lists of transfers. */
  sourceName?: string;
  /** The size of a source that does not tell it; a file that ends at another one is refused. */
  totalBytes?: number;
};

/** How a file is written. */
export type WriteOptions = DialectOptions &
  Plain<
    ExportStyle,
    { lineEnd: "lf" | "crlf" | "cr"; quoteStyle: "necessary" | "always" | "non_numeric" }
  >;

/** Options that were given, of which each taker takes its own. */
export class Given {
  private readonly rest: Map<string, unknown>;

  constructor(options: object) {
    this.rest = new Map(Object.entries(options).filter(([, value]) => value !== undefined));
  }

  /** Takes one out; undefined when it was not given. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what a caller says it is
  take<T>(name: string): T | undefined {
    const value = this.rest.get(name);
    this.rest.delete(name);
    return value as T | undefined;
  }

  /** A message with those of the options that are fields of it; undefined when there are none. */
  message<D extends DescMessage>(
    desc: D,
    except: readonly string[] = [],
  ): MessageShape<D> | undefined {
    const init: Record<string, unknown> = {};
    for (const field of desc.fields) {
      const name = field.localName;
      if (!this.rest.has(name) || except.includes(name)) continue;
      const value = this.take(name);
      if (field.fieldKind === "enum") init[name] = numberOf(field.enum, name, String(value));
      else if (typeof value === "number" && isLong(field)) init[name] = BigInt(value);
      else init[name] = value;
    }
    const isEmpty = Object.keys(init).length === 0;
    return isEmpty ? undefined : create<D>(desc, init as never);
  }

  /** Throws for options that nobody has taken. */
  end(where: string): void {
    const [name] = this.rest.keys();
    if (name !== undefined) throw new TypeError(`${where} has no option \`${name}\``);
  }
}

function isLong(field: DescMessage["fields"][number]): boolean {
  // protobuf-es makes `bigint` of the integers of 64 bits.
  return field.fieldKind === "scalar" && [3, 4, 6, 16, 18].includes(field.scalar);
}

/** The number for a word of an enum. */
function numberOf(desc: DescEnum, name: string, text: string): number {
  const wordOfValue = (value: DescEnum["values"][number]) => value.localName.toLowerCase();
  const found = desc.values.find((value) => value.number > 0 && wordOfValue(value) === text);
  if (found) return found.number;
  const words = desc.values.filter(({ number }) => number > 0).map(wordOfValue);
  throw new TypeError(`${name}: "${text}" is none of ${words.join(", ")}`);
}

/** The word for a number of an enum; empty for none. */
export function wordOf(desc: DescEnum, number: number): string {
  return number === 0 ? "" : (desc.value[number]?.localName.toLowerCase() ?? String(number));
}

/** Takes what says how a file is read. */
export function reading(given: Given): Pick<UploadSpec, "dialect" | "values"> {
  const dialect = given.message(DialectSchema);
  const perColumn = Object.entries(given.take<Record<string, object>>("columnOptions") ?? {});
  const values = given.message(ValueOptionsSchema, ["columns"]);
  const columns = perColumn.map(([column, options]) => {
    const rest = new Given(options);
    const found = rest.message(ColumnValueOptionsSchema) ?? create(ColumnValueOptionsSchema);
    rest.end(`columnOptions of ${column}`);
    return { ...found, column };
  });
  if (columns.length === 0) return { ...(dialect && { dialect }), ...(values && { values }) };
  return {
    ...(dialect && { dialect }),
    values: { ...(values ?? create(ValueOptionsSchema)), columns },
  };
}

/** Takes the dialect and the style of a file that is written. */
export function writing(given: Given) {
  return { dialect: given.message(DialectSchema), style: given.message(ExportStyleSchema) };
}

/** Makes the spec of an upload; takes what it knows out of the options. */
export function uploadSpec(table: string, transferId: string, given: Given): UploadSpec {
  const columns = given.take<readonly string[] | Record<string, string>>("columns");
  const spec = create(UploadSpecSchema, {
    transferId,
    table: tableRef(table),
    ...reading(given),
    columns: isList(columns) ? columns.map((column) => ({ column })) : pairs(columns),
    renames: pairs(given.take("rename")),
    createTable: given.take<boolean>("create") ?? false,
    ignoreExtraFields: given.take<boolean>("ignoreExtra") ?? false,
    defaultMissingColumns: given.take<boolean>("defaultMissing") ?? false,
  });
  const mode = given.take<string>("mode") ?? "auto";
  if (mode !== "auto")
    spec.commitMode = enumValue(
      CommitMode,
      numberOf(CommitModeSchema, "mode", mode),
      CommitMode.UNSPECIFIED,
    );
  const maxRows = given.take<number>("maxRejects");
  const maxShare = given.take<number>("maxRejectShare");
  if (maxRows !== undefined || maxShare !== undefined) {
    spec.rejects = {
      $typeName: "sluice.v1.RejectPolicy",
      ...(maxRows !== undefined && { maxRows: BigInt(maxRows) }),
      ...(maxShare !== undefined && { maxShare }),
    };
  }
  const totalBytes = given.take<number>("totalBytes");
  if (totalBytes !== undefined) spec.totalBytes = BigInt(totalBytes);
  spec.createStatement = given.take("createStatement") ?? "";
  spec.createOnCluster = given.take("createOnCluster") ?? "";
  spec.sourceName = given.take("sourceName") ?? "";
  spec.allowEmpty = given.take("allowEmpty") ?? false;
  spec.dryRun = given.take("dryRun") ?? false;
  const sniff = given.take<boolean>("sniff");
  if (sniff !== undefined) spec.sniff = sniff;
  if (spec.createStatement !== "" || spec.createOnCluster !== "") spec.createTable = true;
  return spec;
}

function isList(columns: readonly string[] | object | undefined): columns is readonly string[] {
  return Array.isArray(columns);
}

function pairs(columns: Record<string, string> | undefined) {
  return Object.entries(columns ?? {}).map(([column, source]) => ({ column, source }));
}

/** Reads `db.table` or `table`; a name with other characters stands in backticks. */
export function tableRef(name: string): TableRef {
  const parts: string[] = [];
  const part = /`((?:[^`]|``)+)`|([^`.]+)/y;
  for (;;) {
    const found = part.exec(name);
    if (!found) break;
    parts.push(found[1]?.replaceAll("``", "`") ?? found[2] ?? "");
    if (part.lastIndex === name.length) {
      if (parts.length > 2) break;
      const [first = "", second] = parts;
      return create(
        TableRefSchema,
        second === undefined ? { table: first } : { database: first, table: second },
      );
    }
    if (name[part.lastIndex] !== ".") break;
    part.lastIndex += 1;
  }
  const what = "`db.table` or `table`, other names in backticks";
  throw new TypeError(`${JSON.stringify(name)} is no table: ${what}`);
}

/** Writes the name as `tableRef` reads it. */
export function tableName(table: TableRef | undefined): string {
  const parts = [table?.database ?? "", table?.table ?? ""].filter((part) => part !== "");
  const quoted = (part: string) =>
    /^\w+$/.test(part) ? part : `\`${part.replaceAll("`", "``")}\``;
  return parts.map(quoted).join(".");
}

/** The id as the server writes it, or a new one. */
export function transferIdOf(given: string | undefined): string {
  if (given === undefined) return randomUuid();
  const id = given.toLowerCase();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new TypeError(`${JSON.stringify(given)} is no id of a transfer: it is a UUID`);
}
