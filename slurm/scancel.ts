/**
 * scancel: ending jobs.
 *
 * Source: scancel(1).
 *
 * @module
 */

import type { SchedulerId } from "../model/mod.ts";
import type { SlurmOutput } from "./text.ts";
import { outputLines } from "./text.ts";

/**
 * Cancels jobs, array tasks or components: processes get SIGTERM, and SIGKILL after the cluster's
 * KillWait. An id that has ended is no error for scancel.
 *
 * @param ids At least one.
 */
export function scancelArguments(ids: readonly [SchedulerId, ...SchedulerId[]]): string[] {
  return ["scancel", ...ids];
}

/** An id that scancel had something to say about. */
export interface ScancelProblem {
  /** The job, where scancel names it. */
  readonly id?: string;
  /** scancel's own words. */
  readonly words: string;
}

/** What scancel said of the ids that it could not cancel. */
export function parseScancelErrors(stderr: SlurmOutput): ScancelProblem[] {
  return outputLines(stderr).map((line) => line.replace(/^scancel: (?:error: )?/, "").trim())
    .filter((words) => words !== "").map((words) => {
      const id = /\bjob (?:id )?(\d+(?:[_+]\d+)?)\b/i.exec(words)?.[1];
      return id === undefined ? { words } : { id, words };
    });
}
