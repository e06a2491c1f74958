/**
 * CRC-32C (RFC 3720, Castagnoli), eight bytes at a time.
 *
 * `crc32cAppend` continues a checksum; `crc32cCombine` joins those of two neighbours without their bytes.
 */

const polynomial = 0x82f63b78;

const tables = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let index = 256; index < tables.length; index += 1) {
    const before = tables[index - 256] ?? 0;
    tables[index] = (before >>> 8) ^ (tables[before & 255] ?? 0);
  }
  return tables;
}

/** The checksum of `data`. */
export function crc32c(data: Uint8Array): number {
  return crc32cAppend(0, data);
}

/** The checksum of what `crc` is of, followed by `data`. */
export function crc32cAppend(crc: number, data: Uint8Array): number {
  const table = tables;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const end = data.byteLength;
  let state = ~crc;
  let at = 0;
  for (; at + 8 <= end; at += 8) {
    const low = state ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    state =
      (table[1792 + (low & 255)] as number) ^
      (table[1536 + ((low >>> 8) & 255)] as number) ^
      (table[1280 + ((low >>> 16) & 255)] as number) ^
      (table[1024 + (low >>> 24)] as number) ^
      (table[768 + (high & 255)] as number) ^
      (table[512 + ((high >>> 8) & 255)] as number) ^
      (table[256 + ((high >>> 16) & 255)] as number) ^
      (table[high >>> 24] as number);
  }
  for (; at < end; at += 1) {
    state = (state >>> 8) ^ (table[(state ^ view.getUint8(at)) & 255] as number);
  }
  return ~state >>> 0;
}

/** The checksum of two neighbours from theirs and the length of the second in bytes. */
export function crc32cCombine(first: number, second: number, secondLength: number): number {
  // The first is advanced over `secondLength` zero bytes by squaring the operator of one zero bit.
  let operator = zeroBit();
  for (let step = 0; step < 3; step += 1) operator = square(operator);
  let crc = first;
  let length = secondLength;
  while (length > 0) {
    if (length % 2 === 1) crc = times(operator, crc);
    length = Math.floor(length / 2);
    if (length > 0) operator = square(operator);
  }
  return (crc ^ second) >>> 0;
}

function zeroBit(): Uint32Array {
  const operator = new Uint32Array(32);
  operator[0] = polynomial;
  for (let bit = 1; bit < 32; bit += 1) operator[bit] = 2 ** (bit - 1);
  return operator;
}

function times(operator: Uint32Array, vector: number): number {
  let sum = 0;
  for (let bit = 0, rest = vector >>> 0; rest !== 0; bit += 1, rest >>>= 1) {
    if (rest & 1) sum ^= operator[bit] ?? 0;
  }
  return sum >>> 0;
}

function square(operator: Uint32Array): Uint32Array {
  return operator.map((column) => times(operator, column));
}
