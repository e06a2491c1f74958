import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The repository; the web client is a directory of it. */
export const root = resolve(process.env["SLUICE_ROOT"] ?? resolve(import.meta.dirname, "../../.."));
/** The program that is tested. */
export const serverBinary = resolve(
  process.env["SLUICE_SERVER_BIN"] ??
    resolve(root, process.env["CARGO_TARGET_DIR"] ?? "target", "debug/sluice-server"),
);
const library = resolve(
  process.env["SLUICE_ENGINE_LIBRARY"] ??
    join(root, "server/engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"),
);

/** How long a server may take to start, in milliseconds. */
const startLimitMs = 40_000;

/** A real server with a ClickHouse and a data directory of its own. */
export class Server {
  private constructor(
    private readonly dataDir: string,
    private readonly port: number,
    private readonly enginePort: number,
    private readonly args: readonly string[],
  ) {}

  private child: ChildProcess | undefined;
  private log = "";

  /** The address of the engine's own HTTP interface, for what Sluice does not do itself. */
  get engineUrl(): string {
    return `http://127.0.0.1:${this.enginePort}`;
  }

  /** The password of the engine's user `default`; each start makes a new one. */
  async enginePassword(): Promise<string> {
    const text = await readFile(join(this.dataDir, "clickhouse-password"), "utf8");
    return text.trimEnd();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts one. `args` are further options. */
  static async start(...args: string[]): Promise<Server> {
    for (const file of [serverBinary, library]) {
      if (!existsSync(file)) {
        throw new Error(`${file} is missing: run make test-web`);
      }
    }
    const dataDir = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
    const server = new Server(dataDir, await freePort(), await freePort(), args);
    await server.up();
    return server;
  }

  /** Starts it again after `down` on the same port and data. */
  async up(): Promise<void> {
    this.child = spawn(
      serverBinary,
      [
        ...["--listen", `127.0.0.1:${this.port}`, "--data-dir", this.dataDir],
        ...["--engine-library", library, "--embedded-http-port", `${this.enginePort}`],
        ...["--drain-timeout", "1s"],
        ...this.args,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, SLUICE_LOG: "warn" } },
    );
    const keep = (text: Buffer) => (this.log = (this.log + text.toString()).slice(-8_000));
    this.child.stdout?.on("data", keep);
    this.child.stderr?.on("data", keep);
    const until = Date.now() + startLimitMs;
    while (!(await this.isReady())) {
      if (this.child.exitCode !== null || Date.now() > until) {
        throw new Error(`the server does not start:\n${this.log}`);
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Ends it: `SIGKILL` as a crash, `SIGTERM` in order. */
  async down(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.down("SIGTERM");
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  private async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(this.url, { signal: AbortSignal.timeout(1_000) });
      return answer.ok;
    } catch {
      return false;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}
