/**
 * Errors that tests expect.
 *
 * @module
 */

import { SluiceError } from "../mod.ts";

/** Whether a thrown value is one of Sluice's errors with that code, and with those words of advice. */
export function isSluiceErrorWith(code: string, next = ""): (error: unknown) => boolean {
  return (error) =>
    error instanceof SluiceError && error.code === code && error.next.includes(next);
}
