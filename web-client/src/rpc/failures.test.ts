import { Code, ConnectError } from "@connectrpc/connect";
import { beforeEach, expect, test } from "vitest";

import { attend, dismissFailure, failures, reportFailure, reportUncaught } from "./failures";

beforeEach(() => failures.set([]));

const details = () => failures.get().map(({ problem }) => problem.detail);

test("what a handler throws, or a promise that nobody waits for, is shown", () => {
  const page = new EventTarget();
  reportUncaught(page);
  const error = new TypeError("crypto.randomUUID is not a function");
  page.dispatchEvent(Object.assign(new Event("error"), { error, message: error.message }));
  page.dispatchEvent(Object.assign(new Event("unhandledrejection"), { reason: "no way" }));
  expect(details()).toEqual(["crypto.randomUUID is not a function", "no way"]);
});

test("a layout that takes two turns is no failure", () => {
  const page = new EventTarget();
  reportUncaught(page);
  const message = "ResizeObserver loop completed with undelivered notifications.";
  page.dispatchEvent(Object.assign(new Event("error"), { error: null, message }));
  expect(details()).toEqual([]);
});

test("work that goes on by itself shows what it throws", async () => {
  attend(Promise.reject(new Error("it broke")));
  await expect.poll(details).toEqual(["it broke"]);
});

test("what the reader cancelled is no failure", () => {
  reportFailure(new DOMException("", "AbortError"));
  reportFailure(new ConnectError("aborted", Code.Canceled));
  expect(details()).toEqual([]);
});

test("the same failure is shown once, the last five of others, and none that is dismissed", () => {
  for (const text of ["1", "1", "2", "3", "4", "5", "6"]) reportFailure(new Error(text));
  expect(details()).toEqual(["2", "3", "4", "5", "6"]);
  dismissFailure(failures.get()[0]?.id ?? 0);
  expect(details()).toEqual(["3", "4", "5", "6"]);
});
