import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server as Listener, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Sluice, UnavailableError } from "../src/node.js";

const root = resolve(import.meta.dirname, "../../..");
const target = resolve(root, process.env["CARGO_TARGET_DIR"] ?? "target");
/** The program that is tested. */
export const binary = resolve(process.env["SLUICE_SERVER"] ?? join(target, "debug/sluice-server"));
const library = join(root, "server/engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so");

/** How long a server may take to start, in milliseconds. */
const startLimitMs = 60_000;

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listen(probe);
  probe.close();
  return port;
}

function listen(listener: Listener): Promise<number> {
  return new Promise((done, fail) => {
    listener.once("error", fail);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      done(typeof address === "object" && address ? address.port : 0);
    });
  });
}

/** A real server with a ClickHouse and a data directory of its own. */
export class Server {
  private child: ChildProcess | undefined;
  private log = "";

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly args: readonly string[],
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async start(...args: string[]): Promise<Server> {
    for (const file of [binary, library]) {
      if (!existsSync(file)) throw new Error(`${file} is missing: run make test-node`);
    }
    const folder = await mkdtemp(join(tmpdir(), "sluice-node-"));
    const server = new Server(folder, await freePort(), args);
    await server.up();
    return server;
  }

  /** Starts it, again after `kill`, on the same port and data. */
  async up(): Promise<void> {
    const own = [`--listen=127.0.0.1:${this.port}`, `--data-dir=${join(this.folder, "data")}`];
    const args = [...own, `--engine-library=${library}`, ...this.args];
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    const keep = (text: Buffer) => (this.log = (this.log + text.toString()).slice(-8_000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const client = new Sluice({ url: this.url });
    const until = Date.now() + startLimitMs;
    for (;;) {
      try {
        await client.serverInfo();
        client.close();
        return;
      } catch (thrown) {
        const isOver = child.exitCode !== null || Date.now() > until;
        if (!(thrown instanceof UnavailableError) || isOver) {
          throw new Error(`the server does not start:\n${this.log}`, { cause: thrown });
        }
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }

  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.kill("SIGTERM");
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** A line to a server that breaks after so many bytes sent, and stands again at once. */
export class Line {
  cuts = 0;
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly listener: Listener,
    readonly url: string,
  ) {}

  /** Every connection but the last is cut after its bytes. */
  static async to(port: number, limits: number[]): Promise<Line> {
    const rest = [...limits];
    const listener = createServer((near) => line.join(near, port, rest.shift()));
    const line = new Line(listener, `http://127.0.0.1:${await listen(listener)}`);
    return line;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.open) socket.destroy();
  }

  close(): void {
    this.listener.close();
    this.cut();
  }

  private join(near: Socket, port: number, limit: number | undefined): void {
    const far = new Socket().connect(port, "127.0.0.1");
    let moved = 0;
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      this.open.add(socket);
      socket.on("error", cut).on("close", () => {
        this.open.delete(socket);
        cut();
      });
    }
    near.on("data", (piece: Buffer) => {
      moved += piece.length;
      if (limit !== undefined && moved > limit && !near.destroyed) {
        this.cuts += 1;
        cut();
      }
    });
    near.pipe(far).pipe(near);
  }
}
