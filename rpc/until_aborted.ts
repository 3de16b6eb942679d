/**
 * Waiting that ends with a signal.
 *
 * @module
 */

/**
 * The promise, or a rejection with the signal's reason as soon as it is aborted. Leaves no listener behind.
 */
export async function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  using waiter = new AbortableWait(signal);
  return await waiter.until(promise);
}

/**
 * Waits for one promise after the other until a signal is aborted, with one listener for all of them: for
 * a feed, whose every event is waited for, listening anew each time costs more than the event.
 */
export class AbortableWait implements Disposable {
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.#reject(this.#signal.reason);
  #reject: (reason: unknown) => void = () => {};

  /** @param signal Ends the waiting. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** The promise, or a rejection with the signal's reason. One promise is waited for at a time. */
  until<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promise.then(resolve, reject);
      if (this.#signal.aborted) this.#onAbort();
    });
  }

  /** Takes the listener away. */
  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
