import { defaultTarget, type Target } from "sluice-client/parts";

import { createStore } from "../lib/store";

/** What every call carries. It lives in memory only: a reload forgets tokens and passwords. */
export interface Session {
  /** The token that Sluice asks for; empty for none. */
  token: string;
  target: Target;
  /** Whether the target is known from before a reload, and its password or token is not. */
  isSecretLost: boolean;
}

/** The session of this page. */
export const session = createStore<Session>({
  token: "",
  target: defaultTarget,
  isSecretLost: false,
});

/** A short name of the target, for the header of the page. */
export function targetName(target: Target): string {
  if (target.kind === "named") return target.name;
  try {
    return new URL(target.url).host;
  } catch {
    return target.url;
  }
}
