import { type FocusEvent, type KeyboardEvent, useState } from "react";

/**
 * Makes a list of rows with controls short for the keyboard: only the controls of one row are reached with Tab,
 * the arrow keys up and down go to the same control of the next row. Rows have the attribute `data-index`.
 */
export function useRows(count: number, scrollTo: (index: number) => void) {
  const [current, setCurrent] = useState(0);
  const last = Math.max(0, count - 1);
  const row = Math.min(current, last);
  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const index = indexOf(event.target);
    if (index !== undefined) setCurrent(index);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    const index = indexOf(target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // In a choice the arrows choose; Alt opens it.
    if (index === undefined || step === undefined || target.matches("select, [list]")) return;
    const next = Math.min(last, Math.max(0, index + step));
    if (next === index) return;
    event.preventDefault();
    const frame = event.currentTarget;
    const place = controlsOf(frame, index).indexOf(target);
    setCurrent(next);
    scrollTo(next);
    const focus = () => controlsOf(frame, next)[place]?.focus();
    // A row that is not in the page yet comes with the scrolling.
    if (controlsOf(frame, next).length > 0) focus();
    else requestAnimationFrame(focus);
  };
  return { tabIndexOf: (index: number) => (index === row ? 0 : -1), frame: { onFocus, onKeyDown } };
}

function indexOf(target: Element): number | undefined {
  const index = target.closest("[data-index]")?.getAttribute("data-index");
  return index === null || index === undefined ? undefined : Number(index);
}

function controlsOf(frame: HTMLElement, index: number): HTMLElement[] {
  const row = frame.querySelector(`[data-index="${index}"]`);
  return [...(row?.querySelectorAll<HTMLElement>("input, select, button") ?? [])];
}
