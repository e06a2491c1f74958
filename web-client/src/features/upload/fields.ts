import type { InspectFileResponse } from "sluice-client/gen/sluice/v1/ingest_service_pb";

/** A field of the file that can be chosen for a column. */
export interface Field {
  /** What choices are kept by: its name, or for one of several of that name the name that is its own. */
  key: string;
  /** The name in the header, or the number of the field. */
  name: string;
  /** Its place from 1. */
  number: number;
  /** Whether another field has the same name. */
  isDouble: boolean;
}

/** Whether the first records name the columns. */
export function hasHeader(inspection: Pick<InspectFileResponse, "profile">): boolean {
  return (inspection.profile?.dialect?.headerRows ?? 1) > 0;
}

/** The fields of a file in their order. */
export function fieldsOf(inspection: Pick<InspectFileResponse, "profile">): Field[] {
  const columns = inspection.profile?.columns ?? [];
  const isNamed = hasHeader(inspection);
  const names = columns.map(({ name, originalName }, index) =>
    isNamed ? (originalName ?? name) : `${index + 1}`,
  );
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, index) => {
    const isDouble = (counts.get(name) ?? 0) > 1;
    return {
      key: isDouble ? (columns[index]?.name ?? name) : name,
      name,
      number: index + 1,
      isDouble,
    };
  });
}

/** The words for a field where it is chosen: `name`, or `name (field 3)` for one of several. */
export function fieldLabel({ name, number, isDouble }: Field): string {
  return isDouble ? `${name} (field ${number})` : name;
}

/**
 * Whether a choice names a field whose name stands twice in the header. The contract knows fields by their names:
 * such a file is read as one without a header, below its header, and its fields go by their numbers.
 */
export function isByNumber(fields: readonly Field[], sources: readonly string[]): boolean {
  const doubles = new Set(fields.filter(({ isDouble }) => isDouble).map(({ key }) => key));
  return sources.some((source) => doubles.has(source));
}

/** The number of a field as the contract takes it for a file without a header. */
export function numberOf(fields: readonly Field[], key: string): string {
  return `${fields.find((field) => field.key === key)?.number ?? key}`;
}
