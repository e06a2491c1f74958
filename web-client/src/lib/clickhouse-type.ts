/** What a ClickHouse type is without `Nullable` and `LowCardinality`. */
export function innerType(type: string): string {
  const wrapped = /^(?:Nullable|LowCardinality)\((.*)\)$/s.exec(type);
  return wrapped?.[1] === undefined ? type : innerType(wrapped[1]);
}

/** Whether values of the type are numbers. */
export function isNumeric(type: string): boolean {
  return /^(?:U?Int\d|Float|BFloat|Decimal)/.test(innerType(type));
}

/** Whether the type takes NULL. */
export function isNullable(type: string): boolean {
  return /^(?:LowCardinality\()?Nullable\(/.test(type);
}

/** Adds or takes away `Nullable`, inside of `LowCardinality` where there is one. */
export function withNullable(type: string, nullable: boolean): string {
  if (isNullable(type) === nullable) return type;
  const low = /^LowCardinality\((.*)\)$/s.exec(type);
  if (low?.[1] !== undefined) return `LowCardinality(${withNullable(low[1], nullable)})`;
  if (nullable) return `Nullable(${type})`;
  return /^Nullable\((.*)\)$/s.exec(type)?.[1] ?? type;
}

/** Types to choose from for a new column. */
export const commonTypes = [
  "String",
  "LowCardinality(String)",
  "Bool",
  "Int8",
  "Int16",
  "Int32",
  "Int64",
  "UInt8",
  "UInt16",
  "UInt32",
  "UInt64",
  "Float32",
  "Float64",
  "Decimal(18, 2)",
  "Decimal(18, 4)",
  "Date",
  "Date32",
  "DateTime",
  "DateTime64(3)",
  "DateTime64(6)",
  "UUID",
  "IPv4",
  "IPv6",
] as const;
