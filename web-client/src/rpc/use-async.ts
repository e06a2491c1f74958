import { useEffect, useState } from "react";
import { describeError, isCancelled, type Problem } from "sluice-client/parts";

/** A value that is on its way. */
export type Loaded<T> =
  | { state: "loading"; value: T | undefined }
  | { state: "ready"; value: T }
  | { state: "failed"; problem: Problem; value: T | undefined };

/**
 * Loads a value whenever `key` changes; what was there stays meanwhile, as long as it is of the same `subject`,
 * and is never called ready for another key. Nothing is loaded while `key` is null. `load` is given a signal that
 * ends what is no longer wanted.
 */
export function useAsync<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  { delayMs = 0, subject = "" }: { delayMs?: number; subject?: string } = {},
): Loaded<T> {
  const [last, setLast] = useState<Last<T>>({ key: null, subject, loaded: nothing });
  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      load(controller.signal).then(
        (value) => {
          if (controller.signal.aborted) return;
          setLast({ key, subject, loaded: { state: "ready", value } });
        },
        (thrown: unknown) => {
          if (controller.signal.aborted || isCancelled(thrown)) return;
          const problem = describeError(thrown);
          setLast((before) => {
            const value = before.subject === subject ? before.loaded.value : undefined;
            return { key, subject, loaded: { state: "failed", problem, value } };
          });
        },
      );
    }, delayMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for all that `load` uses
  }, [key]);
  if (last.key === key) return last.loaded;
  return { state: "loading", value: last.subject === subject ? last.loaded.value : undefined };
}

interface Last<T> {
  key: string | null;
  subject: string;
  loaded: Loaded<T>;
}

const nothing = { state: "loading", value: undefined } as const;
