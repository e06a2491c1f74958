import { Button } from "../../components/button";
import { FileDrop } from "../../components/file-drop";
import { formatBytes, formatMoment } from "../../lib/format";
import { useStore } from "../../lib/store";
import { attend } from "../../rpc/failures";
import { addFiles, isLoaded, startedJobs } from "./add-files";
import { PasteBox } from "./paste-box";
import { mayForget } from "./start-over";
import { changeForm, takeFiles, type UploadForm } from "./upload-form";
import { isActive, type UploadJob } from "./upload-job";
import { uploadJobs } from "./upload-jobs";

/** Which files are loaded. */
export function FileStep({ form }: { form: UploadForm }) {
  const { files } = form;
  useStore(uploadJobs);
  const jobs = new Map(startedJobs(form).map((job) => [job.picked.file, job]));
  const remove = async (index: number) => {
    if (index > 0) {
      changeForm({ files: files.filter((_, at) => at !== index) });
      return;
    }
    if (!(await mayForget("Remove the file"))) return;
    takeFiles(files.slice(1));
    changeForm({ step: "file" });
  };
  const isStarted = form.started !== null;
  return (
    <div className="stack">
      <FileDrop
        title={
          files.length === 0
            ? "Drop a CSV, TSV, NDJSON, xlsx or ods file here"
            : isStarted
              ? "Load more files into the table"
              : "Add more files"
        }
        hint={
          files.length === 0
            ? "Any size; gzip and zstd too. It is read piece by piece, and how it is written is found out."
            : isStarted
              ? "They are looked at anew, whatever was said of the ones before."
              : "They go into the same table, one after the other, and are read with the same settings."
        }
        isCompact={files.length > 0}
        onFiles={addFiles}
      />
      {files.length === 0 && <PasteBox />}
      {files.length > 0 && (
        <>
          <ul className="list" aria-label="Files">
            {files.map(({ file }, index) => (
              <li key={`${index}:${file.name}`} className="row between">
                <div className="grow">
                  <strong>{file.name}</strong>
                  <div className="quiet small">
                    {formatBytes(file.size)}, changed {formatMoment(new Date(file.lastModified))}
                  </div>
                </div>
                {isStarted ? (
                  <span className="badge">{jobWords(jobs.get(file))}</span>
                ) : (
                  <Button
                    isSmall
                    onClick={() => attend(remove(index))}
                    aria-label={`Remove ${file.name}`}
                  >
                    Remove
                  </Button>
                )}
              </li>
            ))}
          </ul>
          <div className="step-actions">
            <span />
            {isStarted ? (
              <Button onClick={() => changeForm({ step: "load" })}>Back to the load</Button>
            ) : (
              <Button look="primary" onClick={() => changeForm({ step: "format" })}>
                Next: format
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  );
}

function jobWords(job: UploadJob | undefined): string {
  if (!job) return "not begun";
  if (isActive(job)) return "being loaded";
  return isLoaded(job) ? "loaded" : job.state.kind === "done" ? "checked" : "not loaded";
}
