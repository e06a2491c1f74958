import { defineConfig } from "vitest/config";

import { clientPackage } from "../client-package.ts";

export default defineConfig({
  resolve: clientPackage,
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["**/*.e2e.ts"],
    globalSetup: "support/global-setup.ts",
    // One server and one browser at a time: the tests measure memory and restart servers.
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    retry: 0,
  },
});
