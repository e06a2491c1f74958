/** What a tab keeps over a reload. Nothing secret goes here: the browser writes it to the disk. */

const prefix = "sluice.";

/** Keeps a value for this tab; null forgets it. A browser that keeps nothing loses it with the page. */
export function keepInTab(name: string, value: object | null): void {
  try {
    if (value === null) sessionStorage.removeItem(prefix + name);
    else sessionStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // A private window, or no room left.
  }
}

/** What was kept; undefined when nothing was. */
export function keptInTab(name: string): unknown {
  try {
    const text = sessionStorage.getItem(prefix + name);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
