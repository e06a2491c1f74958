import { Format } from "sluice-client/gen/sluice/v1/dialect_pb";

import type { PickedFile } from "../../components/picked-file";
import { addFiles } from "./add-files";
import { changeForm, uploadForm } from "./upload-form";

/** Whether a text is a table: cells beside one another, or lines below one another. */
export function isTable(text: string): boolean {
  return /\t|\n./.test(text.trim());
}

/** The name of a pasted table, which no other of `names` has. Not `.tsv`: a spreadsheet knows no backslashes. */
export function pastedName(names: readonly string[]): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? "pasted.txt" : `pasted_${count}.txt`;
    if (!names.includes(name)) return name;
  }
}

/** Takes a table from the clipboard as a file. Cells of a spreadsheet come with tabs between them. */
export function takePasted(text: string): void {
  const before = uploadForm.get();
  const names = before.started === null ? before.files.map(({ file }) => file.name) : [];
  const file = new File([text.endsWith("\n") ? text : `${text}\n`], pastedName(names));
  const picked: PickedFile = { file, isPasted: true };
  addFiles([picked]);
  if (uploadForm.get().files.length > 1 || !text.includes("\t")) return;
  changeForm({ dialect: { format: Format.CSV, delimiter: "\t", quote: '"' } });
}

/** Takes what is pasted on the page, wherever nothing is being written. */
export function takePaste(event: ClipboardEvent): void {
  const { target, clipboardData } = event;
  const isWriting =
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"));
  if (isWriting || !clipboardData) return;
  const files = [...clipboardData.files].map((file) => ({ file, isPasted: true }));
  const text = clipboardData.getData("text/plain");
  if (isTable(text)) takePasted(text);
  else if (files.length > 0) addFiles(files);
  else return;
  event.preventDefault();
}
