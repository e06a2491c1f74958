import { useEffect, useState } from "react";

import { describeError, isCancelled, type Problem } from "./errors";

/** A value that is on its way. */
export type Loaded<T> =
  | { state: "loading"; value: T | undefined }
  | { state: "ready"; value: T }
  | { state: "failed"; problem: Problem; value: T | undefined };

/**
 * Loads a value whenever `key` changes; what was there stays meanwhile, and is never called ready for another
 * key. Nothing is loaded while `key` is null. `load` is given a signal that ends what is no longer wanted.
 */
export function useAsync<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  delayMs = 0,
): Loaded<T> {
  const [last, setLast] = useState<{ key: string | null; loaded: Loaded<T> }>({
    key: null,
    loaded: { state: "loading", value: undefined },
  });
  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      load(controller.signal).then(
        (value) => {
          if (!controller.signal.aborted) setLast({ key, loaded: { state: "ready", value } });
        },
        (thrown: unknown) => {
          if (controller.signal.aborted || isCancelled(thrown)) return;
          const problem = describeError(thrown);
          setLast(({ loaded: { value } }) => ({
            key,
            loaded: { state: "failed", problem, value },
          }));
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
  return { state: "loading", value: last.loaded.value };
}
