import { Compression, Format } from "sluice-client/gen/sluice/v1/dialect_pb";
import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import type { FileProfile } from "sluice-client/gen/sluice/v1/profile_pb";

import type { Option } from "../../components/select-field";
import { formatRows, formatShare } from "../../lib/format";

/** Delimiters to choose from. */
export const delimiters: readonly Option<string>[] = [
  [",", "Comma  ,"],
  [";", "Semicolon  ;"],
  ["\t", "Tab"],
  ["|", "Pipe  |"],
  [":", "Colon  :"],
  [" ", "Space"],
];

/** Quotes to choose from. */
export const quotes: readonly Option<string>[] = [
  ['"', 'Double quote  "'],
  ["'", "Single quote  '"],
  ["`", "Backtick  `"],
  ["", "None"],
];

/** Escapes to choose from. */
export const escapes: readonly Option<string>[] = [
  ["", "None, quotes are doubled"],
  ["\\", "Backslash  \\"],
];

/** Encodings to choose from; the server takes more. */
export const encodings: readonly Option<string>[] = [
  "utf-8",
  "utf-16le",
  "utf-16be",
  "windows-1252",
  "iso-8859-2",
  "iso-8859-15",
  "windows-1250",
  "windows-1251",
  "koi8-r",
  "macintosh",
  "shift_jis",
  "euc-jp",
  "gb18030",
  "big5",
  "euc-kr",
].map((label) => [label, label]);

/** Formats to choose from. */
export const formats: readonly Option<string>[] = [
  [`${Format.CSV}`, "CSV, values between delimiters"],
  [`${Format.TSV}`, "TSV, as ClickHouse writes it"],
  [`${Format.NDJSON}`, "NDJSON, one object a line"],
  [`${Format.WORKBOOK}`, "Workbook, a sheet of xlsx or ods"],
];

/** Compressions to choose from. */
export const compressions: readonly Option<string>[] = [
  [`${Compression.NONE}`, "None"],
  [`${Compression.GZIP}`, "gzip"],
  [`${Compression.ZSTD}`, "zstd"],
  [`${Compression.BZIP2}`, "bzip2"],
  [`${Compression.XZ}`, "xz"],
  [`${Compression.ZIP}`, "zip, one file"],
];

/** The options, with `value` among them. */
export function withOption(options: readonly Option<string>[], value: string): Option<string>[] {
  const isThere = options.some(([option]) => option === value);
  return isThere ? [...options] : [...options, [value, visible(value)]];
}

/** A text with its invisible characters named. */
export function visible(text: string): string {
  if (text === "") return "none";
  const names: Record<string, string> = { "\t": "tab", " ": "space", "\n": "LF", "\r": "CR" };
  return Array.from(text)
    .map((part) => names[part] ?? (part < " " ? `0x${part.charCodeAt(0).toString(16)}` : part))
    .join("");
}

/** What a delimiter is called in a sentence. */
function delimiterName(delimiter: string): string {
  const [, label] = delimiters.find(([value]) => value === delimiter) ?? [];
  return label?.split(" ")[0]?.toLowerCase() ?? `${visible(delimiter)} between`;
}

/** How a part of the dialect came about. */
export function findingText(profile: FileProfile | undefined, name: string): string {
  const finding = profile?.findings.find((found) => found.name === name);
  if (!finding) return "";
  if (finding.given) return "your choice";
  const other = finding.runnerUp === undefined ? "" : `, else ${visible(finding.runnerUp)}`;
  return `found, ${formatShare(finding.confidence)} sure${other}`;
}

/** The format of a file in a few words: `CSV, comma, 7 columns`. */
export function formatSummary(found: InspectFileResponse): string {
  const { dialect, columns } = found.profile ?? {};
  const count = formatRows(columns?.length ?? 0, "column");
  if (dialect?.format === Format.NDJSON) return `NDJSON, ${count}`;
  if (dialect?.format === Format.TSV) return `TSV, ${count}`;
  if (dialect?.format === Format.WORKBOOK) return `Workbook, ${count}`;
  return `CSV, ${delimiterName(dialect?.delimiter ?? ",")}, ${count}`;
}
