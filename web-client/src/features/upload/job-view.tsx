import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { formatBytes, formatDuration, formatShare } from "../../lib/format";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { titleFor } from "../../rpc/reasons";
import { RejectedRows } from "../transfers/rejected-rows";
import { TransferCounters } from "../transfers/transfer-counters";
import { UploadResult } from "../transfers/upload-result";
import { useTransfer } from "../transfers/watch";
import { isActive, type UploadJob } from "./upload-job";
import { pauseUpload, resumeUpload, stopUpload } from "./upload-jobs";
import { beginHeld, isQueueBusy } from "./upload-queue";
import { WaysOn } from "./ways-on";

/** One upload of this page: its controls, counters and result. */
export function JobView({ job }: { job: UploadJob }) {
  const clients = useClients();
  const seen = useTransfer(job.id);
  const { state } = job;
  // The answer to the last call comes before the last message of the watch, or without one.
  const watched =
    state.kind === "done" ? { ...seen, transfer: state.result.transfer ?? seen.transfer } : seen;
  const received = Number(watched.transfer?.counters?.bytesReceived ?? 0n);
  const isPaused = state.kind === "paused" || state.kind === "pausing";
  const canPause = state.kind === "sending" || state.kind === "waiting" || isPaused;
  const rejected = watched.transfer?.counters?.rowsRejected ?? 0n;
  const counters = (
    <TransferCounters
      watched={watched}
      totalBytes={job.fileSize}
      sentBytes={job.sentBytes}
      isHeld={state.kind === "paused" || state.kind === "waiting"}
    />
  );
  return (
    <section className="card stack" aria-label={`Upload of ${job.fileName}`}>
      <div className="row between">
        <div className="job-file">
          <strong>{job.fileName}</strong>
          <span className="quiet small">{formatBytes(job.fileSize)}</span>
          {job.spec.dryRun && <span className="badge info">dry run</span>}
          <span role="status" className={`badge ${look(job)}`}>
            {stateText(job, Math.max(received, job.sentBytes))}
          </span>
        </div>
        {isActive(job) && (
          <div className="row">
            {canPause && (
              <Button
                isSmall
                onClick={() => (isPaused ? resumeUpload(job.id) : pauseUpload(job.id))}
              >
                {isPaused ? "Resume" : "Pause"}
              </Button>
            )}
            {state.kind !== "finishing" && (
              <Button isSmall look="danger" onClick={() => attend(stopUpload(clients, job.id))}>
                Stop
              </Button>
            )}
          </div>
        )}
      </div>
      {!["queued", "held", "done"].includes(state.kind) && counters}
      {state.kind === "waiting" && (
        <Note look="warn" title={`${titleFor(state.problem)}: waiting`}>
          {state.problem.detail}. Trying again within {formatDuration(state.retryInMs)}; nothing is
          lost meanwhile.
        </Note>
      )}
      {state.kind === "failed" && (
        <ProblemNote problem={state.problem}>
          {!isQueueBusy(job) && <WaysOn job={job} problem={state.problem} />}
        </ProblemNote>
      )}
      {state.kind === "stopped" && (
        <Note look="warn" title="Stopped: nothing of it was kept that was not in the table yet">
          {!isQueueBusy(job) && <WaysOn job={job} problem={undefined} />}
        </Note>
      )}
      {state.kind === "held" && (
        <Note look="warn">
          <div className="row between">
            It was not begun, because one before it did not load.
            {!isQueueBusy(job) && (
              <Button isSmall onClick={() => attend(beginHeld(clients, job))}>
                Go on from here
              </Button>
            )}
          </div>
        </Note>
      )}
      {state.kind === "done" && (
        <>
          <UploadResult result={state.result} isDryRun={job.spec.dryRun} />
          <details>
            <summary>All numbers</summary>
            {counters}
          </details>
        </>
      )}
      {rejected > 0n && !isActive(job) && (
        <RejectedRows transferId={job.id} fileName={job.fileName} count={rejected} />
      )}
    </section>
  );
}

function look({ state }: UploadJob): string {
  if (state.kind === "done") return "good";
  if (state.kind === "failed") return "bad";
  if (["waiting", "stopped", "held"].includes(state.kind)) return "warn";
  return "info";
}

function stateText({ state, fileSize }: UploadJob, bytes: number): string {
  const share = formatShare(fileSize === 0 ? 1 : bytes / fileSize);
  switch (state.kind) {
    case "queued":
      return "waits its turn";
    case "verifying":
      return `checking that it is the same file, ${formatShare(state.done / state.total)}`;
    case "sending":
      return `sending, ${share}`;
    case "pausing":
      return `pausing at ${share}`;
    case "paused":
      return `paused at ${share}`;
    case "waiting":
      return `waiting for the server at ${share}`;
    case "finishing":
      return "sent; waiting for ClickHouse";
    case "done":
      return "done";
    case "failed":
      return "failed";
    case "stopped":
      return "stopped";
    case "held":
      return "not begun";
  }
}
