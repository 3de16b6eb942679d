/**
 * Feeds that are read in the background for as long as a run takes.
 *
 * @module
 */

/** What a feed has brought, read from its start whatever else happens. */
export class Reading<Item> implements AsyncDisposable {
  /** What has come, in order. */
  readonly items: Item[] = [];
  /** What broke it, if anything did. */
  error: string | undefined;
  /** Whether it has come to its end. */
  ended = false;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;

  /** Begins to read. */
  constructor(open: (signal: AbortSignal) => AsyncIterable<Item>) {
    this.#reading = this.#read(open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(open: (signal: AbortSignal) => AsyncIterable<Item>): Promise<void> {
    try {
      for await (const item of open(this.#stop.signal)) this.items.push(item);
      this.ended = true;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }
}
