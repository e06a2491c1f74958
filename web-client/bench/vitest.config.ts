import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["**/*.bench.ts"],
    globalSetup: "../e2e/support/global-setup.ts",
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
