/**
 * Waiting that an interrupt ends at once.
 *
 * @module
 */

/** Resolves after the time; rejects as soon as the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** How long and how often to ask. */
export interface Patience {
  /** Ends the waiting with an error. */
  readonly signal: AbortSignal;
  /** Longest wait in milliseconds. */
  readonly deadlineMs: number;
  /** Milliseconds between two questions. Default: 100. */
  readonly everyMs?: number;
}

/** Asks until the answer is yes; says whether it was before the deadline. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { signal, deadlineMs, everyMs = 100 }: Patience,
): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!await condition()) {
    if (performance.now() >= deadline) return false;
    await pause(everyMs, signal);
  }
  return true;
}
