import { useEffect, useMemo, useState } from "react";
import { describeError, isCancelled } from "sluice-client/parts";

import { useStore } from "../../lib/store";
import { useClients } from "../../rpc/clients";
import { useAsync } from "../../rpc/use-async";
import { connection } from "../connection/connection-state";
import { isSystem, loadDatabases, loadTables } from "./load-catalog";
import { type Tables, treeRows } from "./tree-rows";

const noTables: ReadonlyMap<string, Tables> = new Map();

/** The tree of databases and tables, loaded as it is opened; a search loads all. */
export function useTree(search: string) {
  const clients = useClients();
  const { generation, check } = useStore(connection);
  const databases = useAsync(`${generation}`, (signal) => loadDatabases(clients, signal));
  const [loaded, setLoaded] = useState({ generation, tables: noTables });
  const tables = loaded.generation === generation ? loaded.tables : noTables;
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());

  const home = check.state === "good" ? check.answer.database : "default";
  const names = useMemo(() => databases.value ?? [], [databases.value]);
  const open = useMemo(
    () => new Set(names.filter((name) => toggled.get(name) ?? name === home)),
    [names, toggled, home],
  );

  useEffect(() => {
    const wanted = names.filter(
      (name) => !tables.has(name) && (open.has(name) || (search !== "" && !isSystem(name))),
    );
    const name = wanted[0];
    if (name === undefined) return undefined;
    const controller = new AbortController();
    const put = (value: Tables) =>
      setLoaded((before) => {
        const kept = before.generation === generation ? before.tables : noTables;
        return { generation, tables: new Map(kept).set(name, value) };
      });
    loadTables(clients, name, controller.signal).then(
      (found) => put({ state: "ready", tables: found }),
      (thrown: unknown) => {
        if (!isCancelled(thrown)) put({ state: "failed", message: describeError(thrown).detail });
      },
    );
    return () => controller.abort();
  }, [clients, generation, names, open, search, tables]);

  const rows = useMemo(() => treeRows(names, tables, open, search), [names, tables, open, search]);
  const toggle = (name: string, isOpen: boolean) =>
    setToggled((before) => new Map(before).set(name, isOpen));
  return { databases, rows, toggle };
}
