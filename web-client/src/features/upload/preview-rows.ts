import { type InspectFileResponse, MatchKind } from "sluice-client/gen/sluice/v1/ingest_service_pb";
import type { RejectedRow } from "sluice-client/gen/sluice/v1/profile_pb";

import type { GridColumn, GridRow } from "../../components/data-grid";
import { shortReason } from "../../rpc/reasons";
import { gridRow } from "../catalog/grid-of";
import { fieldsOf } from "./fields";

const decoder = new TextDecoder();

/**
 * The first rows of a file as a grid, with the cells that do not fit the table marked where they are.
 *
 * A record that could not be cut into the right number of fields is not among the rows that the server
 * returns; it takes its place as one cell with its text.
 */
export function previewRows(inspection: InspectFileResponse): {
  columns: GridColumn[];
  rows: GridRow[];
} {
  const found = inspection.profile?.columns ?? [];
  const fields = fieldsOfColumns(inspection);
  const types = new Map(inspection.matches.map(({ column, type }) => [fields.get(column), type]));
  const rejected = new Map<number, RejectedRow[]>();
  for (const row of inspection.rejectedRows) {
    const record = Number(row.record);
    rejected.set(record, [...(rejected.get(record) ?? []), row]);
  }
  const rows: GridRow[] = [];
  let next = 0;
  for (let record = 1; next < inspection.rows.length || rejected.has(record); record += 1) {
    const faults = rejected.get(record) ?? [];
    const whole = faults.find(({ column }) => column === "");
    const label = `${record}`;
    if (whole) {
      const text = decoder.decode(whole.raw);
      rows.push({ label, cells: [text], faults: new Map([[0, shortReason(whole.reason)]]) });
      continue;
    }
    const row = inspection.rows[next];
    next += 1;
    if (!row) break;
    const marks = faults.map(
      (fault) => [fields.get(fault.column) ?? 0, shortReason(fault.reason)] as const,
    );
    rows.push({ ...gridRow(row), label, ...(marks.length > 0 ? { faults: new Map(marks) } : {}) });
  }
  const columns = found.map(({ name, type }, index) => ({ name, type: types.get(index) ?? type }));
  return { columns, rows };
}

/** For each column of the table the index of its field. */
function fieldsOfColumns(inspection: InspectFileResponse): Map<string, number> {
  const byName = new Map(fieldsOf(inspection).map(({ key, number }) => [key, number - 1]));
  const fields = new Map<string, number>();
  for (const { kind, column, source } of inspection.matches) {
    const index = source === undefined ? undefined : byName.get(source);
    if (kind !== MatchKind.EXTRA && index !== undefined) fields.set(column, index);
  }
  return fields;
}
