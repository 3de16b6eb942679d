/**
 * Waiting for what sends no event.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Longest wait, in ms: long enough that only something that never comes reaches it. */
const DEADLINE_MS = 180_000;

/** Resolves after the given time. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again and again until the answer is yes; fails the test when it never is. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  everyMs = 20,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!await condition()) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await pause(everyMs);
  }
}

/** The outcome of the work; fails the test when there never is one. */
export async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), DEADLINE_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
