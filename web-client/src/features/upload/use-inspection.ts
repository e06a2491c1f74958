import { create, toJsonString } from "@bufbuild/protobuf";
import { DialectSchema, ValueOptionsSchema } from "sluice-client/gen/sluice/v1/dialect_pb";
import {
  ColumnMatchSchema,
  type InspectFileResponse,
  MatchKind,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Clients } from "sluice-client/parts";

import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { type Loaded, useAsync } from "../../rpc/use-async";
import type { TableName } from "../catalog/load-catalog";
import { connection } from "../connection/connection-state";
import { belowHeader, dialectOf, isMappedByNumber, mappedColumns, valuesOf } from "./build-spec";
import { fieldsOf } from "./fields";
import { targetTable, type UploadForm } from "./upload-form";

/** How much of a file is looked at. */
const sampleBytes = 1 << 20;

/** The most bytes of an archive that are looked at: its end says what is in it. They fit a message. */
const archiveBytes = 15 << 20;

/** The beginning of a file for a look at it; of an archive, such as a workbook, all of it where that fits a message. */
export async function sampleOf(
  file: File,
): Promise<{ sample: Uint8Array<ArrayBuffer>; complete: boolean }> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const isArchive = [0x50, 0x4b, 3, 4].every((byte, index) => start[index] === byte);
  const size = isArchive ? archiveBytes : sampleBytes;
  const sample = new Uint8Array(await file.slice(0, size).arrayBuffer());
  return { sample, complete: file.size <= size };
}
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
  // The columns of another target have other options; those of fields that are chosen come with the mapping.
  const columnValues = valuesOf(form.values, form.columnValues);
  const table = targetTable(form);
  const mapping = form.kind === "existing" ? form.mapping : {};
  const key =
    file &&
    JSON.stringify([
      generation,
      fileId(file),
      toJsonString(DialectSchema, dialect),
      toJsonString(ValueOptionsSchema, columnValues),
      table,
      mapping,
    ]);
  return useAsync(
    key ?? null,
    async (signal) => {
      if (!file) throw new Error("no file");
      const request = {
        ...(await sampleOf(file)),
        sourceName: file.name,
        dialect,
        values,
        rowCount: previewRowCount,
        ...(table ? { table } : {}),
      };
      const isMapped = Object.keys(mapping).length > 0;
      const first = await withColumns(
        clients,
        table,
        await clients.ingest.inspectFile(
          isMapped ? request : { ...request, values: columnValues },
          { signal },
        ),
        signal,
      );
      if (!isMapped) return first;
      const columns = mappedColumns(mapping, first);
      const byNumber = isMappedByNumber(mapping, first);
      const mapped = await clients.ingest.inspectFile(
        {
          ...request,
          values: columnValues,
          columns,
          dialect: byNumber ? belowHeader(dialect, first) : dialect,
        },
        { signal },
      );
      return withNames(first, mapped, byNumber);
    },
    // What was found in one file says nothing of the next, least of all of one that cannot be read.
    { delayMs: debounceMs, subject: `${generation}:${file ? fileId(file) : 0}` },
  );
}

/** Where no field is a column of the table, its columns are there all the same, for fields to be chosen. */
async function withColumns(
  clients: Clients,
  table: TableName | undefined,
  found: InspectFileResponse,
  signal: AbortSignal,
): Promise<InspectFileResponse> {
  if (!table || found.error?.reason !== "HEADER_MISMATCH") return found;
  const { columns } = await clients.catalog.getTable({ table }, { signal });
  const matches = columns
    .filter(({ defaultKind }) => ["", "DEFAULT", "EPHEMERAL"].includes(defaultKind))
    .map(({ name, type, defaultKind }) =>
      create(ColumnMatchSchema, {
        column: name,
        type,
        kind: defaultKind === "" ? MatchKind.MISSING : MatchKind.DEFAULT,
      }),
    );
  return { ...found, matches };
}

/**
 * A chosen mapping may leave the match empty where it is refused; the columns stay to be chosen again. A file that
 * is read below its header has its own names all the same.
 */
function withNames(
  first: InspectFileResponse,
  mapped: InspectFileResponse,
  byNumber: boolean,
): InspectFileResponse {
  const fields = fieldsOf(first);
  const keyOf = (number: string) => fields[Number(number) - 1]?.key ?? number;
  const named = byNumber
    ? mapped.matches.map((match) =>
        match.source === undefined ? match : { ...match, source: keyOf(match.source) },
      )
    : mapped.matches;
  const profile = byNumber && first.profile ? { profile: first.profile } : {};
  return { ...mapped, ...profile, matches: named.length > 0 ? named : first.matches };
}
