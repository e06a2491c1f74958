import { crc32c, crc32cAppend, crc32cCombine } from "./crc32c.js";
import { abortError } from "./time.js";

/** The bytes of one append. */
export interface Chunk {
  offset: number;
  /** The offset behind it. */
  end: number;
  /** A piece of the file, not read yet. */
  data: Blob;
  crc32c: number;
}

/**
 * A file that is looked at in chunks, of which no more than one is held here.
 *
 * Remembers the checksums of the prefixes that it has passed, so that a resumption needs no second look at
 * bytes that this page has sent itself.
 */
export class FileChunks {
  private readonly prefixes = new Map<number, number>([[0, 0]]);

  constructor(
    private readonly file: Blob,
    private readonly chunkBytes: number,
  ) {}

  get size(): number {
    return this.file.size;
  }

  /** The checksum of the bytes before `offset`, where they were passed. */
  passedChecksum(offset: number): number | undefined {
    return this.prefixes.get(offset);
  }

  /** The checksum of the whole file, where all of it was passed. */
  checksum(): { crc32c?: number } {
    const crc32c = this.passedChecksum(this.size);
    return crc32c === undefined ? {} : { crc32c };
  }

  /** Reads the chunk at `offset`. */
  async read(offset: number): Promise<Chunk> {
    const end = Math.min(offset + this.chunkBytes, this.file.size);
    const data = this.file.slice(offset, end);
    const checksum = crc32c(await this.bytes(offset, end));
    const prefix = this.prefixes.get(offset);
    if (prefix !== undefined) {
      this.prefixes.set(end, crc32cCombine(prefix, checksum, data.size));
    }
    return { offset, end, data, crc32c: checksum };
  }

  /**
   * The checksum of the bytes before `offset`; reads those that were not passed yet and yields how far it
   * is. Throws when `signal` aborts.
   */
  async *prefixChecksum(offset: number, signal: AbortSignal): AsyncGenerator<number, number> {
    let at = 0;
    for (const known of this.prefixes.keys()) if (known <= offset && known > at) at = known;
    let checksum = this.prefixes.get(at) ?? 0;
    while (at < offset) {
      if (signal.aborted) throw abortError();
      const end = Math.min(at + this.chunkBytes, offset);
      checksum = crc32cAppend(checksum, await this.bytes(at, end));
      at = end;
      this.prefixes.set(at, checksum);
      yield at;
    }
    return checksum;
  }

  private async bytes(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.file.slice(start, end).arrayBuffer());
  }
}
