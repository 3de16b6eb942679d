/**
 * How a job's actor is let go by those that work for it.
 *
 * @module
 */

import type { AttemptId } from "../../model/mod.ts";

/** Do nothing more for a job, and say when its actor hears nothing more from here. */
export interface Release {
  /** Distinguishes it from other messages. */
  readonly type: "release";
  /** The attempt that was in hand last, if there was one. */
  readonly attemptId: AttemptId | undefined;
  /** Is called when the job's actor hears nothing more. */
  readonly released: () => void;
}
