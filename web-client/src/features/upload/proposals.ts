import { type ColumnMatch, MatchKind } from "sluice-client/gen/sluice/v1/ingest_service_pb";

import type { Field } from "./fields";

/** A field that may be meant for a column. It is offered and never taken in silence. */
export interface Proposal {
  column: string;
  source: string;
  why: "similar name" | "as last time";
}

/** How like two names have to be, from 0 to 1. */
const leastLikeness = 0.7;

/** For each column without a field the one of the free fields that is most like it, or was chosen last time. */
export function proposalsFor(
  matches: readonly ColumnMatch[],
  fields: readonly Field[],
  chosen: Readonly<Record<string, string>>,
  remembered: Readonly<Record<string, string>>,
): Proposal[] {
  const free = freeFields(matches, fields, chosen);
  const open = matches.filter(
    ({ kind, column }) =>
      (kind === MatchKind.MISSING || kind === MatchKind.DEFAULT) && !(column in chosen),
  );
  const pairs = open.flatMap(({ column }) =>
    free.map((field) => {
      const isKnown = remembered[column] === field.key;
      return { column, field, isKnown, score: isKnown ? 2 : likeness(field.name, column) };
    }),
  );
  pairs.sort((a, b) => b.score - a.score);
  const taken = new Set<string>();
  const given = new Map<string, Proposal>();
  for (const { column, field, isKnown, score } of pairs) {
    if (score < leastLikeness || taken.has(field.key) || given.has(column)) continue;
    taken.add(field.key);
    given.set(column, {
      column,
      source: field.key,
      why: isKnown ? "as last time" : "similar name",
    });
  }
  return open.flatMap(({ column }) => given.get(column) ?? []);
}

/** The fields that fill no column. */
export function freeFields(
  matches: readonly ColumnMatch[],
  fields: readonly Field[],
  chosen: Readonly<Record<string, string>>,
): Field[] {
  const used = new Set(Object.values(chosen));
  for (const { kind, column, source } of matches) {
    if (kind !== MatchKind.EXTRA && source !== undefined && !(column in chosen)) used.add(source);
  }
  return fields.filter(({ key }) => !used.has(key));
}

/** How like two names are: 1 where only case, marks and what parts the words differ. */
export function likeness(a: string, b: string): number {
  const [left, right] = [plain(a), plain(b)];
  if (left === "" || right === "") return 0;
  if (left === right) return 1;
  const pairs = pairsOf(left);
  const others = pairsOf(right);
  const total = pairs.length + others.length;
  let common = 0;
  for (const pair of pairs) {
    const at = others.indexOf(pair);
    if (at < 0) continue;
    others.splice(at, 1);
    common += 1;
  }
  return total === 0 ? 0 : (2 * common) / total;
}

function plain(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replace(/[^\p{L}\p{N}]/gu, "");
}

function pairsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));
}
