import { Code, ConnectError } from "@connectrpc/connect";
import type {
  InspectFileResponse,
  UploadSpec,
} from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Clients, randomUuid } from "sluice-client/parts";

import type { Loaded } from "../../rpc/use-async";
import { buildSpec } from "./build-spec";
import { hasHeader } from "./fields";
import { rememberMapping } from "./remembered";
import { changeForm, type UploadForm } from "./upload-form";
import { startUploads } from "./upload-queue";
import { sampleOf } from "./use-inspection";

/** Begins to load the files of the form, or only checks all of their rows, and shows what comes of it. */
export async function startLoad(
  clients: Clients,
  form: UploadForm,
  inspection: Loaded<InspectFileResponse>,
  isDryRun: boolean,
): Promise<void> {
  if (inspection.state !== "ready") return;
  const found = inspection.value;
  const ids = form.files.map(() => randomUuid());
  const queue = ids[0] ?? "";
  const requests = form.files.map((picked, index) => {
    const transferId = ids[index] ?? "";
    const options = { transferId, file: picked.file, isFirst: index === 0, isDryRun };
    return { spec: buildSpec(form, found, options), picked, queue, isResumed: false };
  });
  for (const { spec, picked } of requests) await seeRows(clients, spec, picked.file, found);
  if (!(await startUploads(clients, requests))) return;
  if (form.kind === "existing" && form.table) rememberMapping(form.table, form.mapping);
  changeForm(isDryRun ? { checked: queue, step: "load" } : { started: queue, checked: null });
}

/**
 * A file of which two fields have one name is read below its header, by numbers: sees that the same row comes
 * first then, in each of the files. Where the header is not where it was found, no row of it is loaded as data.
 */
async function seeRows(
  clients: Clients,
  { dialect, sourceName }: UploadSpec,
  file: File,
  found: InspectFileResponse,
): Promise<void> {
  if (!dialect || dialect.headerRows !== 0 || !hasHeader(found)) return;
  const request = { ...(await sampleOf(file)), sourceName, rowCount: 1 };
  const { headerRows, skipLines } = found.profile?.dialect ?? {};
  const named = { ...dialect, ...(headerRows ? { headerRows } : {}), skipLines: skipLines ?? 0n };
  const above = await clients.ingest.inspectFile({ ...request, dialect: named });
  const below = await clients.ingest.inspectFile({ ...request, dialect });
  const [one, other] = [above, below].map(({ rows }) =>
    JSON.stringify(rows[0]?.cells.map(({ text }) => text ?? null)),
  );
  if (one === other) return;
  throw new ConnectError(
    `${sourceName} has two fields of one name, and lines above its rows: remove one of both or rename it`,
    Code.FailedPrecondition,
  );
}
