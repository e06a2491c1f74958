import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type UploadSpec, UploadSpecSchema } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Prefix } from "sluice-client/parts";

import type { PickedFile } from "../../components/picked-file";
import { allRecords, deleteRecord, putRecord } from "../../lib/records";
import { createStore } from "../../lib/store";
import { session } from "../../rpc/session";

/** An upload that this browser has begun and not seen the end of. */
export interface Unfinished {
  /** The id of the transfer. */
  id: string;
  spec: UploadSpec;
  fileName: string;
  fileSize: number;
  /** The name of the connection; passwords and tokens are never kept. */
  connectionName: string;
  startedAt: number;
  /** What opens the file again, where the browser has such a thing. */
  handle?: FileSystemFileHandle;
  /** What the server had when this was last written down. */
  sent?: Prefix;
}

interface StoredRecord extends Omit<Unfinished, "spec"> {
  spec: JsonValue;
}

/** The records of the uploads of this page. */
const kept = new Map<string, StoredRecord>();

/** The uploads to go on with, of earlier visits. */
export const unfinished = createStore<readonly Unfinished[]>([]);

/** Remembers an upload before its first byte is sent. */
export async function rememberUpload(spec: UploadSpec, picked: PickedFile): Promise<void> {
  const { target } = session.get();
  if (target.kind !== "named") return;
  const record: StoredRecord = {
    id: spec.transferId,
    spec: toJson(UploadSpecSchema, spec),
    fileName: picked.file.name,
    fileSize: picked.file.size,
    connectionName: target.name,
    startedAt: Date.now(),
    ...(picked.handle ? { handle: picked.handle } : {}),
  };
  kept.set(record.id, record);
  await quietly(putRecord(record));
}

/** Remembers how far an upload is, for another page to compare the file with. */
export async function rememberSent(id: string, sent: Prefix): Promise<void> {
  const record = kept.get(id);
  if (!record) return;
  const next: StoredRecord = { ...record, sent };
  kept.set(id, next);
  await quietly(putRecord(next));
}

/** Forgets an upload that has ended. */
export async function forgetUpload(id: string): Promise<void> {
  kept.delete(id);
  unfinished.update((all) => all.filter((upload) => upload.id !== id));
  await quietly(deleteRecord(id));
}

/** Reads what earlier visits have left. */
export async function loadUnfinished(): Promise<void> {
  const records = (await quietly(allRecords())) ?? [];
  const found = (records as StoredRecord[]).map((record) => ({
    ...record,
    spec: fromJson(UploadSpecSchema, record.spec),
  }));
  unfinished.set(found.sort((a, b) => b.startedAt - a.startedAt));
}

/** Without a database, as in a private window, nothing is remembered, and all else works. */
async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}
