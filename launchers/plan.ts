/**
 * What a launcher makes of a payload.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";

/** A small text file that goes into the attempt's directory with the submission. */
export interface PlanFile {
  /** Name within the attempt's directory. */
  readonly name: string;
  /** The whole content. */
  readonly text: string;
  /** Whether it is a program. */
  readonly executable: boolean;
}

/** Everything needed to run a payload once the scheduler has given the nodes. Plain data. */
export interface ExecutionPlan {
  /** Files that must lie in the attempt's directory. */
  readonly files: readonly PlanFile[];
  /**
   * The shell commands that become the payload: the last one replaces the shell, so that signals reach
   * it. `$sluice_dir` is the attempt's directory; the working directory is set, by default to the job's
   * directory, which all attempts at the job share.
   *
   * The payload's environment has `SLUICE_JOB_ID`, the job's id; `SLUICE_ATTEMPT`, the number of the attempt
   * from 1; and `SLUICE_JOB_DIRECTORY`, the absolute path of the job's directory, where a payload finds what
   * an earlier attempt left.
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
