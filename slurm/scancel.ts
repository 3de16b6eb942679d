/**
 * scancel: ending jobs and sending them signals.
 *
 * Source: scancel(1).
 *
 * @module
 */

import type { SchedulerId, SignalName } from "../model/mod.ts";
import type { SlurmOutput } from "./text.ts";
import { outputLines } from "./text.ts";

/** What scancel is to do. */
export type ScancelMode =
  /** End jobs: processes get SIGTERM, and SIGKILL after the cluster's KillWait. */
  | "end"
  /**
   * The same for jobs that wait. Not for one task of an array: with a state, scancel ends all tasks that
   * wait of an array of which it is given one (seen in 22.05).
   */
  | "end_if_waiting"
  /** Send a signal to all processes of jobs that run, their batch scripts and all children included. */
  | { readonly signal: SignalName };

/**
 * The command that ends or signals jobs, array tasks or components. An id that has ended is no error for
 * scancel.
 *
 * @param ids At least one.
 */
export function scancelArguments(
  ids: readonly [SchedulerId, ...SchedulerId[]],
  mode: ScancelMode = "end",
): string[] {
  if (mode === "end") return ["scancel", ...ids];
  if (mode === "end_if_waiting") return ["scancel", "--state=PENDING", ...ids];
  // Without the state, SIGKILL would end a job that waits, and scancel would try any other signal on it
  // again and again for minutes.
  return ["scancel", "--state=RUNNING", "--full", `--signal=${mode.signal}`, ...ids];
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
