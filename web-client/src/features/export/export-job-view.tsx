import { Button } from "../../components/button";
import { Note } from "../../components/note";
import { ProblemNote } from "../../components/problem-note";
import { formatBytes, formatRows } from "../../lib/format";
import { TransferCounters } from "../transfers/transfer-counters";
import { useTransfer } from "../transfers/watch";
import { type ExportJob, stopExport } from "./export-jobs";

const words: Record<ExportJob["state"]["kind"], [text: string, look: string]> = {
  running: ["writing", "info"],
  done: ["done", "good"],
  failed: ["failed", "bad"],
  stopped: ["stopped", "warn"],
};

/** One export of this page: how far it is, and what came of it. */
export function ExportJobView({ job }: { job: ExportJob }) {
  const watched = useTransfer(job.id);
  const { state } = job;
  const [text, look] = words[state.kind];
  return (
    <section className="card stack" aria-label={`Export to ${job.fileName}`}>
      <div className="row between">
        <div className="job-file">
          <strong>{job.fileName}</strong>
          <span role="status" className={`badge ${look}`}>
            {text}
          </span>
        </div>
        {state.kind === "running" && (
          <Button isSmall look="danger" onClick={() => stopExport(job.id)}>
            Stop
          </Button>
        )}
      </div>
      <TransferCounters watched={watched} isExport />
      {state.kind === "done" && (
        <Note
          look="good"
          title={`${formatRows(state.transfer?.counters?.rowsExported ?? 0n)}, ${formatBytes(state.bytes)}`}
        >
          The file is whole.
        </Note>
      )}
      {state.kind === "failed" && (
        <ProblemNote problem={state.problem}>
          <p>The file is not whole and was taken away again; export it once more.</p>
        </ProblemNote>
      )}
      {state.kind === "stopped" && (
        <Note look="warn" title="Stopped">
          The file is not whole and was taken away again.
        </Note>
      )}
    </section>
  );
}
