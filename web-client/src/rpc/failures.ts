import { describeError, isCancelled, type Problem } from "sluice-client/parts";

import { createStore } from "../lib/store";

/** An error that nothing else shows. */
export interface Failure {
  id: number;
  problem: Problem;
}

/** What went wrong and was not dismissed yet, in the order of its happening. */
export const failures = createStore<readonly Failure[]>([]);

/** How many are kept: one fault may fail again and again. */
const maxFailures = 5;
let lastId = 0;

/** Shows an error; what the reader cancelled is none. */
export function reportFailure(thrown: unknown): void {
  if (isCancelled(thrown)) return;
  const problem = describeError(thrown);
  failures.update((all) => {
    const isShown = all.some(({ problem: { detail } }) => detail === problem.detail);
    return isShown ? all : [...all, { id: (lastId += 1), problem }].slice(-maxFailures);
  });
}

/** Dismisses one. */
export function dismissFailure(id: number): void {
  failures.update((all) => all.filter((failure) => failure.id !== id));
}

/** Lets work go on by itself; what it throws is shown. */
export function attend(work: Promise<unknown>): void {
  work.catch(reportFailure);
}

/** Shows what no handler has caught: without this, a button whose handler fails does nothing. */
export function reportUncaught(page: EventTarget): void {
  page.addEventListener("error", (event) => {
    const { message } = event as ErrorEvent;
    // The browser says so when a layout takes two turns; nothing has failed.
    if (message.startsWith("ResizeObserver loop")) return;
    reportFailure((event as ErrorEvent).error ?? new Error(message));
  });
  page.addEventListener("unhandledrejection", (event) => {
    reportFailure((event as PromiseRejectionEvent).reason);
  });
}
