import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

import { findChromium } from "./chromium";

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/**
 * A browser that is driven by the bare DevTools protocol.
 *
 * A library that follows every request of the page costs time that would be counted as the page's.
 */
export class Devtools {
  private constructor(
    private readonly child: ChildProcess,
    private readonly pipe: Duplex,
    private readonly profile: string,
  ) {}

  private session: string | undefined;
  private last = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();

  /** Starts a browser with one page; `script` runs before those of the page. */
  static async open(url: string, script: string): Promise<Devtools> {
    const profile = await mkdtemp(join(tmpdir(), "sluice-bench-"));
    const args = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run"];
    const child = spawn(
      findChromium() ?? "",
      [...args, `--user-data-dir=${profile}`, "about:blank"],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    const devtools = new Devtools(child, child.stdio[3] as Duplex, profile);
    devtools.listen(child.stdio[4] as Duplex);
    const { targetInfos } = await devtools.send<{
      targetInfos: { type: string; targetId: string }[];
    }>("Target.getTargets");
    const page = targetInfos.find(({ type }) => type === "page");
    const attached = await devtools.send<{ sessionId: string }>("Target.attachToTarget", {
      targetId: page?.targetId,
      flatten: true,
    });
    devtools.session = attached.sessionId;
    await devtools.send("Page.enable");
    await devtools.send("Page.addScriptToEvaluateOnNewDocument", { source: script });
    await devtools.send("Page.navigate", { url });
    return devtools;
  }

  /** Calls a method of the protocol. */
  async send<T>(method: string, params: object = {}): Promise<T> {
    const id = (this.last += 1);
    const answered = new Promise<Answer>((done) => this.waiting.set(id, done));
    const { session } = this;
    const message = {
      id,
      method,
      params,
      ...(session === undefined ? {} : { sessionId: session }),
    };
    this.pipe.write(`${JSON.stringify(message)}\0`);
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  /** The value of an expression in the page, awaited there. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send<{
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    const failure = answer.exceptionDetails;
    if (failure) throw new Error(failure.exception?.description ?? failure.text);
    return answer.result.value;
  }

  /** Waits in the page until the expression holds. */
  async until(condition: string): Promise<void> {
    await this.evaluate(`new Promise((done) => {
      const look = () => (${condition}) ? done(true) : setTimeout(look, 20);
      look();
    })`);
  }

  /** Clicks the first element of a kind whose text begins with `text`, once it can be. */
  async click(selector: string, text: string): Promise<void> {
    const find = `[...document.querySelectorAll(${JSON.stringify(selector)})]
      .find((one) => one.textContent.trim().startsWith(${JSON.stringify(text)}) && !one.disabled)`;
    await this.until(`Boolean(${find})`);
    await this.evaluate(`${find}.click()`);
  }

  /** Chooses a file in the file input. */
  async chooseFile(path: string): Promise<void> {
    await this.until(`Boolean(document.querySelector('input[type="file"]'))`);
    const { root } = await this.send<{ root: { nodeId: number } }>("DOM.getDocument");
    const { nodeId } = await this.send<{ nodeId: number }>("DOM.querySelector", {
      nodeId: root.nodeId,
      selector: 'input[type="file"]',
    });
    await this.send("DOM.setFileInputFiles", { nodeId, files: [path] });
  }

  /** The memory that the processes of pages have in use together, in bytes. */
  pageBytes(): number {
    let sum = 0;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        if (!command.includes(this.profile) || !command.includes("--type=renderer")) continue;
        sum += Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
      } catch {
        // It has ended meanwhile.
      }
    }
    return sum;
  }

  /** Ends the browser. */
  async close(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGKILL");
    await ended;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  private listen(stream: Duplex): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const answer = JSON.parse(part) as Answer;
        if (answer.id === undefined) continue;
        this.waiting.get(answer.id)?.(answer);
        this.waiting.delete(answer.id);
      }
    });
  }
}
