import { useEffect, useState } from "react";

import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import type { TableName } from "../catalog/load-catalog";
import { connection } from "../connection/connection-state";
import type { JoinColumn } from "./join-sql";
import { isPlain } from "./use-table-columns";

/** Names the table among all. */
export function tableKey({ database, table }: TableName): string {
  return JSON.stringify([database, table]);
}

/** The columns of each table, as they come in. */
export function useJoinColumns(tables: readonly TableName[]): ReadonlyMap<string, JoinColumn[]> {
  const clients = useClients();
  const { generation } = useStore(connection);
  const [known, setKnown] = useState<ReadonlyMap<string, JoinColumn[]>>(new Map());
  const keys = tables.map(tableKey).join("\n");
  useEffect(() => {
    const controller = new AbortController();
    for (const table of tables) {
      if (known.has(tableKey(table))) continue;
      clients.catalog.getTable({ table }, { signal: controller.signal }).then(
        ({ columns }) => {
          const plain = columns.filter(isPlain).map(({ name, type }) => ({ name, type }));
          setKnown((before) => new Map(before).set(tableKey(table), plain));
        },
        // A table that is gone has no columns to choose from.
        () => undefined,
      );
    }
    return () => controller.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the keys stand for the tables
  }, [clients, generation, keys]);
  return known;
}
