/**
 * Work that is done once for all who ask for it meanwhile.
 *
 * @module
 */

interface Work<Value> {
  readonly promise: Promise<Value>;
  readonly abort: AbortController;
  users: number;
}

/** Work by key: who asks for what is under way already shares it. It ends when nobody wants it any more. */
export class SharedWork<Value> {
  readonly #works = new Map<string, Work<Value>>();

  /**
   * The outcome of the work of that key.
   *
   * @param signal When it is aborted, this caller waits no more; when all are, the work is aborted.
   * @param begin Does the work.
   */
  async get(
    key: string,
    signal: AbortSignal,
    begin: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    signal.throwIfAborted();
    let work = this.#works.get(key);
    if (work === undefined) {
      const abort = new AbortController();
      const started: Work<Value> = { promise: begin(abort.signal), abort, users: 0 };
      const forget = () => {
        if (this.#works.get(key) === started) this.#works.delete(key);
      };
      started.promise.then(forget, forget);
      this.#works.set(key, started);
      work = started;
    }
    const mine = work;
    mine.users += 1;
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([mine.promise, gone]);
    } finally {
      signal.removeEventListener("abort", leave);
      mine.users -= 1;
      if (mine.users === 0 && signal.aborted) {
        // Whoever comes next begins anew.
        if (this.#works.get(key) === mine) this.#works.delete(key);
        mine.abort.abort(signal.reason);
      }
    }
  }
}
