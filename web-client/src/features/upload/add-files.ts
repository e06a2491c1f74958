import { CommitMode } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import type { PickedFile } from "../../components/picked-file";
import { plainName } from "../catalog/load-catalog";
import { replaceForm } from "./upload-address";
import {
  changeForm,
  initialForm,
  takeAwaited,
  takeFiles,
  type UploadForm,
  uploadForm,
} from "./upload-form";
import { type UploadJob } from "./upload-job";
import { uploadJobs } from "./upload-jobs";

/** Takes files wherever they come from: for the load that is being prepared, or for the next one. */
export function addFiles(picked: readonly PickedFile[]): void {
  const form = uploadForm.get();
  if (picked.length === 0) return;
  if (form.started !== null) {
    replaceForm(nextForm(form));
    takeFiles(picked);
  } else if (form.awaited.length > 0) {
    if (!takeAwaited(picked)) takeFiles(picked);
  } else if (form.files.length === 0) takeFiles(picked);
  else changeForm({ files: [...form.files, ...picked], step: "file" });
}

/** The uploads that were started from the form, in their order. */
export function startedJobs({ started }: UploadForm): UploadJob[] {
  return [...uploadJobs.get().values()].filter(({ queue }) => queue === started);
}

/** Whether the rows of the upload are in the table. */
export function isLoaded({ state, spec }: UploadJob): boolean {
  return state.kind === "done" && !spec.dryRun;
}

/** A form for more files into the table of the load before. */
export function nextForm(form: UploadForm): UploadForm {
  const loaded = startedJobs(form).find(isLoaded);
  if (loaded?.state.kind === "done") {
    const table = plainName(loaded.state.result.transfer?.table ?? loaded.spec.table);
    return { ...initialForm, kind: "existing", table };
  }
  return { ...initialForm, kind: form.kind, table: form.table };
}

/**
 * The form for what has not been loaded of a start: all of its settings are kept, and the table that the first
 * file has made is there now.
 */
export function restForm(form: UploadForm): UploadForm {
  const jobs = startedJobs(form);
  const isDone = new Set(jobs.filter(isLoaded).map(({ picked }) => picked.file));
  const files = form.files.filter(({ file }) => !isDone.has(file));
  const loaded = jobs.find(isLoaded);
  // What is loaded has replaced the old rows: the rest is added to it.
  const commitMode = loaded ? CommitMode.UNSPECIFIED : form.commitMode;
  const rest = { ...form, files, started: null, commitMode };
  if (!loaded || form.kind === "existing") return rest;
  const { table } = nextForm(form);
  const mapping = Object.fromEntries(
    loaded.spec.columns.map(({ column, source }) => [column, source]),
  );
  return { ...rest, kind: "existing", table, mapping };
}
