/** Texts for numbers, sizes and times, in the locale of the reader. */

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const percentage = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

/** A count with digit groups. */
export function formatCount(count: number | bigint): string {
  return whole.format(count);
}

/** A count and its noun: `1 row`, `2,000 rows`. */
export function formatRows(count: number | bigint, noun = "row"): string {
  return `${formatCount(count)} ${noun}${Number(count) === 1 ? "" : "s"}`;
}

/** A number of bytes in powers of 1000, three digits or so. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  // What would be shown as 1,000 is one of the next unit.
  while (Math.round(Math.abs(value)) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? whole.format(Math.round(value)) : short.format(value);
  return `${text} ${units[unit] ?? "B"}`;
}

/** A share from 0 to 1. */
export function formatShare(share: number): string {
  return percentage.format(share);
}

/** A length of time: `40 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 99.5) return `${Math.ceil(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${short.format(seconds)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return `${minutes} min ${rounded % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment, shorter when it is today. */
export function formatMoment(moment: Date, now = new Date()): string {
  const isToday = moment.toDateString() === now.toDateString();
  return isToday
    ? moment.toLocaleTimeString(undefined, { timeStyle: "medium" })
    : moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
