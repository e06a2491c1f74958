import type {
  FileAccount,
  LineCount,
  UploadResponse,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { CodeBlock } from "../../components/code-block";
import { Note } from "../../components/note";
import { Stat } from "../../components/stat";
import { formatBytes, formatCount, formatDuration, formatRows } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { href } from "../../lib/route";
import { modeWords } from "./transfer-words";
import { elapsedMs } from "./watch";

interface UploadResultProps {
  result: UploadResponse;
  isDryRun: boolean;
}

const decoder = new TextDecoder();

/** The lines of a file that are no records, with the first of them. */
function LeftOut({ account }: { account: FileAccount }) {
  const parts: [LineCount | undefined, string, string][] = [
    [account.before, "line", " before the table"],
    [account.comments, "comment", ""],
    [account.blank, "blank line", ""],
    [account.after, "line", " after the table"],
  ];
  return parts.map(([part, what, place]) => {
    if (!part || part.lines === 0n) return null;
    const examples = part.examples.map((line) => `“${decoder.decode(line)}”`).join(", ");
    return (
      <p key={what + place}>
        Left out: {formatRows(part.lines, what)}
        {place}
        {examples && `, such as ${examples}`}.
      </p>
    );
  });
}

/** What an upload has come to. */
export function UploadResult({ result, isDryRun }: UploadResultProps) {
  const { transfer, createStatement, account } = result;
  const counters = transfer?.counters;
  const table = transfer?.table;
  const rejected = counters?.rowsRejected ?? 0n;
  const took = transfer ? formatDuration(elapsedMs(transfer)) : "";
  const aside = rejected > 0n ? `, ${formatRows(rejected)} set aside` : "";
  const title = isDryRun
    ? `${formatRows(counters?.rowsParsed ?? 0n)} checked in ${took}: ${rejected > 0n ? `${formatCount(rejected)} would not fit` : "all would fit"}`
    : `${formatRows(counters?.rowsCommitted ?? 0n)} loaded in ${took}${aside}`;
  return (
    <div className="stack">
      <Note look={rejected > 0n ? "warn" : "good"} title={title}>
        {isDryRun ? (
          "Nothing was loaded."
        ) : (
          <>
            {transfer && modeWords[transfer.commitMode]}
            {transfer?.guarantee && <>: {transfer.guarantee}</>}
          </>
        )}
        {account && <LeftOut account={account} />}
      </Note>
      <dl className="stats three">
        <Stat
          label={isDryRun ? "Rows that fit" : "Rows loaded"}
          value={formatCount(
            isDryRun ? (counters?.rowsParsed ?? 0n) - rejected : (counters?.rowsCommitted ?? 0n),
          )}
        />
        <Stat
          label={isDryRun ? "Rows that would not fit" : "Rows set aside"}
          value={formatCount(rejected)}
          look={rejected > 0n ? "bad" : "normal"}
        />
        <Stat label="Size of the file" value={formatBytes(counters?.bytesReceived ?? 0n)} />
      </dl>
      {!isDryRun && table && (
        <div className="row">
          <a className="button primary" href={href("tables", table.database, table.table)}>
            Look at {tableName(table)}
          </a>
        </div>
      )}
      {createStatement !== "" && (
        <details>
          <summary>{isDryRun ? "The table that it would make" : "The table that was made"}</summary>
          <CodeBlock label="CREATE TABLE" text={createStatement} />
        </details>
      )}
    </div>
  );
}
