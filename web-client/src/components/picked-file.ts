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

/** The most files of folders: a home directory is dropped by mistake. */
const maxFolderFiles = 1_000;

/** What a flat file is called; in a folder stands much else. */
const flatFile =
  /\.(csv|tsv|tab|txt|json|ndjson|jsonl|xlsx|xlsm|ods)(\.(gz|gzip|zst|zstd|bz2|xz|zip))?$/i;

/** The files of a drop, with their handles; of a folder those that may be flat files, in the order of their names. */
export async function droppedFiles(data: DataTransfer): Promise<PickedFile[]> {
  const items = [...data.items].filter((item) => item.kind === "file");
  // Everything must be asked for before the first wait: the list is emptied after the event.
  const found = items.map((item) => ({
    file: item.getAsFile(),
    entry: item.webkitGetAsEntry(),
    handle: (item as HandleItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  const picked: PickedFile[] = [];
  for (const { file, entry, handle } of found) {
    const opened = await handle.catch(() => null);
    if (entry?.isDirectory) picked.push(...(await filesWithin(entry as FileSystemDirectoryEntry)));
    else if (file) {
      picked.push(
        opened?.kind === "file" ? { file, handle: opened as FileSystemFileHandle } : { file },
      );
    }
  }
  return picked;
}

async function filesWithin(folder: FileSystemDirectoryEntry): Promise<PickedFile[]> {
  const files: File[] = [];
  const folders = [folder];
  for (let next = folders.shift(); next; next = folders.shift()) {
    for (const entry of await entriesOf(next)) {
      if (entry.isDirectory) folders.push(entry as FileSystemDirectoryEntry);
      else if (flatFile.test(entry.name)) files.push(await fileOf(entry as FileSystemFileEntry));
      checkCount(files, folder.name);
    }
  }
  return flatFiles(files, folder.name);
}

/** The flat files among those of a folder that was chosen, in the order of their names. */
export function flatFiles(files: readonly File[], folder: string): PickedFile[] {
  const flat = files.filter(({ name }) => flatFile.test(name) && !name.startsWith("."));
  checkCount(flat, folder);
  if (flat.length === 0) throw new Error(`${folder} has no flat file: CSV, TSV, text or NDJSON`);
  return flat
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
    .map((file) => ({ file }));
}

function checkCount(files: readonly File[], folder: string): void {
  if (files.length > maxFolderFiles) {
    throw new Error(`${folder} has more than ${maxFolderFiles} flat files: choose some of them`);
  }
}

/** All entries of a folder: a reader gives them in portions, and nothing in the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((done, fail) => entry.file(done, fail));
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
