import type { TableSummary } from "sluice-client/gen/sluice/v1/catalog_service_pb";
import type { TableRef } from "sluice-client/gen/sluice/v1/schema_pb";
import { type Clients } from "sluice-client/parts";

/** Databases of ClickHouse itself, listed last. */
const systemDatabases = new Set(["system", "INFORMATION_SCHEMA", "information_schema"]);

/** Whether the database is ClickHouse's own. */
export function isSystem(database: string): boolean {
  return systemDatabases.has(database);
}

/** The names of all databases, those of ClickHouse itself last. */
export async function loadDatabases(clients: Clients, signal: AbortSignal): Promise<string[]> {
  const { databases } = await clients.catalog.listDatabases({}, { signal });
  const names = databases.map(({ name }) => name);
  return [...names.filter((name) => !isSystem(name)), ...names.filter(isSystem)];
}

/** All tables of a database, whatever the number of pages. */
export async function loadTables(
  clients: Clients,
  database: string,
  signal: AbortSignal,
): Promise<TableSummary[]> {
  const tables: TableSummary[] = [];
  let pageToken = "";
  do {
    const request = { database, pageSize: 10_000, pageToken };
    const page = await clients.catalog.listTables(request, { signal });
    tables.push(...page.tables);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return tables;
}

/** A table name in plain parts. */
export interface TableName {
  database: string;
  table: string;
}

/** The parts of a name of the contract. */
export function plainName(table: TableRef | undefined): TableName {
  return { database: table?.database ?? "", table: table?.table ?? "" };
}
