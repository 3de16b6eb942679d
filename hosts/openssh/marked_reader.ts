/**
 * The output of a command behind a mark.
 *
 * @module
 */

import type { ByteReader } from "../child_streams.ts";

/** Bytes before the mark that are kept, in case it never comes. */
const LONGEST_OPENING = 65_536;

/**
 * Reads what follows the line that is the mark; what comes before, such as the words of the account's
 * start-up files, is nobody's. An output that ends without the mark is read as it is, the last of it at least.
 */
export class MarkedReader implements ByteReader {
  readonly #reader: ByteReader;
  readonly #mark: string;
  #opening: Promise<boolean> | undefined;
  /** What was read and is still to be given. */
  #held: Uint8Array | undefined;

  /** Takes over the reader. */
  constructor(reader: ByteReader, mark: string) {
    this.#reader = reader;
    this.#mark = `${mark}\n`;
  }

  /** Whether the mark has come; `false` when the output ended before. */
  opened(): Promise<boolean> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> {
    await this.opened();
    const value = this.#held;
    this.#held = undefined;
    return value === undefined ? await this.#reader.read() : { done: false, value };
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #open(): Promise<boolean> {
    let before: Uint8Array = new Uint8Array(0);
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done || value === undefined) {
        if (before.length > 0) this.#held = before;
        return false;
      }
      const all = joined(before, value);
      const end = endOf(this.#mark, all);
      if (end !== undefined) {
        if (end < all.length) this.#held = all.subarray(end);
        return true;
      }
      before = all.subarray(Math.max(0, all.length - LONGEST_OPENING));
    }
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

/** The place behind the text, which is ASCII. */
function endOf(text: string, bytes: Uint8Array): number | undefined {
  const start = new TextDecoder("latin1").decode(bytes).indexOf(text);
  return start === -1 ? undefined : start + text.length;
}
