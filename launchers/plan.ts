/**
 * What a launcher makes of a payload.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";

/** A small text file that goes into the job's directory with the submission. */
export interface PlanFile {
  /** Name within the job's directory. */
  readonly name: string;
  /** The whole content. */
  readonly text: string;
  /** Whether it is a program. */
  readonly executable: boolean;
}

/** Everything needed to run a payload once the scheduler has given the nodes. Plain data. */
export interface ExecutionPlan {
  /** Files that must lie in the job's directory. */
  readonly files: readonly PlanFile[];
  /**
   * The shell commands that become the payload: the last one replaces the shell, so that signals reach
   * it. `$sluice_dir` is the job's directory; the working directory is set.
   */
  readonly body: readonly string[];
  /** The `#SBATCH` lines of the user's script, as they stand there. */
  readonly directives: readonly string[];
  /** The options of sbatch that those lines set. */
  readonly directiveOptions: readonly string[];
}

/** Turns a kind of work into a plan. Pure: the same spec gives the same plan. */
export interface Launcher {
  /**
   * The plan for a job.
   *
   * @throws {SluiceError} The spec cannot be run as it is; nothing has been sent.
   */
  plan(spec: JobSpec): ExecutionPlan;
}
