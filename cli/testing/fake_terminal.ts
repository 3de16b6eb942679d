/**
 * A terminal in memory.
 *
 * @module
 */

import type { Terminal } from "../terminal.ts";

/** How the fake begins. */
export interface FakeTerminalOptions {
  /** Variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files by path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** What standard input holds. */
  readonly stdin?: string;
  /** Whether a person watches standard error. Default: false. */
  readonly errIsTerminal?: boolean;
  /** Columns of standard output. Default: it is no terminal. */
  readonly columns?: number;
}

/** A terminal in memory, whose interrupts a test makes. */
export class FakeTerminal implements Terminal {
  readonly #options: FakeTerminalOptions;
  readonly #handlers = new Set<() => void>();
  readonly #out: Uint8Array[] = [];
  readonly #err: Uint8Array[] = [];
  readonly #encoder = new TextEncoder();
  /** Called after every write to standard error. */
  onErr: (text: string) => void = () => {};
  /** What `now` answers. */
  time = 1_700_000_060_000;

  /** Makes a terminal. */
  constructor(options: FakeTerminalOptions = {}) {
    this.#options = options;
  }

  /** Bytes of standard output. */
  get outBytes(): Uint8Array {
    return Uint8Array.from(this.#out.flatMap((chunk) => [...chunk]));
  }

  /** Standard output as text. */
  get outText(): string {
    return new TextDecoder().decode(this.outBytes);
  }

  /** Standard error as text. */
  get errText(): string {
    return new TextDecoder().decode(Uint8Array.from(this.#err.flatMap((chunk) => [...chunk])));
  }

  /** Whether anybody listens for interrupts. */
  get listened(): boolean {
    return this.#handlers.size > 0;
  }

  /** Ctrl-C. */
  interrupt(): void {
    for (const handler of this.#handlers) handler();
  }

  get errIsTerminal(): boolean {
    return this.#options.errIsTerminal ?? false;
  }

  get columns(): number | undefined {
    return this.#options.columns;
  }

  env(name: string): string | undefined {
    return this.#options.env?.[name];
  }

  #bytes(data: string | Uint8Array): Uint8Array {
    return typeof data === "string" ? this.#encoder.encode(data) : data.slice();
  }

  out(data: string | Uint8Array): Promise<void> {
    this.#out.push(this.#bytes(data));
    return Promise.resolve();
  }

  err(data: string | Uint8Array): Promise<void> {
    this.#err.push(this.#bytes(data));
    this.onErr(this.errText);
    return Promise.resolve();
  }

  readStdin(): Promise<Uint8Array> {
    return Promise.resolve(this.#encoder.encode(this.#options.stdin ?? ""));
  }

  readFile(path: string): Promise<Uint8Array> {
    const data = this.#options.files?.[path];
    return data === undefined
      ? Promise.reject(new Deno.errors.NotFound(`No such file: ${path}`))
      : Promise.resolve(this.#bytes(data));
  }

  now(): number {
    return this.time;
  }

  onInterrupt(handler: () => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }
}
