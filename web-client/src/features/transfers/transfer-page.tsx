import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useEffect, useState } from "react";
import {
  type Transfer,
  TransferKind,
  TransferState,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { describeError, describeTransferError, type Problem } from "sluice-client/parts";

import { Button } from "../../components/button";
import { Empty } from "../../components/empty";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { formatMoment } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { href } from "../../lib/route";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { titleFor } from "../../rpc/reasons";
import { ofTransfer } from "../../rpc/transfer-call";
import { JobView } from "../upload/job-view";
import { loadUnfinished, unfinished } from "../upload/unfinished";
import { uploadJobs } from "../upload/upload-jobs";
import { RejectedRows } from "./rejected-rows";
import { TransferCounters } from "./transfer-counters";
import { modeWords, stateWords } from "./transfer-words";
import { hasEnded, useTransfer } from "./watch";

/** One transfer, whoever began it. */
export function TransferPage({ id }: { id: string }) {
  const job = useStore(uploadJobs).get(id);
  const watched = useTransfer(id);
  const { transfer, problem } = watched;
  return (
    <div className="stack">
      <div className="page-head">
        <div>
          <h1>{transfer ? titleOf(transfer) : "Transfer"}</h1>
          <p className="mono">{id}</p>
        </div>
        <a className="button" href={href("transfers")}>
          All transfers
        </a>
      </div>
      {!transfer && problem && <ProblemNote problem={problem} />}
      {!transfer && !problem && <Empty title="Asking the server…" />}
      {job && <JobView job={job} />}
      {transfer && !job && (
        <section className="card stack" aria-label="Progress">
          <div className="row between">
            <span role="status" className={`badge ${stateWords[transfer.state][1]}`}>
              {stateWords[transfer.state][0]}
            </span>
            <CancelButton transfer={transfer} />
          </div>
          {transfer.dryRun && (
            <Note title="A dry run">Every row is checked, and none is kept.</Note>
          )}
          {transfer.state === TransferState.INTERRUPTED && <Waiting id={id} />}
          <TransferCounters watched={watched} />
          {problem && !hasEnded(transfer.state) && (
            <Note look="warn" title={titleFor(problem)}>
              Asking again every second.
            </Note>
          )}
          {transfer.error && <ProblemNote problem={describeTransferError(transfer.error)} />}
          {transfer.counters && transfer.counters.rowsRejected > 0n && hasEnded(transfer.state) && (
            <RejectedRows
              transferId={id}
              fileName={transfer.sourceName || "rows.csv"}
              count={transfer.counters.rowsRejected}
            />
          )}
        </section>
      )}
      {transfer && <Facts transfer={transfer} />}
    </div>
  );
}

/** An upload whose sender went away goes on where its file is. */
function Waiting({ id }: { id: string }) {
  const isHere = useStore(unfinished).some((upload) => upload.id === id);
  useEffect(() => {
    attend(loadUnfinished());
  }, []);
  return (
    <Note look="warn" title="It waits for its sender">
      <div className="row between">
        {isHere
          ? "It was begun in this browser: choose the same file again, and it goes on."
          : "Whoever began it sends the same file again, and it goes on where it stood."}
        {isHere && (
          <a className="button small" href={href("upload")}>
            Go on here
          </a>
        )}
      </div>
    </Note>
  );
}

function CancelButton({ transfer }: { transfer: Transfer }) {
  const clients = useClients();
  const [problem, setProblem] = useState<Problem | null>(null);
  if (hasEnded(transfer.state) || transfer.state === TransferState.COMMITTING) return null;
  const cancel = () => {
    clients.ingest
      .cancelTransfer({ transferId: transfer.transferId }, ofTransfer(transfer.transferId))
      .catch((thrown: unknown) => setProblem(describeError(thrown)));
  };
  return (
    <div className="row">
      {problem && <span className="badge bad">{titleFor(problem)}</span>}
      <Button isSmall look="danger" onClick={cancel}>
        Stop
      </Button>
    </div>
  );
}

function Facts({ transfer }: { transfer: Transfer }) {
  const { table, startTime, owner, commitMode, guarantee, sourceName, resumable } = transfer;
  const facts: [string, string][] = [
    ["Began", startTime ? formatMoment(timestampDate(startTime)) : ""],
    ["By", owner],
    ["File", sourceName],
    ["Rows become visible", modeWords[commitMode]],
    ["Promise", guarantee],
    ["After an interruption", resumable ? "goes on where it stood" : ""],
  ];
  return (
    <section className="card stack" aria-label="About it">
      <dl className="facts">
        {facts
          .filter(([, text]) => text !== "")
          .map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
      </dl>
      {table && transfer.kind === TransferKind.UPLOAD && (
        <div>
          <a className="button" href={href("tables", table.database, table.table)}>
            Look at {tableName(table)}
          </a>
        </div>
      )}
    </section>
  );
}

function titleOf(transfer: Transfer): string {
  const target = transfer.table ? tableName(transfer.table) : "a query";
  return transfer.kind === TransferKind.UPLOAD
    ? `${transfer.sourceName || "A file"} into ${target}`
    : `Export of ${target}`;
}
