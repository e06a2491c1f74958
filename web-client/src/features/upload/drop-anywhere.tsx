import { useEffect, useState } from "react";

import { droppedFiles } from "../../components/picked-file";
import { address, navigate } from "../../lib/route";
import { attend } from "../../rpc/failures";
import { addFiles } from "./add-files";
import { takePaste } from "./pasted";

/** Takes files that are dropped anywhere on the page, and tables that are pasted where files are loaded. */
export function DropAnywhere() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      // Between two elements of the page it is entered again; out of the window there is none.
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      // A place for files below the pointer has taken them.
      if (event.defaultPrevented || !event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      attend(droppedFiles(event.dataTransfer).then(take));
    };
    const paste = (event: ClipboardEvent) => {
      if (isUpload()) takePaste(event);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
      removeEventListener("paste", paste);
    };
  }, []);
  return isOver && <div className="drop-anywhere">Drop to load it into ClickHouse</div>;
}

function isUpload(): boolean {
  return (address.get().parts[0] ?? "upload") === "upload";
}

function take(files: Parameters<typeof addFiles>[0]): void {
  if (files.length === 0) return;
  addFiles(files);
  if (!isUpload()) navigate("upload");
}
