import { type DragEvent, useRef, useState } from "react";

import { attend } from "../rpc/failures";
import { Button } from "./button";
import { droppedFiles, flatFiles, type PickedFile, pickFiles } from "./picked-file";

/** Every browser has it, and React's types do not. */
const wholeFolder = { webkitdirectory: "" };

interface FileDropProps {
  title: string;
  hint: string;
  isCompact?: boolean;
  isMultiple?: boolean;
  onFiles: (files: PickedFile[]) => void;
}

/** A place to drop files on, or to choose them from. */
export function FileDrop({
  title,
  hint,
  isCompact = false,
  isMultiple = true,
  onFiles,
}: FileDropProps) {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (files: PickedFile[]) => {
    if (files.length > 0) onFiles(isMultiple ? files : files.slice(0, 1));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    attend(droppedFiles(event.dataTransfer).then(take));
  };
  const choose = () => {
    attend(pickFiles(isMultiple, input.current).then(take));
  };
  return (
    <div
      className={`drop${isOver ? " is-over" : ""}${isCompact ? " compact" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {!isCompact && (
        <svg
          viewBox="0 0 48 48"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          aria-hidden="true"
        >
          <path d="M24 32V10m0 0-8 8m8-8 8 8M8 30v8a2 2 0 0 0 2 2h28a2 2 0 0 0 2-2v-8" />
        </svg>
      )}
      <div>
        <strong>{title}</strong>
        <p className="quiet">{hint}</p>
      </div>
      <div className="row">
        <Button look={isCompact ? "normal" : "primary"} onClick={choose}>
          {isMultiple ? "Choose files" : "Choose the file"}
        </Button>
        {isMultiple && (
          <Button look="plain" onClick={() => folder.current?.click()}>
            Choose a folder
          </Button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        hidden
        multiple={isMultiple}
        aria-label={title}
        onChange={(event) => {
          take(Array.from(event.target.files ?? [], (file) => ({ file })));
          event.target.value = "";
        }}
      />
      {isMultiple && (
        <input
          ref={folder}
          type="file"
          hidden
          {...wholeFolder}
          aria-label={`${title}: a folder`}
          onChange={(event) => {
            const files = Array.from(event.target.files ?? []);
            event.target.value = "";
            const name = files[0]?.webkitRelativePath.split("/")[0] ?? "the folder";
            take(flatFiles(files, name));
          }}
        />
      )}
    </div>
  );
}
