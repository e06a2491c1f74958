import { quoteIdentifier, quoteTable } from "../../lib/identifier";
import type { TableName } from "../catalog/load-catalog";

/** How rows without a partner are treated. */
export type JoinKind = "INNER" | "LEFT" | "RIGHT" | "FULL";

/** One key of a join: a column of an earlier table, and one of the table that is joined. */
export interface JoinKey {
  /** The index of the earlier table. */
  left: number;
  leftColumn: string;
  rightColumn: string;
}

/** A table of a join; the first has neither kind nor keys. */
export interface JoinTable {
  table: TableName;
  kind: JoinKind;
  keys: readonly JoinKey[];
  /** The columns that go into the file; null: all. */
  columns: readonly string[] | null;
}

/** Tables joined by chosen keys. */
export interface JoinPlan {
  tables: readonly JoinTable[];
}

/** The short name of a table within the query. */
export function aliasOf(index: number): string {
  return `t${index + 1}`;
}

/** Why there is no query yet; empty when there is one. */
export function joinObstacle(plan: JoinPlan): string {
  if (plan.tables.length < 2) return "Choose at least two tables.";
  const open = plan.tables.find(({ keys }, index) => {
    const isWhole = keys.every(
      ({ leftColumn, rightColumn }) => leftColumn !== "" && rightColumn !== "",
    );
    return index > 0 && (keys.length === 0 || !isWhole);
  });
  return open ? `Choose the keys of ${open.table.table}.` : "";
}

/** A column of a table of a join. */
export interface JoinColumn {
  name: string;
  type: string;
}

/**
 * The SELECT of a join. `columnsOf` are all columns of each table; a name that is taken gets its table's.
 *
 * A table whose rows may be missing is read with Nullable columns: ClickHouse then writes NULL where there
 * is no partner, instead of 0 and ''. (The setting for that is refused in read-only queries.)
 */
export function joinSql(plan: JoinPlan, columnsOf: readonly (readonly JoinColumn[])[]): string {
  const taken = new Set<string>();
  const outputs = plan.tables.flatMap(({ table, columns }, index) =>
    (columns ?? (columnsOf[index] ?? []).map(({ name }) => name)).map((column) => {
      const name = freeName(column, table.table, taken);
      taken.add(name);
      return `    ${aliasOf(index)}.${quoteIdentifier(column)} AS ${quoteIdentifier(name)}`;
    }),
  );
  const [first, ...joined] = plan.tables;
  if (!first) return "";
  const lines = [
    `SELECT\n${outputs.join(",\n")}`,
    `FROM ${sourceSql(plan, columnsOf, 0)} AS ${aliasOf(0)}`,
  ];
  joined.forEach(({ kind, keys }, index) => {
    const right = aliasOf(index + 1);
    const conditions = keys.map(
      ({ left, leftColumn, rightColumn }) =>
        `${aliasOf(left)}.${quoteIdentifier(leftColumn)} = ${right}.${quoteIdentifier(rightColumn)}`,
    );
    lines.push(
      `${kind} JOIN ${sourceSql(plan, columnsOf, index + 1)} AS ${right} ON ${conditions.join(" AND ")}`,
    );
  });
  return lines.join("\n");
}

/** A table of the join, with Nullable columns where its rows may be missing. */
function sourceSql(
  plan: JoinPlan,
  columnsOf: readonly (readonly JoinColumn[])[],
  index: number,
): string {
  const joined = plan.tables[index];
  if (!joined) return "";
  const isOptional =
    (index > 0 && (joined.kind === "LEFT" || joined.kind === "FULL")) ||
    plan.tables.some(
      ({ kind }, at) => at > 0 && at > index && (kind === "RIGHT" || kind === "FULL"),
    );
  if (!isOptional) return quoteTable(joined.table);
  const columns = (columnsOf[index] ?? []).map(({ name, type }) => {
    const column = quoteIdentifier(name);
    return mayBeNullable(type) ? `toNullable(${column}) AS ${column}` : column;
  });
  return `(SELECT ${columns.join(", ")} FROM ${quoteTable(joined.table)})`;
}

function mayBeNullable(type: string): boolean {
  return !/^(Array|Map|Tuple|Nested|JSON|Object|Variant|Dynamic|AggregateFunction|SimpleAgg)/.test(
    type,
  );
}

function freeName(column: string, table: string, taken: ReadonlySet<string>): string {
  if (!taken.has(column)) return column;
  const long = `${table}.${column}`;
  let name = long;
  for (let count = 2; taken.has(name); count += 1) name = `${long}_${count}`;
  return name;
}
