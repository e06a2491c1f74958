import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

/** A directory that is removed after the tests of the file. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-files-"));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes rows `id,text,amount` until the file has `bytes`; their number. */
export async function writeRows(path: string, bytes: number): Promise<number> {
  const file = createWriteStream(path);
  let written = 0;
  let rows = 0;
  const put = async (text: string) => {
    written += text.length;
    if (!file.write(text)) await new Promise<void>((done) => void file.once("drain", () => done()));
  };
  await put("id,text,amount\n");
  while (written < bytes) {
    let part = "";
    for (let count = 0; count < 10_000; count += 1, rows += 1) {
      part += `${rows},text of row number ${rows} that is some words long,${(rows * 7919) % 100_000}\n`;
    }
    await put(part);
  }
  await new Promise<void>((done) => void file.end(() => done()));
  return rows;
}
