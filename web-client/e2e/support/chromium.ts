import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { chromium } from "playwright-core";

/** Where a Chromium is on most machines. */
const usualPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** The Chromium for the tests: the one that `SLUICE_CHROMIUM` names, the system's, or playwright's. */
export function findChromium(): string | undefined {
  const named = process.env["SLUICE_CHROMIUM"];
  if (named !== undefined) return named;
  return [...usualPlaces, chromium.executablePath()].find((path) => existsSync(path));
}

/** Installs a Chromium where there is none: Debian's package, else the one that playwright offers. */
export function installChromium(): void {
  if (findChromium() !== undefined) return;
  const playwright = resolve(import.meta.dirname, "../../node_modules/playwright-core/cli.js");
  const ways = [
    ...(process.getuid?.() === 0
      ? [
          ["apt-get", "update"],
          ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
        ]
      : []),
    [process.execPath, playwright, "install", "chromium"],
  ];
  for (const [command = "", ...args] of ways) {
    spawnSync(command, args, { stdio: "inherit" });
    if (findChromium() !== undefined) return;
  }
  throw new Error(
    "there is no Chromium and none could be installed: install the package chromium, or name one in SLUICE_CHROMIUM",
  );
}
