import { Format } from "sluice-client/gen/sluice/v1/dialect_pb";
import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { moveWithin } from "../../components/move-within";
import { formatCount } from "../../lib/format";
import { compressions, delimiters, formats, visible } from "./dialect-options";

interface FindingsSentenceProps {
  inspection: InspectFileResponse;
  /** Shows the choice with this label. */
  onOpen: (label: string) => void;
}

/** How the file is written, as one sentence; each word that was found opens its choice. */
export function FindingsSentence({ inspection, onOpen }: FindingsSentenceProps) {
  const { dialect, columns, trailingLines } = inspection.profile ?? {};
  if (!dialect) return null;
  const { headerRows = 1, skipLines = 0n } = dialect;
  const word = (label: string, text: string) => (
    <button
      type="button"
      className="word"
      tabIndex={label === "Format" ? 0 : -1}
      onClick={() => onOpen(label)}
    >
      {text}
    </button>
  );
  const { workbook } = inspection.profile ?? {};
  const isCut = dialect.format !== Format.NDJSON;
  const isPacked = nameOf(compressions, dialect.compression) !== "None";
  return (
    <p className="findings" onKeyDown={moveWithin}>
      {word("Format", nameOf(formats, dialect.format))}
      {isPacked && (
        <> packed with {word("Compression", nameOf(compressions, dialect.compression))}</>
      )}
      {workbook && ` (${workbook.kind}), sheet ${workbook.sheet}`}
      {isCut && !workbook && dialect.format !== Format.TSV && (
        <> with {word("Delimiter", delimiterWords(dialect.delimiter ?? ","))} between values</>
      )}
      {isCut && <>, {word("Header lines", headerWords(headerRows))}</>}
      {skipLines > 0n && (
        <> below {word("Lines to skip above", `${formatCount(skipLines)} other lines`)}</>
      )}
      {!workbook && <>, in {word("Encoding", dialect.encoding || "utf-8")}</>}:{" "}
      {columnWords(columns?.length ?? 0)}
      {trailingLines !== undefined && trailingLines > 0n && " and lines below the table"}.
      {workbook?.notes.map((note) => (
        <span key={note}> {note}.</span>
      ))}
    </p>
  );
}

function nameOf(options: readonly (readonly [string, string])[], value: number): string {
  return (options.find(([option]) => option === `${value}`)?.[1] ?? "CSV").split(",")[0] ?? "";
}

function delimiterWords(delimiter: string): string {
  const name = delimiters
    .find(([value]) => value === delimiter)?.[1]
    .split(" ")[0]
    ?.toLowerCase();
  return name === undefined ? visible(delimiter) : `a ${name}`;
}

function headerWords(count: number): string {
  if (count === 0) return "no header";
  return count === 1 ? "one header line" : `${count} header lines`;
}

function columnWords(count: number): string {
  return count === 1 ? "one column" : `${formatCount(count)} columns`;
}
