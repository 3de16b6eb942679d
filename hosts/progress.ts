/**
 * Telling how far a transfer has come.
 *
 * @module
 */

import type { TransferOptions, TransferProgress } from "./host.ts";

/** Milliseconds between two tellings. */
const INTERVAL_MS = 100;

/** Tells of progress, at most some ten times a second and once at the end. */
export class Progress {
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  readonly #total: number | undefined;
  #bytes = 0;
  #toldAt = -Infinity;

  /** Tells those who asked in the options; `total` is the size of the whole, where it is known. */
  constructor(options: TransferOptions, total: number | undefined) {
    this.#tell = options.onProgress;
    this.#total = total;
  }

  /** So many more bytes have moved. */
  add(bytes: number): void {
    this.#bytes += bytes;
    const now = performance.now();
    if (now - this.#toldAt < INTERVAL_MS) return;
    this.#toldAt = now;
    this.end();
  }

  /** Tells how far it is now. */
  end(): void {
    this.#tell?.({
      bytes: this.#bytes,
      ...(this.#total === undefined ? {} : { total: this.#total }),
    });
  }
}
