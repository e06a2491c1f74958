/** The value of an enum that came as a number, or as the text of an option; `fallback` for another. */
export function enumValue<T extends number>(
  values: Record<string, T | string>,
  value: number | string,
  fallback: T,
): T {
  const wanted = Number(value);
  return Object.values(values).find((known): known is T => known === wanted) ?? fallback;
}
