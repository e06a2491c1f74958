import { crc32cAppend } from "./crc32c.js";
import { SourceError } from "./sluice-error.js";

/** Bytes of one message. */
export const messageBytes = 256 << 10;
/** Bytes between two offsets whose checksum is remembered. */
const markBytes = 16 << 20;

/** Bytes to upload: read piece by piece, again from an offset where that is possible. */
export interface Source {
  readonly name: string;
  /** The size; undefined where it is not known before the end. */
  readonly totalBytes: number | undefined;
  /** Whether it can be read from its beginning at any time. */
  readonly isRereadable: boolean;
  /** The next bytes from an offset; none at the end. */
  readAt(offset: number): Promise<Uint8Array>;
  /** The CRC-32C of all bytes before an offset. */
  sumBefore(offset: number): Promise<number>;
  /** Throws `SourceError` if it is not what it was when it was opened. */
  check(): Promise<void>;
  /** Lets go of it. */
  close(): Promise<void>;
}

/** What can be read at any place: a file, a Blob, bytes. */
export interface Readable {
  readonly name: string;
  readonly totalBytes: number | undefined;
  read(offset: number, length: number): Promise<Uint8Array>;
  check(): Promise<void>;
  close(): Promise<void>;
}

/** A source that can be read at any place. */
export class SeekableSource implements Source {
  readonly isRereadable = true;
  private readonly marks: { offset: number; sum: number }[] = [{ offset: 0, sum: 0 }];

  constructor(private readonly readable: Readable) {}

  get name(): string {
    return this.readable.name;
  }

  get totalBytes(): number | undefined {
    return this.readable.totalBytes;
  }

  readAt(offset: number): Promise<Uint8Array> {
    return this.readable.read(offset, messageBytes);
  }

  async sumBefore(offset: number): Promise<number> {
    const last = this.marks.findLast((mark) => mark.offset <= offset);
    let { offset: at, sum } = last ?? { offset: 0, sum: 0 };
    while (at < offset) {
      const bytes = await this.readable.read(at, Math.min(messageBytes, offset - at));
      if (bytes.length === 0) {
        throw new SourceError(`${this.name} has ${at} bytes, and the server has ${offset}`);
      }
      at += bytes.length;
      sum = crc32cAppend(sum, bytes);
      if (at >= (this.marks.at(-1)?.offset ?? 0) + markBytes) this.marks.push({ offset: at, sum });
    }
    return sum;
  }

  check(): Promise<void> {
    return this.readable.check();
  }

  close(): Promise<void> {
    return this.readable.close();
  }
}

/** The bytes of a Blob, which do not change. */
export function blobSource(blob: Blob): Source {
  return new SeekableSource({
    name: "name" in blob && typeof blob.name === "string" ? blob.name : "",
    totalBytes: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
}

/** Bytes in memory. */
export function bytesSource(bytes: Uint8Array): Source {
  return new SeekableSource({
    name: "",
    totalBytes: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
}

interface Kept {
  offset: number;
  /** The checksum of what lies before. */
  sum: number;
  bytes: Uint8Array;
}

/** Bytes that can be read once: a stream. The last of them are kept. */
export class OnceSource implements Source {
  readonly isRereadable = false;
  readonly totalBytes = undefined;
  private readonly pieces: AsyncIterator<unknown>;
  private readonly kept: Kept[] = [];
  private keptBytes = 0;
  private end = 0;
  private sum = 0;
  private hasEnded = false;
  /** What is being read: a call that breaks meanwhile leaves it to the next one. */
  private pulling: Promise<void> | undefined;

  constructor(
    pieces: AsyncIterable<unknown>,
    readonly name: string,
    private readonly keepBytes: number,
  ) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  async readAt(offset: number): Promise<Uint8Array> {
    while (offset === this.end && !this.hasEnded) {
      this.pulling ??= this.pull().finally(() => {
        this.pulling = undefined;
      });
      await this.pulling;
    }
    if (offset === this.end) return new Uint8Array(0);
    const { offset: at, bytes } = this.find(offset);
    return bytes.subarray(offset - at, offset - at + messageBytes);
  }

  sumBefore(offset: number): Promise<number> {
    if (offset === this.end) return Promise.resolve(this.sum);
    const { offset: at, sum, bytes } = this.find(offset);
    return Promise.resolve(crc32cAppend(sum, bytes.subarray(0, offset - at)));
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    // One that was not read to its end is told so; a read that hangs would never be heard of.
    if (!this.hasEnded && !this.pulling) await this.pieces.return?.();
  }

  private async pull(): Promise<void> {
    const step = await this.pieces.next();
    if (step.done === true) {
      this.hasEnded = true;
      return;
    }
    const bytes = step.value;
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(`the stream yields ${typeof bytes}: it has to yield bytes (Uint8Array)`);
    }
    if (bytes.length === 0) return;
    this.kept.push({ offset: this.end, sum: this.sum, bytes });
    this.end += bytes.length;
    this.sum = crc32cAppend(this.sum, bytes);
    this.keptBytes += bytes.length;
    for (let first = this.kept[0]; first && this.kept.length > 1; first = this.kept[0]) {
      if (this.keptBytes - first.bytes.length < this.keepBytes) break;
      this.keptBytes -= first.bytes.length;
      this.kept.shift();
    }
  }

  private find(offset: number): Kept {
    if (offset > this.end) {
      throw new SourceError(
        `${this.name} has ${this.end} bytes so far, and the server has ${offset}`,
      );
    }
    const found = this.kept.findLast((piece) => piece.offset <= offset);
    if (found) return found;
    throw new SourceError(
      `${this.name} can be read once, and its bytes from ${offset} on are no longer kept: ` +
        "a larger bufferBytes keeps more, a file can be read again",
    );
  }
}
