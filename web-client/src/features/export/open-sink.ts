import type { Sink } from "sluice-client/parts";
import { abortError, randomUuid } from "sluice-client/parts";

/** Where the bytes of a file go, on this page. */
export interface PageSink extends Sink {
  /** How it is saved. */
  way: "picker" | "download" | "memory";
}

/** How a file would be saved here, before the reader is asked. */
export function savingWay(): PageSink["way"] {
  if ((window as PickerWindow).showSaveFilePicker) return "picker";
  return canStreamDownload() ? "download" : "memory";
}

/** Sizes above which keeping a file in memory is not a good idea, in bytes. */
export const memoryWarningBytes = 500 << 20;

interface PickerWindow {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/**
 * Asks where to save, in an event of the reader, and opens it. Throws an AbortError when the reader thinks
 * better of it.
 */
export async function openSink(name: string, type: string): Promise<PageSink> {
  const pick = (window as PickerWindow).showSaveFilePicker;
  if (pick) {
    try {
      return await pickedSink(await pick.call(window, { suggestedName: name }));
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === "AbortError") throw abortError();
      // A frame or a policy without a picker: the other ways are left.
    }
  }
  if (canStreamDownload()) {
    try {
      return await downloadSink(name, type);
    } catch {
      // A browser that does not hand streams over: memory is left.
    }
  }
  return memorySink(name, type);
}

type RemovableHandle = FileSystemFileHandle & { remove?: () => Promise<void> };

async function pickedSink(handle: RemovableHandle): Promise<PageSink> {
  const stream = await handle.createWritable();
  return {
    way: "picker",
    write: (bytes) => stream.write(bytes as Uint8Array<ArrayBuffer>),
    close: () => stream.close(),
    abort: async () => {
      await stream.abort().catch(() => undefined);
      await handle.remove?.().catch(() => undefined);
    },
  };
}

function canStreamDownload(): boolean {
  return isSecureContext && "serviceWorker" in navigator && typeof TransformStream === "function";
}

/** How long the worker may take to answer, in milliseconds. */
const workerPatienceMs = 5_000;
/** How often the worker is kept awake while a download lasts, in milliseconds. */
const keepAwakeMs = 10_000;

async function downloadSink(name: string, type: string): Promise<PageSink> {
  const scope = new URL("download/", document.baseURI);
  const script = new URL("download-worker.js", document.baseURI);
  // A worker beside the page may serve what is below the page.
  const registration = await navigator.serviceWorker.register(script, { scope: scope.pathname });
  const worker = await activeWorker(registration);
  const id = randomUuid();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  await handOver(worker, { id, name, type, stream: readable });
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = new URL(id, scope).href;
  document.body.append(frame);
  const timer = setInterval(() => worker.postMessage({}), keepAwakeMs);
  const writer = writable.getWriter();
  const end = () => {
    clearInterval(timer);
    setTimeout(() => frame.remove(), keepAwakeMs);
  };
  return {
    way: "download",
    write: async (bytes) => {
      await writer.ready;
      await writer.write(bytes);
    },
    close: async () => {
      await writer.close();
      end();
    },
    abort: async () => {
      await writer.abort(new Error("the export failed")).catch(() => undefined);
      end();
    },
  };
}

async function activeWorker(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const until = performance.now() + workerPatienceMs;
  while (!registration.active) {
    if (performance.now() > until) throw new Error("the download worker does not start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return registration.active;
}

function handOver(worker: ServiceWorker, message: DownloadMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    const channel = new MessageChannel();
    const timer = setTimeout(
      () => reject(new Error("the download worker does not answer")),
      workerPatienceMs,
    );
    channel.port1.onmessage = () => {
      clearTimeout(timer);
      resolve();
    };
    worker.postMessage(message, [message.stream, channel.port2]);
  });
}

/** What the worker is told of a download. */
interface DownloadMessage {
  id: string;
  name: string;
  type: string;
  stream: ReadableStream<Uint8Array>;
}

function memorySink(name: string, type: string): PageSink {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let blobs: Blob[] = [];
  let size = 0;
  return {
    way: "memory",
    // Blobs of some megabytes may leave the heap of the page.
    write: (bytes) => {
      parts.push(bytes as Uint8Array<ArrayBuffer>);
      size += bytes.byteLength;
      if (size > 8 << 20) {
        blobs.push(new Blob(parts));
        parts = [];
        size = 0;
      }
      return Promise.resolve();
    },
    close: () => {
      const url = URL.createObjectURL(new Blob([...blobs, ...parts], { type }));
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return Promise.resolve();
    },
    abort: () => {
      parts = [];
      blobs = [];
      return Promise.resolve();
    },
  };
}
