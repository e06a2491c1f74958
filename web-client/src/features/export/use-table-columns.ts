import type { Column } from "sluice-client/gen/sluice/v1/schema_pb";

import { tableName } from "../../lib/identifier";
import { useClients } from "../../rpc/clients";
import { type Loaded, useAsync } from "../../rpc/use-async";
import type { TableName } from "../catalog/load-catalog";

/** The columns of a table; those that `SELECT *` leaves out come with their kind. */
export function useTableColumns(table: TableName | undefined): Loaded<Column[]> {
  const clients = useClients();
  return useAsync(table ? tableName(table) : null, async (signal) => {
    if (!table) return [];
    const { columns } = await clients.catalog.getTable({ table }, { signal });
    return columns.filter(({ defaultKind }) => defaultKind !== "EPHEMERAL");
  });
}

/** Whether `SELECT *` returns the column. */
export function isPlain({ defaultKind }: Column): boolean {
  return defaultKind === "" || defaultKind === "DEFAULT";
}
