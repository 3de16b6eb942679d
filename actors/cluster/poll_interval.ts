/**
 * How long to wait until the scheduler is asked again. Pure.
 *
 * @module
 */

/** What the wait depends on. */
export interface PollPace {
  /** Shortest wait, in ms. */
  readonly minMs: number;
  /** Longest wait, in ms. */
  readonly maxMs: number;
  /** The wait before, in ms. */
  readonly previousMs: number;
  /** Whether the last answer said anything new. */
  readonly moved: boolean;
  /** How long the last answer took, in ms. */
  readonly tookMs: number;
}

/** By how much the wait grows while nothing moves. */
const GROWTH = 1.5;

/** The scheduler is busy with our questions for one part in this many of the time, at the most. */
const LOAD_DIVISOR = 20;

/**
 * The wait until the next poll, in ms: the shortest while things move, longer from poll to poll while
 * nothing does, and never so short that a slow scheduler would be kept busy by being asked.
 */
export function nextInterval(pace: PollPace): number {
  const wanted = pace.moved ? pace.minMs : Math.min(pace.maxMs, pace.previousMs * GROWTH);
  return Math.max(wanted, pace.minMs, pace.tookMs * LOAD_DIVISOR);
}
