import { useEffect, useState } from "react";

import { Button } from "../../components/button";
import { FileDrop } from "../../components/file-drop";
import { Note } from "../../components/note";
import type { PickedFile } from "../../components/picked-file";
import { ProblemNote } from "../../components/problem-note";
import { formatBytes, formatMoment, formatShare } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { ofTransfer } from "../../rpc/transfer-call";
import { useAsync } from "../../rpc/use-async";
import { plainName } from "../catalog/load-catalog";
import { hasEnded } from "../transfers/watch";
import { forgetUpload, loadUnfinished, type Unfinished, unfinished } from "./unfinished";
import { replaceForm } from "./upload-address";
import { initialForm } from "./upload-form";
import { stopUpload, uploadJobs } from "./upload-jobs";
import { startUploads } from "./upload-queue";

/** Uploads of an earlier visit that can go on. */
export function UnfinishedList() {
  const uploads = useStore(unfinished);
  const jobs = useStore(uploadJobs);
  useEffect(() => {
    attend(loadUnfinished());
  }, []);
  const left = uploads.filter(({ id }) => !jobs.has(id));
  return left.map((upload) => <UnfinishedCard key={upload.id} upload={upload} />);
}

function UnfinishedCard({ upload }: { upload: Unfinished }) {
  const clients = useClients();
  const [mistake, setMistake] = useState("");
  const [isPicking, setPicking] = useState(false);
  const asked = useAsync(upload.id, (signal) =>
    clients.ingest.getTransfer({ transferId: upload.id }, ofTransfer(upload.id, { signal })),
  );
  const transfer = asked.value?.transfer;
  useEffect(() => {
    if (asked.state === "failed" && asked.problem.reason === "TRANSFER_NOT_FOUND") {
      attend(forgetUpload(upload.id));
    }
    if (hasEnded(transfer?.state)) attend(forgetUpload(upload.id));
  }, [asked, transfer, upload.id]);
  if (asked.state === "failed" && asked.problem.reason !== "TRANSFER_NOT_FOUND") {
    return <ProblemNote problem={asked.problem} />;
  }
  if (!transfer || hasEnded(transfer.state)) return null;
  const goOn = async (picked: PickedFile) => {
    if (picked.file.size !== upload.fileSize) {
      setMistake(
        `${picked.file.name} has ${formatBytes(picked.file.size)}, the file that was begun ${formatBytes(upload.fileSize)}.`,
      );
      return;
    }
    const { id: queue, spec, sent: expected } = upload;
    if (!(await startUploads(clients, [{ spec, picked, queue, isResumed: true, expected }])))
      return;
    const table = plainName(spec.table);
    const target = { kind: "existing", table } as const;
    replaceForm({
      ...initialForm,
      ...target,
      files: [picked],
      started: queue,
      isResumed: true,
      step: "load",
    });
  };
  const share = formatShare(Number(transfer.committedOffset) / Math.max(1, upload.fileSize));
  return (
    <section className="card stack tight" aria-label={`Unfinished upload of ${upload.fileName}`}>
      <div className="row between">
        <div className="grow">
          <h2>{upload.fileName} is not all there yet</h2>
          <p className="quiet">
            {share} of {formatBytes(upload.fileSize)} into{" "}
            {upload.spec.table ? tableName(upload.spec.table) : "–"}, begun{" "}
            {formatMoment(new Date(upload.startedAt))}.
          </p>
        </div>
        <div className="row">
          <Button
            look="primary"
            onClick={() => {
              attend(reopen(upload).then((picked) => (picked ? goOn(picked) : setPicking(true))));
            }}
          >
            Go on
          </Button>
          <Button look="danger" onClick={() => attend(stopUpload(clients, upload.id))}>
            Stop
          </Button>
        </div>
      </div>
      {isPicking && (
        <FileDrop
          title={`Choose ${upload.fileName} again`}
          hint="What was sent is compared with it, then the rest is sent."
          isCompact
          isMultiple={false}
          onFiles={([picked]) => picked && attend(goOn(picked))}
        />
      )}
      {mistake !== "" && (
        <Note look="bad" title="This is another file">
          {mistake}
        </Note>
      )}
    </section>
  );
}

type PermittedHandle = FileSystemFileHandle & {
  requestPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
};

/** Opens the file by its handle; undefined where that is not possible or not allowed. */
async function reopen(upload: Unfinished): Promise<PickedFile | undefined> {
  const handle: PermittedHandle | undefined = upload.handle;
  if (!handle) return undefined;
  try {
    const permission = await handle.requestPermission?.({ mode: "read" });
    if (permission !== undefined && permission !== "granted") return undefined;
    return { file: await handle.getFile(), handle };
  } catch {
    return undefined;
  }
}
