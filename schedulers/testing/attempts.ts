/**
 * Attempts for tests.
 *
 * @module
 */

import { attemptId, newJobId } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";

/** An attempt at a job that nobody else knows: the first, or the one of the given number. */
export function newAttempt(attempt = 1): AttemptId {
  return attemptId(newJobId(), attempt);
}
