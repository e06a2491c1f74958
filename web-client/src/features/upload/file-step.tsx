import { Button } from "../../components/button";
import { FileDrop } from "../../components/file-drop";
import type { PickedFile } from "../../components/picked-file";
import { formatBytes, formatMoment } from "../../lib/format";
import { changeForm, takeFiles, type UploadForm } from "./upload-form";

/** Which files are loaded. */
export function FileStep({ form }: { form: UploadForm }) {
  const { files } = form;
  const add = (added: PickedFile[]) => {
    if (files.length === 0) takeFiles(added);
    else changeForm({ files: [...files, ...added] });
  };
  const remove = (index: number) => {
    const rest = files.filter((_, at) => at !== index);
    if (index === 0) {
      takeFiles(rest);
      changeForm({ step: "file" });
    } else changeForm({ files: rest });
  };
  return (
    <div className="stack">
      <FileDrop
        title={files.length === 0 ? "Drop a CSV, TSV or NDJSON file here" : "Add more files"}
        hint={
          files.length === 0
            ? "Any size; gzip and zstd too. It is read piece by piece, and how it is written is found out."
            : "They go into the same table, one after the other, and are read with the same settings."
        }
        isCompact={files.length > 0}
        onFiles={add}
      />
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
                <Button isSmall onClick={() => remove(index)} aria-label={`Remove ${file.name}`}>
                  Remove
                </Button>
              </li>
            ))}
          </ul>
          <div className="step-actions">
            <span />
            <Button look="primary" onClick={() => changeForm({ step: "format" })}>
              Next: format
            </Button>
          </div>
        </>
      )}
    </div>
  );
}
