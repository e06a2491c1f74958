/** Waits; ends early, without an error, when `wake` fires. Throws when `signal` aborts. */
export function sleep(
  milliseconds: number,
  signal: AbortSignal,
  wake?: EventTarget,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      wake?.removeEventListener("online", done);
    };
    const done = () => {
      end();
      resolve();
    };
    const abort = () => {
      end();
      reject(abortError());
    };
    const timer = setTimeout(done, milliseconds);
    wake?.addEventListener("online", done);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

/** What an abort by this page throws. */
export function abortError(): DOMException {
  return new DOMException("aborted", "AbortError");
}

/** What aborts with `signal`, and by itself; `release` lets go of the signal. */
export function childOf(signal: AbortSignal | undefined): {
  controller: AbortController;
  release: () => void;
} {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return { controller, release: () => signal?.removeEventListener("abort", abort) };
}

/** A switch that work waits at while it is closed. */
export class Gate {
  private release: (() => void) | undefined;
  private opened: Promise<void> = Promise.resolve();

  get isClosed(): boolean {
    return this.release !== undefined;
  }

  close(): void {
    if (this.release) return;
    this.opened = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  open(): void {
    this.release?.();
    this.release = undefined;
  }

  /** Waits until it is open. Throws when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(abortError()), { once: true });
    });
    await Promise.race([this.opened, aborted]);
  }
}
