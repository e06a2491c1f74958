import { readFileSync } from "node:fs";

import react from "@vitejs/plugin-react";
import { type Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** What the page may do. The server sends the same as a header, with `frame-ancestors 'none'`. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "frame-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Writes the policy into the page, so that it holds wherever the files are served from. */
function policyInPage(): Plugin {
  return {
    name: "policy-in-page",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        injectTo: "head-prepend",
        attrs: { "http-equiv": "Content-Security-Policy", content: contentSecurityPolicy },
      },
    ],
  };
}

/** Puts the service worker beside the page, where its scope is the page's directory. */
function serviceWorker(): Plugin {
  const source = new URL("src/features/export/download-worker.js", import.meta.url);
  return {
    name: "service-worker",
    generateBundle() {
      this.emitFile({
        type: "asset",
        fileName: "download-worker.js",
        source: readFileSync(source),
      });
    },
    configureServer(server) {
      server.middlewares.use("/download-worker.js", (_request, response) => {
        response.setHeader("content-type", "text/javascript").end(readFileSync(source));
      });
    },
  };
}

const server = process.env["SLUICE_SERVER"] ?? "http://127.0.0.1:50051";

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [react(), policyInPage(), serviceWorker()],
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/sluice.v1": server } },
  test: { include: ["src/**/*.test.ts"] },
});
