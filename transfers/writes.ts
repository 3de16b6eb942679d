/**
 * Writing many small files: each waits more than it works, so some are written at the same time.
 *
 * @module
 */

/** So many at the same time. */
const AT_ONCE = 16;

/** Work of which some goes on at the same time. The first failure is that of the whole. */
export class Writes {
  readonly #going = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  /**
   * Begins one, once few enough go on.
   *
   * @throws One before has failed.
   */
  async begin(write: () => Promise<void>): Promise<void> {
    while (this.#going.size >= AT_ONCE) await Promise.race(this.#going);
    this.#check();
    const one = write().catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#going.delete(one));
    this.#going.add(one);
  }

  /**
   * Waits until all have ended.
   *
   * @throws One has failed.
   */
  async ended(): Promise<void> {
    await this.settled();
    this.#check();
  }

  /** Waits until none goes on, whatever became of them. */
  async settled(): Promise<void> {
    await Promise.all(this.#going);
  }

  #check(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
