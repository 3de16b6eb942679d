/**
 * A mark that is looked for in a stream of bytes.
 *
 * @module
 */

/**
 * Finds a mark without looking at most of the bytes, whatever they are: by the method of Boyer, Moore and
 * Horspool. A search for its first byte alone took six to ten times as long.
 */
export class Mark {
  readonly #bytes: Uint8Array;
  /** How far the mark may be moved on, by the byte under its last place. */
  readonly #shifts: Uint8Array;

  /** @param bytes At least two and at most 255, the first of which is in no other place. */
  constructor(bytes: Uint8Array) {
    const { length } = bytes;
    this.#bytes = bytes;
    this.#shifts = new Uint8Array(256).fill(length);
    for (let place = 0; place < length - 1; place++) {
      this.#shifts[bytes[place] ?? 0] = length - 1 - place;
    }
  }

  /** How many bytes it has. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Where the mark, or a beginning of it that reaches the end of the bytes, starts; their end if nowhere. */
  find(bytes: Uint8Array): { readonly index: number; readonly whole: boolean } {
    const last = this.length - 1;
    const lastByte = this.#bytes[last];
    const shifts = this.#shifts;
    for (let end = last; end < bytes.length;) {
      const byte = bytes[end] ?? 0;
      if (byte === lastByte && this.#startsAt(end - last, bytes)) {
        return { index: end - last, whole: true };
      }
      end += shifts[byte] ?? 1;
    }
    const rest = Math.max(0, bytes.length - last);
    const place = bytes.subarray(rest).lastIndexOf(this.#bytes[0] ?? 0);
    const isBeginning = place >= 0 && this.#startsAt(rest + place, bytes);
    return { index: isBeginning ? rest + place : bytes.length, whole: false };
  }

  /** Whether the bytes from the place on are the mark, or a beginning of it where they end before. */
  #startsAt(place: number, bytes: Uint8Array): boolean {
    const length = Math.min(this.length, bytes.length - place);
    for (let index = 0; index < length; index++) {
      if (bytes[place + index] !== this.#bytes[index]) return false;
    }
    return true;
  }
}
