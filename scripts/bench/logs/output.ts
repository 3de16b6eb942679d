/**
 * What the writers write, so that every byte can be checked.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Bytes after which the content of a file begins anew: a prime, so that no piece stands where another may. */
export const PERIOD = 65_521;

/** The byte at a place, in Perl, whose place is `$_`. */
export const BYTE_IN_PERL = "($_ * 7 + ($_ >> 7) * 13) % 251";

/** The content from its beginning, long enough for any piece of up to a megabyte. */
const CONTENT = Buffer.from(
  Uint8Array.from(
    { length: PERIOD * 18 },
    (_, index) => ((index % PERIOD) * 7 + ((index % PERIOD) >> 7) * 13) % 251,
  ),
);

/**
 * Checks that bytes are what the writers write at that place of every file.
 *
 * @throws {Error} They are not.
 */
export function checkBytes(offset: number, bytes: Uint8Array): void {
  const start = offset % PERIOD;
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!found.equals(CONTENT.subarray(start, start + bytes.length))) {
    throw new Error(`the ${bytes.length} bytes at ${offset} are not what was written there`);
  }
}
