/**
 * Whether jobs are handed over, or wait since the scheduler takes none. Pure.
 *
 * @module
 */

import { errorInfo } from "../../model/mod.ts";
import type { AttemptId, ErrorInfo, SluiceError, SubmissionsView } from "../../model/mod.ts";
import { Backoff } from "../kernel/mod.ts";
import type { RandomSource } from "../kernel/mod.ts";

/** All wait, and one of them is tried now and then. */
export interface Pause {
  /** Since when. */
  readonly since: number;
  /** Why the last try did not get through. */
  readonly error: ErrorInfo;
  /** When one of the jobs is tried. */
  readonly retryAt: number;
  /** The waits between tries. */
  readonly backoff: Backoff;
}

/** How requests to hand jobs over have fared. */
export interface Flow {
  /** How many of the last ones in a row the scheduler took nothing of. */
  readonly fruitless: number;
  /** The one attempt that was in all of these, and alone: the trouble may be its own. */
  readonly only: AttemptId | undefined;
  /** Where there were too many of these. */
  readonly pause: Pause | undefined;
}

/** A request of which the scheduler took nothing. */
export interface FruitlessRequest {
  /** What was in it. */
  readonly tried: readonly AttemptId[];
  /** Why nothing was taken. */
  readonly cause: SluiceError;
  /** When it came back, in milliseconds since the epoch. */
  readonly now: number;
}

/** After so many requests in a row of which the scheduler took nothing, the others wait. */
const FRUITLESS_LIMIT = 3;
/** The waits between the tries with one job while the others wait. */
const BACKOFF = { minMs: 5_000, maxMs: 300_000, factor: 2, jitter: 0.2 };

/** Nothing speaks against handing jobs over: the scheduler took some, or has not been asked. */
export const FREE: Flow = { fruitless: 0, only: undefined, pause: undefined };

/** After a request of which the scheduler took nothing. */
export function afterFruitless(
  flow: Flow,
  { tried, cause, now }: FruitlessRequest,
  random: RandomSource,
): Flow {
  const { pause } = flow;
  const fruitless = flow.fruitless + 1;
  const alone = tried.length === 1 && (flow.fruitless === 0 || flow.only === tried[0]);
  const only = alone ? tried[0] : undefined;
  if (pause === undefined && fruitless < FRUITLESS_LIMIT) return { fruitless, only, pause };
  const backoff = pause?.backoff ?? new Backoff(BACKOFF, random);
  const retryAt = now + Math.round(backoff.next(0));
  return {
    fruitless,
    only,
    pause: { since: pause?.since ?? now, error: errorInfo(cause), retryAt, backoff },
  };
}

/** When something speaks for another try right now, such as a new connection or the user. */
export function tryingNow(flow: Flow, now: number): Flow {
  return flow.pause === undefined ? FREE : { ...flow, pause: { ...flow.pause, retryAt: now } };
}

/**
 * When another attempt is to be handed over: where only one job has failed so far, the new one tells at
 * once whether that was its own trouble.
 */
export function withNewcomer(flow: Flow, attemptId: AttemptId, now: number): Flow {
  const doubt = flow.pause !== undefined && flow.only !== undefined && flow.only !== attemptId;
  return doubt ? tryingNow(flow, now) : flow;
}

/** What clients see of it. @param waiting How many jobs wait. */
export function viewOfFlow({ pause }: Flow, waiting: number): SubmissionsView {
  if (pause === undefined) return { status: "open", waiting };
  const { since, retryAt, error } = pause;
  return { status: "paused", waiting, since, retryAt, error };
}
