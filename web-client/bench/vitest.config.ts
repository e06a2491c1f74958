import { defineConfig } from "vitest/config";

import { clientPackage } from "../client-package.ts";

export default defineConfig({
  resolve: clientPackage,
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["**/*.bench.ts"],
    globalSetup: "../e2e/support/global-setup.ts",
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
