import { createStore, useStore } from "./store";

/** The path behind the `#`, in its parts: `["transfers", "id"]`. */
export type Route = readonly string[];

/** Where the page is, and what more the address says of it. */
export interface Address {
  parts: Route;
  /** What stands behind the `?`, each name with its values. */
  query: Query;
  /** Whether the page wrote it itself: a step back or forward. A link that somebody follows is not. */
  isOwn: boolean;
}

/** Names of the address with their values. */
export type Query = Readonly<Record<string, readonly string[]>>;

/** The parts of an address. */
export function parseAddress(hash: string): Omit<Address, "isOwn"> {
  const [path = "", rest = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const query: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(rest)) (query[name] ??= []).push(value);
  return {
    parts: path
      .split("/")
      .filter((part) => part !== "")
      .map(decoded),
    query,
  };
}

/** The text of an address. */
export function formatAddress(parts: Route, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of values) search.append(name, value);
  }
  const path = href(...parts);
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

/** An address by hand may not be encoded: it is then taken as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function read(): Address {
  const state = history.state as { isOwn?: boolean } | null;
  return { ...parseAddress(location.hash), isOwn: state?.isOwn === true };
}

/** Where the page is. */
export const address = createStore<Address>(read());

/** The name of the connection in the address: a link of the page leaves it out, and it stays. */
const connectionName = "connection";

addEventListener("hashchange", () => {
  const before = address.get().query[connectionName];
  const { parts, query } = parseAddress(location.hash);
  if (before && !query[connectionName]) {
    const text = formatAddress(parts, { ...query, [connectionName]: before });
    history.replaceState(history.state, "", text);
  }
  address.set(read());
});

/** Where the page is, without what more the address says. */
export function useRoute(): Route {
  return useStore(address).parts;
}

/** The address of a place of the page. */
export function href(...parts: readonly string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Goes to a place of the page. */
export function navigate(...parts: readonly string[]): void {
  location.hash = href(...parts);
}

/** Writes where the page is: a step to come back to, or in place of what the address says. */
export function writeAddress(parts: Route, query: Query, way: "push" | "replace"): void {
  const connection = address.get().query[connectionName];
  write(parts, { ...query, ...(connection ? { [connectionName]: connection } : {}) }, way);
}

/** The connection that the address names. */
export function connectionOf({ query }: Address): string | undefined {
  return query[connectionName]?.[0];
}

/** Writes which connection the page works with; undefined for one that has no name. */
export function writeConnection(name: string | undefined): void {
  const { parts, query } = address.get();
  write(parts, { ...query, [connectionName]: name === undefined ? [] : [name] }, "replace");
}

function write(parts: Route, query: Query, way: "push" | "replace"): void {
  const text = formatAddress(parts, query);
  if (text === location.hash) return;
  const state = { isOwn: true };
  if (way === "push") history.pushState(state, "", text);
  else history.replaceState(state, "", text);
  address.set(read());
}
