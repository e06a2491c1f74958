import { type DragEvent, useRef, useState } from "react";

import { attend } from "../rpc/failures";
import { Button } from "./button";
import { droppedFiles, type PickedFile, pickFiles } from "./picked-file";

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
      <Button look={isCompact ? "normal" : "primary"} onClick={choose}>
        {isMultiple ? "Choose files" : "Choose the file"}
      </Button>
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
    </div>
  );
}
