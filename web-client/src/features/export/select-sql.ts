import { Operator } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import { quoteIdentifier, quoteTable, quoteText } from "../../lib/identifier";
import type { ConditionChoice, ExportForm } from "./export-form";

const symbols: Partial<Record<Operator, string>> = {
  [Operator.EQUAL]: "=",
  [Operator.NOT_EQUAL]: "!=",
  [Operator.LESS]: "<",
  [Operator.LESS_OR_EQUAL]: "<=",
  [Operator.GREATER]: ">",
  [Operator.GREATER_OR_EQUAL]: ">=",
  [Operator.LIKE]: "LIKE",
  [Operator.NOT_LIKE]: "NOT LIKE",
  [Operator.IN]: "IN",
  [Operator.NOT_IN]: "NOT IN",
  [Operator.IS_NULL]: "IS NULL",
  [Operator.IS_NOT_NULL]: "IS NOT NULL",
};

/** Whether the operator takes no value, one or several. */
export function arity(operator: Operator): "none" | "one" | "many" {
  if (operator === Operator.IS_NULL || operator === Operator.IS_NOT_NULL) return "none";
  return operator === Operator.IN || operator === Operator.NOT_IN ? "many" : "one";
}

/** The values of a condition. */
export function valuesOfCondition({ operator, value }: ConditionChoice): string[] {
  if (arity(operator) === "none") return [];
  return arity(operator) === "one" ? [value] : value.split(",").map((part) => part.trim());
}

/** The conditions that name a column. */
export function wholeConditions(where: readonly ConditionChoice[]): ConditionChoice[] {
  return where.filter(({ column }) => column !== "");
}

/**
 * The query that an export of a table stands for, to look at its first rows and to count them. The export
 * itself sends the choices, not this text.
 */
export function tableSql(form: ExportForm): string {
  if (!form.table) return "";
  const columns = form.columns?.map(quoteIdentifier).join(", ") ?? "*";
  const lines = [`SELECT ${columns}`, `FROM ${quoteTable(form.table)}`];
  const where = wholeConditions(form.where).map(conditionSql);
  if (where.length > 0) lines.push(`WHERE ${where.join(" AND ")}`);
  const order = form.orderBy
    .filter(({ column }) => column !== "")
    .map(({ column, isDescending }) => quoteIdentifier(column) + (isDescending ? " DESC" : ""));
  if (order.length > 0) lines.push(`ORDER BY ${order.join(", ")}`);
  if (form.limit !== "") lines.push(`LIMIT ${Math.max(0, Math.floor(Number(form.limit)))}`);
  return lines.join("\n");
}

/** The query that counts the rows of another. */
export function countSql(query: string): string {
  return `SELECT count() AS rows FROM\n(\n${query.trim().replace(/;\s*$/, "")}\n)`;
}

function conditionSql(condition: ConditionChoice): string {
  const column = quoteIdentifier(condition.column);
  const symbol = symbols[condition.operator] ?? "=";
  const values = valuesOfCondition(condition).map(quoteText);
  switch (arity(condition.operator)) {
    case "none":
      return `${column} ${symbol}`;
    case "one":
      return `${column} ${symbol} ${values[0] ?? "''"}`;
    case "many":
      return `${column} ${symbol} (${values.join(", ")})`;
  }
}
