import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

import { type FileWriter, type Platform, SluiceBase, type SluiceOptions } from "./sluice.js";
import { SourceError } from "./sluice-error.js";
import { OnceSource, SeekableSource, type Source } from "./source.js";
import { streamUpload } from "./stream-upload.js";

export * from "./api.js";

/** How often a connection is asked whether it still stands, and how long the answer may take, in milliseconds. */
const pingIntervalMs = 30_000;
const pingTimeoutMs = 20_000;

const platform: Platform = {
  defaultUrl: () => "http://127.0.0.1:50051",
  transport: (url, { ca, cert, key }, interceptor) => {
    const own = { ca, cert, key };
    const secrets = Object.entries(own).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : Buffer.from(value)]],
    );
    const nodeOptions = Object.fromEntries(secrets) as Record<string, string | Buffer>;
    const sessionManager = new Http2SessionManager(
      url,
      { pingIntervalMs, pingTimeoutMs },
      nodeOptions,
    );
    const transport = createGrpcTransport({
      baseUrl: url,
      interceptors: [interceptor],
      acceptCompression: [],
      sessionManager,
    });
    return { transport, close: () => sessionManager.abort() };
  },
  openPath,
  upload: (clients, { source, spec, ...rest }) =>
    streamUpload({ ingest: clients.ingest, source, spec, ...rest }),
  writeFile,
};

/** A connection to a server, by gRPC over HTTP/2. */
export class Sluice extends SluiceBase {
  constructor(options: SluiceOptions = {}) {
    super(platform, options);
  }
}

function pathOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

async function openPath(given: string | URL, keepBytes: number): Promise<Source> {
  const path = pathOf(given);
  const name = basename(path);
  const file = await open(path, "r").catch((thrown: unknown) => {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new SourceError(`cannot read ${path}: ${text}`, { cause: thrown });
  });
  const stamp = await file.stat({ bigint: true });
  if (stamp.isDirectory()) {
    await file.close();
    throw new SourceError(`cannot read ${path}: it is a directory`);
  }
  // A pipe is read once; so are files that the system makes up, which say 0 and may hold more.
  if (!stamp.isFile() || stamp.size === 0n) {
    return new OnceSource(file.createReadStream(), name, keepBytes);
  }
  return new SeekableSource({
    name,
    totalBytes: Number(stamp.size),
    read: (offset, length) => read(file, offset, length),
    check: async () => {
      const now = await file.stat({ bigint: true });
      if (now.size === stamp.size && now.mtimeNs === stamp.mtimeNs) return;
      const what =
        now.size === stamp.size
          ? "it was written to"
          : `it had ${stamp.size} bytes, and has ${now.size}`;
      throw new SourceError(`${name} has changed since its upload began: ${what}`);
    },
    close: () => file.close(),
  });
}

async function read(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** A file that appears under its name when it is whole. */
async function writeFile(given: string | URL): Promise<FileWriter> {
  const path = pathOf(given);
  const part = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.part`);
  const file = await open(part, "wx");
  let isOpen = true;
  let at = 0;
  return {
    write: async (bytes) => {
      for (let rest = bytes; rest.length > 0;) {
        const { bytesWritten } = await file.write(rest, 0, rest.length, at);
        at += bytesWritten;
        rest = rest.subarray(bytesWritten);
      }
    },
    restart: async () => {
      await file.truncate();
      at = 0;
    },
    close: async () => {
      await file.sync();
      await file.close();
      isOpen = false;
      await rename(part, path);
    },
    abort: async () => {
      if (isOpen) await file.close();
      await rm(part, { force: true });
    },
  };
}
