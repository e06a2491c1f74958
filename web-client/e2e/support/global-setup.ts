import { installChromium } from "./chromium";

/** Runs once, before all tests. */
export function setup(): void {
  installChromium();
}
