import { useEffect, useState } from "react";
import { describeError, isCancelled, type Problem } from "sluice-client/parts";

import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import type { TableName } from "../catalog/load-catalog";
import { connection } from "../connection/connection-state";
import type { JoinColumn } from "./join-sql";
import { isPlain } from "./use-table-columns";

/** What is known of the columns of some tables. */
export interface JoinColumns {
  /** The columns of a table; none while they are on their way. */
  columnsOf: (table: TableName) => readonly JoinColumn[];
  /** Why those of one table cannot be known. */
  problem: Problem | undefined;
}

type Answer = { columns: JoinColumn[] } | { problem: Problem };

const noAnswers: ReadonlyMap<string, Answer> = new Map();

/** Asks for the columns of each table. */
export function useJoinColumns(tables: readonly TableName[]): JoinColumns {
  const clients = useClients();
  const { generation } = useStore(connection);
  const [kept, setKept] = useState({ generation, answers: noAnswers });
  const answers = kept.generation === generation ? kept.answers : noAnswers;
  const keys = tables.map(tableKey).join("\n");
  useEffect(() => {
    const controller = new AbortController();
    const keep = (table: TableName, answer: Answer) =>
      setKept((before) => {
        const others = before.generation === generation ? before.answers : noAnswers;
        return { generation, answers: new Map(others).set(tableKey(table), answer) };
      });
    for (const table of tables) {
      const known = answers.get(tableKey(table));
      if (known && "columns" in known) continue;
      clients.catalog.getTable({ table }, { signal: controller.signal }).then(
        ({ columns }) => {
          const plain = columns.filter(isPlain).map(({ name, type }) => ({ name, type }));
          keep(table, { columns: plain });
        },
        (thrown: unknown) => {
          if (!isCancelled(thrown)) keep(table, { problem: describeError(thrown) });
        },
      );
    }
    return () => controller.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the keys stand for the tables
  }, [clients, generation, keys]);
  const asked = tables.map((table) => answers.get(tableKey(table)));
  return {
    columnsOf: (table) => {
      const answer = answers.get(tableKey(table));
      return answer && "columns" in answer ? answer.columns : [];
    },
    problem: asked.flatMap((answer) => (answer && "problem" in answer ? answer.problem : []))[0],
  };
}

/** Names the table among all. */
function tableKey({ database, table }: TableName): string {
  return JSON.stringify([database, table]);
}
