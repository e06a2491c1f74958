import { CommitMode, type UploadSpec } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import { type Clients, describeError } from "sluice-client/parts";

import { ask } from "../../components/question";
import { formatRows } from "../../lib/format";
import { tableName } from "../../lib/identifier";
import { plainName } from "../catalog/load-catalog";

/** Asks before all rows of a table go, and says how many; yes of itself where none would. */
export function mayReplace(
  clients: Clients,
  spec: UploadSpec,
  added: readonly string[],
): Promise<boolean> {
  if (spec.commitMode !== CommitMode.REPLACE || spec.dryRun) return Promise.resolve(true);
  return ask({
    title: `Replace all rows of ${nameOf(spec)}?`,
    load: async (signal) => {
      const { sentence, rows } = await rowsNow(clients, spec, signal);
      const text = (
        <>
          <p>
            {sentence} All of them are replaced by those of {spec.sourceName}.
          </p>
          {added.length > 0 && <p>Then the rows of {listed(added)} are added.</p>}
        </>
      );
      return { text, action: `Replace ${rows}` };
    },
  });
}

/** Asks before all rows of a table go and none come. */
export function mayEmpty(clients: Clients, spec: UploadSpec): Promise<boolean> {
  return ask({
    title: `Empty ${nameOf(spec)}?`,
    load: async (signal) => {
      const { sentence, rows } = await rowsNow(clients, spec, signal);
      const text = (
        <p>
          {sentence} All of them go, and no row takes their place: {spec.sourceName} has none to
          load.
        </p>
      );
      return { text, action: `Remove ${rows}` };
    },
  });
}

/** Asks before rows are added to those that `replacing` was to replace and has not. */
export function mayAddToOld(
  clients: Clients,
  spec: UploadSpec,
  replacing: string,
): Promise<boolean> {
  return ask({
    title: `Add to the old rows of ${nameOf(spec)}?`,
    load: async (signal) => {
      const { sentence, rows } = await rowsNow(clients, spec, signal);
      const text = (
        <p>
          {sentence} {replacing} was to replace them and has not loaded. The rows of{" "}
          {spec.sourceName} would be added to the old ones.
        </p>
      );
      return { text, action: `Add to ${rows}` };
    },
  });
}

/** How many rows the table has now, as a sentence and as a name for them. */
async function rowsNow(
  clients: Clients,
  { table }: UploadSpec,
  signal: AbortSignal,
): Promise<{ sentence: string; rows: string }> {
  const name = tableName(plainName(table));
  try {
    const { summary } = await clients.catalog.getTable({ table: plainName(table) }, { signal });
    if (summary?.rowCount === undefined) {
      return { sentence: `ClickHouse does not say how many rows ${name} has.`, rows: "all rows" };
    }
    const rows = formatRows(summary.rowCount);
    return { sentence: `${name} has ${rows} now.`, rows };
  } catch (thrown) {
    // A token may load and not look: the question is asked all the same.
    const { detail } = describeError(thrown);
    return { sentence: `How many rows ${name} has is not known: ${detail}.`, rows: "all rows" };
  }
}

function nameOf({ table }: UploadSpec): string {
  return tableName(plainName(table));
}

const list = new Intl.ListFormat("en");

function listed(names: readonly string[]): string {
  return names.length > 3 ? `${names.length} more files` : list.format(names);
}
