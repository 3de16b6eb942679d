/**
 * UUID version 7.
 *
 * @module
 */

/** Fills an array with random bytes and returns it. */
export type RandomBytes = (target: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/**
 * A UUID version 7: 48 bits of milliseconds since the epoch, then 74 random bits.
 *
 * Source: RFC 9562, section 5.7.
 *
 * @param now Milliseconds since the epoch.
 * @param randomBytes Source of the random bits. Default: `crypto.getRandomValues`.
 */
export function uuidv7(
  now: number,
  randomBytes: RandomBytes = (target) => crypto.getRandomValues(target),
): string {
  const bytes = randomBytes(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(now / 0x1_0000));
  view.setUint16(4, now % 0x1_0000);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
