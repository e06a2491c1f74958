import { toJsonString } from "@bufbuild/protobuf";

import { DialectSchema, ValueOptionsSchema } from "../../gen/sluice/v1/dialect_pb";
import type { InspectFileResponse } from "../../gen/sluice/v1/ingest_service_pb";
import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { type Loaded, useAsync } from "../../rpc/use-async";
import { connection } from "../connection/connection-state";
import { dialectOf, mappedColumns, valuesOf } from "./build-spec";
import { targetTable, type UploadForm } from "./upload-form";

/** How much of a file is looked at. */
const sampleBytes = 1 << 20;
const previewRowCount = 200;
const debounceMs = 250;

const fileIds = new WeakMap<File, number>();
let lastFileId = 0;

function fileId(file: File): number {
  const id = fileIds.get(file) ?? (lastFileId += 1);
  fileIds.set(file, id);
  return id;
}

/** How the first file would be read, asked again whenever a choice changes. */
export function useInspection(form: UploadForm): Loaded<InspectFileResponse> {
  const clients = useClients();
  const { generation } = useStore(connection);
  const file = form.files[0]?.file;
  const dialect = dialectOf(form.dialect);
  const values = valuesOf(form.values);
  const table = targetTable(form);
  const mapping = form.kind === "existing" ? form.mapping : {};
  const key =
    file &&
    JSON.stringify([
      generation,
      fileId(file),
      toJsonString(DialectSchema, dialect),
      toJsonString(ValueOptionsSchema, values),
      table,
      mapping,
    ]);
  return useAsync(
    key ?? null,
    async (signal) => {
      if (!file) throw new Error("no file");
      const sample = new Uint8Array(await file.slice(0, sampleBytes).arrayBuffer());
      const request = {
        sample,
        complete: file.size <= sampleBytes,
        sourceName: file.name,
        dialect,
        values,
        rowCount: previewRowCount,
        ...(table ? { table } : {}),
      };
      const first = await clients.ingest.inspectFile(request, { signal });
      if (Object.keys(mapping).length === 0) return first;
      const columns = mappedColumns(mapping, first);
      const mapped = await clients.ingest.inspectFile({ ...request, columns }, { signal });
      return withAllColumns(first, mapped);
    },
    // What was found in one file says nothing of the next, least of all of one that cannot be read.
    { delayMs: debounceMs, subject: `${generation}:${file ? fileId(file) : 0}` },
  );
}

/** A chosen mapping may leave the match empty where it is refused; the columns stay to be chosen again. */
function withAllColumns(first: InspectFileResponse, mapped: InspectFileResponse) {
  return mapped.matches.length > 0 ? mapped : { ...mapped, matches: first.matches };
}
