/** A file that the reader has chosen. */
export interface PickedFile {
  file: File;
  /** What opens it again after a reload, where the browser has such a thing. */
  handle?: FileSystemFileHandle;
  /** Whether it came from the clipboard: nothing else has it. */
  isPasted?: boolean;
}

interface PickerWindow {
  showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
}

/** The files of a drop, with their handles. */
export async function droppedFiles(data: DataTransfer): Promise<PickedFile[]> {
  const items = [...data.items].filter((item) => item.kind === "file");
  // Everything must be asked for before the first wait: the list is emptied after the event.
  const found = items.map((item) => ({
    file: item.getAsFile(),
    handle: (item as HandleItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  const picked: PickedFile[] = [];
  for (const { file, handle } of found) {
    if (!file) continue;
    const opened = await handle.catch(() => null);
    if (opened?.kind === "directory") continue;
    picked.push(
      opened?.kind === "file" ? { file, handle: opened as FileSystemFileHandle } : { file },
    );
  }
  return picked;
}

type HandleItem = DataTransferItem & {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
};

/** Lets the reader choose files; without a picker `input` is clicked, and its event brings them. */
export async function pickFiles(
  multiple: boolean,
  input: HTMLInputElement | null,
): Promise<PickedFile[]> {
  const open = (window as PickerWindow).showOpenFilePicker;
  if (!open) {
    input?.click();
    return [];
  }
  try {
    const handles = await open.call(window, { multiple });
    return await Promise.all(
      handles.map(async (handle) => ({ file: await handle.getFile(), handle })),
    );
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") return [];
    input?.click();
    return [];
  }
}
