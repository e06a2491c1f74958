import { fileURLToPath } from "node:url";

/*
 * Where the page finds `sluice-client`: in its sources, which are built with the page. What it uses itself is
 * the page's, so that the page has one copy of it. tsconfig.json says the same to the compiler.
 */
export const clientPackage = {
  alias: { "sluice-client": fileURLToPath(new URL("../proto/node/src", import.meta.url)) },
  dedupe: ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-web"],
};
