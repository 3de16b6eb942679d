/**
 * Waiting that ends with a signal.
 *
 * @module
 */

/**
 * The promise, or a rejection with the signal's reason as soon as it is aborted. Leaves no listener
 * behind, so that it may be used once for every event of a long feed.
 */
export function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
