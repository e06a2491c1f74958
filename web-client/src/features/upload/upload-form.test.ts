import { CommitMode } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { beforeEach, expect, test } from "vitest";

import { changeForm, changeTarget, initialForm, takeFiles, uploadForm } from "./upload-form";

const picked = (name: string) => ({ file: new File(["id\n1\n"], name) });
const people = { database: "d", table: "people" };

beforeEach(() => {
  uploadForm.set(initialForm);
  takeFiles([picked("a.csv")]);
  changeTarget("existing", people);
  changeForm({ commitMode: CommitMode.REPLACE, mapping: { id: "1" } });
});

test("the way of the last upload does not stay for the next file", () => {
  takeFiles([picked("b.csv")]);
  expect(uploadForm.get()).toMatchObject({ commitMode: CommitMode.UNSPECIFIED, table: people });
});

test("the way that was chosen for one table does not stay for another", () => {
  changeTarget("existing", { database: "d", table: "pets" });
  expect(uploadForm.get()).toMatchObject({ commitMode: CommitMode.UNSPECIFIED, mapping: {} });
  changeForm({ commitMode: CommitMode.REPLACE });
  changeTarget("new");
  expect(uploadForm.get().commitMode).toBe(CommitMode.UNSPECIFIED);
});

test("the same table again loses nothing", () => {
  changeTarget("existing", { ...people });
  expect(uploadForm.get()).toMatchObject({
    commitMode: CommitMode.REPLACE,
    mapping: { id: "1" },
  });
});
