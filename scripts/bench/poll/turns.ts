/** Lets pieces of work begin one at a time, when they are asked for. */
export class Turns {
  #arrived = Promise.withResolvers<() => Promise<void>>();
  #open = false;

  /** The outcome of the work, which begins when its turn has come. */
  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#open) return work();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#arrived.resolve(() => work().then(resolve, reject));
    return promise;
  }

  /** Waits for the next piece of work; gives the function that has it done. */
  async next(): Promise<() => Promise<void>> {
    const begin = await this.#arrived.promise;
    this.#arrived = Promise.withResolvers();
    return begin;
  }

  /** Lets everything to come begin at once; what has arrived before is not done any more. */
  open(): void {
    this.#open = true;
  }
}
