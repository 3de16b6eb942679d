/**
 * How many jobs travel together. Pure.
 *
 * @module
 */

/** Most jobs in one request: more save nothing, and answers would come later. */
export const LARGEST_BATCH = 128;

/** Fewest, where that many wait: as many as a scheduler takes at the same time. */
const SMALLEST_BATCH = 4;

/**
 * How long the scheduler should be at work on one request, in ms: several times what a request costs that
 * holds next to nothing, also where the login node is busy. Else small requests would be slow for what each
 * of them costs, and stay small for being slow.
 */
const TARGET_MS = 2_000;

/** How one request has fared. */
export interface BatchPace {
  /** How many jobs might have been in it. */
  readonly size: number;
  /** How many were in it. */
  readonly jobs: number;
  /** How long the scheduler was at work on it, in ms. */
  readonly tookMs: number;
}

/**
 * How many jobs may be in the next request: as many as the scheduler takes in two seconds, so that one
 * that is slow is not at work for minutes on a request that may be cut. It grows by no more than twice.
 */
export function nextBatchSize({ size, jobs, tookMs }: BatchPace): number {
  const wanted = Math.round(jobs * TARGET_MS / Math.max(1, tookMs));
  // A request that was not full tells only of a scheduler that is slow.
  if (jobs < size && wanted > size) return size;
  return Math.max(SMALLEST_BATCH, Math.min(wanted, 2 * size, LARGEST_BATCH));
}
