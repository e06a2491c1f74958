import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { type Plugin } from "vite";
import { defineConfig } from "vitest/config";

import { clientPackage } from "./client-package.ts";

/** What the page may do. The server sends the same as a header, with `frame-ancestors 'none'`. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
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

/** Puts a packed copy beside each file that gains by it; the server sends that one. */
function packedCopies(): Plugin {
  return {
    name: "packed-copies",
    apply: "build",
    // From the files as they were written: the code still changes while they are put together.
    writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/\.(?:css|html|js|svg)$/.test(name)) continue;
        const content = readFileSync(`${dir}/${name}`);
        const packed = gzipSync(content, { level: 9 });
        if (packed.length < content.length * 0.9) writeFileSync(`${dir}/${name}.gz`, packed);
      }
    },
  };
}

const server = process.env["SLUICE_SERVER"] ?? "http://127.0.0.1:50051";

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [react(), policyInPage(), serviceWorker(), packedCopies()],
  resolve: clientPackage,
  worker: { format: "es" },
  build: {
    // The directory above stays when this one goes: the build of the server looks for changes there.
    outDir: "dist/page",
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/sluice.v1": server } },
  test: { include: ["src/**/*.test.ts"] },
});
