import { createStore, useStore } from "./store";

/** The path behind the `#`, in its parts: `["transfers", "id"]`. */
export type Route = readonly string[];

function read(): Route {
  return location.hash
    .replace(/^#\/?/, "")
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/** An address by hand may not be encoded: it is then taken as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const route = createStore<Route>(read());

addEventListener("hashchange", () => route.set(read()));

/** Where the page is. */
export function useRoute(): Route {
  return useStore(route);
}

/** The address of a place of the page. */
export function href(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Goes to a place of the page. */
export function navigate(...parts: string[]): void {
  location.hash = href(...parts);
}
