import { useEffect } from "react";

import { type Address, address, type Query, type Route, writeAddress } from "./route";
import type { Store } from "./store";

interface FormAddress<F> {
  /** The first part of the path of the screen. */
  place: string;
  store: Store<F>;
  /** The address of a form; a change of its `step` is a place to come back to. */
  addressOf: (form: F) => { parts: Route; query: Query };
  /** Takes what the address says, where it says something else. */
  apply: (address: Address) => void;
  /** Writes the form down for a reload. */
  keep: (form: F) => void;
}

/**
 * Ties the form of a screen to the address: each step is an entry of the browser's history, so that Back and
 * Forward walk the steps, and a link or a reload leads to the same place. `tie` must not change.
 */
export function useFormAddress<F>(tie: FormAddress<F>): void {
  useEffect(() => {
    const { place, store, addressOf, apply, keep } = tie;
    const isHere = () => (address.get().parts[0] ?? place) === place;
    const write = () => {
      const form = store.get();
      keep(form);
      if (!isHere()) return;
      const { parts, query } = addressOf(form);
      const before = address.get().query["step"]?.[0];
      const isStep = before !== undefined && before !== query["step"]?.[0];
      writeAddress(parts, query, isStep ? "push" : "replace");
    };
    const read = () => {
      if (!isHere()) return;
      apply(address.get());
      write();
    };
    read();
    const leave = [store.subscribe(write), address.subscribe(read)];
    return () => {
      for (const end of leave) end();
    };
  }, [tie]);
}
