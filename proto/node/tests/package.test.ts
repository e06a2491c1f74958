import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

import { afterAll, beforeAll, expect, test } from "vitest";

import { Sluice } from "../src/node.js";
import { randomUuid } from "../src/uuid.js";
import { Server } from "./server.js";

/* What is packed is installed, compiled and run as the README shows it. */

const own = resolve(import.meta.dirname, "..");

let server: Server;
let folder: string;
let blocks: { isRun: boolean; code: string }[];

beforeAll(async () => {
  server = await Server.start();
  folder = await mkdtemp(join(tmpdir(), "sluice-package-"));
  await install();
  const readme = await readFile(join(own, "README.md"), "utf8");
  const found = readme.matchAll(/^```js *(\S*)\n(.*?)^```$/gms);
  blocks = [...found].map(([, mark, code = ""]) => ({
    isRun: mark === "",
    code: code.replace("http://127.0.0.1:50051", server.url),
  }));
  await writeFile(join(folder, "orders.csv"), "id,amount\n1,5\n2,10\n3,20\n");
  await writeFile(join(folder, "messy.csv"), "id;amount\n4;7\n5;x\n");
});
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true });
});

/** Unpacks the package where a program would have it, beside what it depends on. */
async function install(): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "sluice-client"), { recursive: true });
  for (const name of ["@bufbuild", "@connectrpc", "@types", "undici-types"]) {
    await symlink(join(own, "node_modules", name), join(modules, name));
  }
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: own });
  const [packed = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  const target = ["-C", join(modules, "sluice-client"), "--strip-components=1"];
  execFileSync("tar", ["-xzf", join(folder, packed), ...target]);
}

test("what the README shows runs as it is written", async () => {
  const isRun = blocks.filter((block) => block.isRun);
  expect(isRun.length).toBeGreaterThanOrEqual(5);
  for (const [index, { code }] of isRun.entries()) {
    const file = join(folder, `block-${index}.mjs`);
    await writeFile(file, code);
    // One that leaves its connection open would never end.
    execFileSync(process.execPath, [file], { cwd: folder, timeout: 20_000 });
  }
  const large = gunzipSync(await readFile(join(folder, "large.csv.gz"))).toString();
  expect(large).toBe("id,amount\n2,10\n3,20\n");
  const client = new Sluice({ url: server.url });
  // Three at first, the stream, one of the messy ones, and three under an id.
  const query = "SELECT count() FROM default.orders";
  expect(await client.preview({ query })).toEqual([[`${3 + 996 + 1 + 3}`]]);
  client.close();
});

test("the program of docs/clients.md loads a file once under its id", async () => {
  const page = await readFile(join(own, "../../docs/clients.md"), "utf8");
  const code = /^```js\n(.*?)^```$/ms.exec(page)?.[1] ?? "";
  const file = join(folder, "program.mjs");
  await writeFile(file, code);
  const args = [file, server.url, "default.program", "orders.csv", randomUuid()];
  for (let run = 0; run < 2; run += 1) {
    const said = execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    expect(said).toMatch(/^3 rows; /);
  }
});

test("what the README shows has types, for Node and for bundlers", async () => {
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const files: string[] = [];
  for (const [index, { code }] of blocks.entries()) {
    const file = join(folder, `typed-${index}.ts`);
    await writeFile(file, code.replace("catch (error)", "catch (error: unknown)"));
    files.push(file);
  }
  const tsc = join(own, "node_modules/typescript/bin/tsc");
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--types",
    "node",
    "--target",
    "ES2023",
  ];
  for (const [module, resolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ] as const) {
    const way = ["--module", module, "--moduleResolution", resolution];
    const found = spawnSync(process.execPath, [tsc, ...options, ...way, ...files], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(found.stdout).toBe("");
    expect(found.status).toBe(0);
  }
});
