import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { Clickhouse } from "../e2e/support/clickhouse";
import { Devtools } from "../e2e/support/devtools";
import { temporaryDirectory, writeRows } from "../e2e/support/files";
import { Server, serverBinary } from "../e2e/support/server";

/** The size of a file, in bytes. */
const bytes = Number(process.env["BENCH_MIB"] ?? 1024) * 2 ** 20;
/** How often each is timed. */
const runs = Number(process.env["RUNS"] ?? 3);

const directory = await temporaryDirectory();
let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.remove());

/** Stands in for the save picker with a file on disk in the browser's own file system. */
const savePicker = `window.showSaveFilePicker = async () => {
  const directory = await navigator.storage.getDirectory();
  return await directory.getFileHandle("saved", { create: true });
};`;

/** Seconds of processor that the processes of each kind have used so far. */
function processorSeconds(): Map<string, number> {
  const used = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const kind = kindOf(command);
      if (kind === undefined) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      const ticks = Number(fields[11]) + Number(fields[12]);
      used.set(kind, (used.get(kind) ?? 0) + ticks / 100);
    } catch {
      // It has ended meanwhile.
    }
  }
  return used;
}

function kindOf(command: string): string | undefined {
  if (command.includes("engine-host")) return "ClickHouse";
  if (command.startsWith(`${serverBinary}\0`)) return "server";
  if (!command.includes("sluice-bench-")) return undefined;
  const type = /--type=([a-z-]+)/.exec(command)?.[1];
  if (type === "renderer") return "page";
  return command.includes("network.mojom") ? "browser's network" : "browser";
}

async function timed(work: () => Promise<void>): Promise<{ rate: number; load: string }> {
  const before = processorSeconds();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const load = [...processorSeconds()]
    .map(([kind, used]) => [kind, (used - (before.get(kind) ?? 0)) / seconds] as const)
    .filter(([, cores]) => cores > 0.02)
    .toSorted(([, one], [, other]) => other - one)
    .map(([kind, cores]) => `${kind} ${cores.toFixed(2)}`)
    .join(", ");
  return { rate: bytes / 2 ** 20 / seconds, load };
}

function report(name: string, measured: { rate: number; load: string }[]): number {
  const rates = measured.map(({ rate }) => rate).toSorted((one, other) => one - other);
  const median = rates[Math.floor(rates.length / 2)] ?? 0;
  for (const { rate, load } of measured) {
    process.stdout.write(`${name}: ${rate.toFixed(0)} MiB/s; cores: ${load}\n`);
  }
  process.stdout.write(`${name}: median ${median.toFixed(0)} MiB/s\n`);
  return median;
}

test("upload into a Null table", async () => {
  const file = join(directory, "rows.csv");
  await writeRows(file, bytes);
  await new Clickhouse(server).load(
    "CREATE TABLE sink (id UInt64, text String, amount UInt32) ENGINE = Null",
    "sink",
    "id,text,amount\n0,x,0\n",
  );
  const measured = [];
  for (let run = 0; run < runs; run += 1) {
    const browser = await Devtools.open(`${server.url}/#/upload/default/sink`, "");
    try {
      await browser.chooseFile(file);
      await browser.click("button", "Next: table");
      await browser.click("button", "Next: load");
      await browser.until(`document.body.innerText.includes("Start loading")`);
      measured.push(
        await timed(async () => {
          await browser.click("button", "Start loading");
          await browser.until(`/rows loaded in/.test(document.body.innerText) ||
            document.querySelector('[role="alert"]') !== null`);
        }),
      );
      expect(await browser.evaluate("document.body.innerText")).toContain("rows loaded in");
    } finally {
      await browser.close();
    }
  }
  expect(report("upload", measured)).toBeGreaterThan(0);
});

test("export of a query to disk", async () => {
  // Rows of 100 bytes and a line end.
  const query = `SELECT leftPad(toString(number), 100, 'x') AS text FROM numbers(${Math.floor(bytes / 101)})`;
  const measured = [];
  for (let run = 0; run < runs; run += 1) {
    const browser = await Devtools.open(`${server.url}/#/export`, savePicker);
    try {
      await browser.click("label", "SQL");
      await browser.until(`document.querySelector("textarea") !== null`);
      await browser.evaluate(`document.querySelector("textarea").focus()`);
      await browser.send("Input.dispatchKeyEvent", {
        type: "keyDown",
        key: "a",
        modifiers: 2,
        commands: ["selectAll"],
      });
      await browser.send("Input.insertText", { text: query });
      await browser.until(`document.querySelectorAll('[role="row"]').length > 5`);
      await browser.click("button", "Next: format");
      await browser.click("button", "Next: save");
      measured.push(
        await timed(async () => {
          await browser.click("button", "Export");
          await browser.until(`document.body.innerText.includes("The file is whole") ||
            document.querySelector('[role="alert"]') !== null`);
        }),
      );
      expect(await browser.evaluate("document.body.innerText")).toContain("The file is whole");
      const size = await browser.evaluate<number>(
        `navigator.storage.getDirectory().then((directory) => directory.getFileHandle("saved"))
          .then((handle) => handle.getFile()).then((file) => file.size)`,
      );
      expect(size).toBe(Math.floor(bytes / 101) * 101 + "text\n".length);
    } finally {
      await browser.close();
    }
  }
  expect(report("export", measured)).toBeGreaterThan(0);
});
