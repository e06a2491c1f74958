/** A random UUID. `crypto.randomUUID` is there over HTTPS and on localhost only, this works everywhere. */
export function randomUuid(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const bytes = Array.from(random, (byte, index) => {
    if (index === 6) return (byte & 0x0f) | 0x40; // version 4: random
    if (index === 8) return (byte & 0x3f) | 0x80; // the variant of RFC 9562
    return byte;
  });
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
