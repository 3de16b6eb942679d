/**
 * The line that tells what a command waits for.
 *
 * @module
 */

import { shorten, visible } from "./format/text.ts";
import type { Terminal } from "./terminal.ts";

const refreshMs = 1_000;
const clearLine = "\r\x1b[K";

/**
 * One line on standard error that is written over again and again; nothing at all where standard error
 * is no terminal. Whatever else is written goes through it, so that the line never stands in between.
 */
export class ProgressLine implements AsyncDisposable {
  readonly #terminal: Terminal;
  readonly #text: () => string;
  #shown = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * Begins the line.
   *
   * @param text What the line says now; asked again every second.
   */
  constructor(terminal: Terminal, text: () => string) {
    this.#terminal = terminal;
    this.#text = text;
    if (terminal.errIsTerminal) {
      this.#timer = setInterval(() => {
        // Nobody is left to read a line that cannot be written.
        this.refresh().catch(() => this.#stop());
      }, refreshMs);
    }
  }

  /** Writes the line anew. */
  refresh(): Promise<void> {
    if (!this.#terminal.errIsTerminal) return Promise.resolve();
    return this.#queue(async () => {
      if (this.#timer === undefined) return;
      const columns = (this.#terminal.columns ?? 80) - 1;
      await this.#terminal.err(`${clearLine}${shorten(visible(this.#text()), columns)}`);
      this.#shown = true;
    });
  }

  /** Writes to standard output or error with the line out of the way. */
  write(stream: "out" | "err", data: string | Uint8Array): Promise<void> {
    return this.#queue(async () => {
      await this.#clear();
      await this.#terminal[stream](data);
    });
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #clear(): Promise<void> {
    if (!this.#shown) return;
    this.#shown = false;
    await this.#terminal.err(clearLine);
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work);
    // A failed write is the affair of whoever asked for it; those behind it go on.
    this.#writing = done.catch(() => undefined);
    return done;
  }

  /** Takes the line away. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#queue(() => this.#clear());
  }
}
