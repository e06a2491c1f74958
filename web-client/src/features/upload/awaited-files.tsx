import { useState } from "react";

import { Button } from "../../components/button";
import { FileDrop } from "../../components/file-drop";
import { Note } from "../../components/note";
import type { PickedFile } from "../../components/picked-file";
import { formatBytes } from "../../lib/format";
import {
  type AwaitedFile,
  leaveAwaited,
  takeAwaited,
  takeFiles,
  type UploadForm,
} from "./upload-form";

/** Asks for the files that were chosen before a reload, or that a link names. All else is as it was. */
export function AwaitedFiles({ form }: { form: UploadForm }) {
  const [others, setOthers] = useState<readonly PickedFile[]>([]);
  const { awaited } = form;
  const names = awaited.map(({ name }) => name).join(", ");
  const take = (picked: PickedFile[]) => setOthers(takeAwaited(picked) ? [] : picked);
  return (
    <section className="card stack" aria-label="Files to choose again">
      <div>
        <h2>Choose {names} again</h2>
        <p className="quiet">
          A page does not keep the bytes of a file over a reload. Everything else is as you left it.
        </p>
      </div>
      <FileDrop
        title={`Drop ${awaited.length === 1 ? "it" : "them"} here`}
        hint={awaited.map(described).join(", ")}
        isCompact
        onFiles={take}
      />
      {others.length > 0 && (
        <Note look="warn" title="This is another file">
          <div className="stack tight">
            <p>{others.map(({ file }) => file.name).join(", ")} was not chosen before.</p>
            <div className="row">
              <Button isSmall onClick={() => takeFiles(others)}>
                Load it instead
              </Button>
            </div>
          </div>
        </Note>
      )}
      <div className="row">
        <Button onClick={leaveAwaited}>
          {form.files.length === 0 ? "Start over" : `Go on without ${names}`}
        </Button>
      </div>
    </section>
  );
}

function described({ name, size }: AwaitedFile): string {
  return size === null ? name : `${name}, ${formatBytes(size)}`;
}
