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
  /**
   * What runs on every other node of the job meanwhile, once on each: shell commands, of which the last
   * replaces the shell. They see the same variables as the body, have all that the job has on their node, and
   * are ended when the body has ended: by SIGTERM and ten seconds later by SIGKILL in a job of its own, at once
   * in a step. `$SLUICE_RUN` is the same for the body and the peers of one run, and for no others. Default:
   * nothing.
   */
  readonly peers?: readonly string[];
  /**
   * Whether the body is to be woken: it then reads a line from file descriptor 8 whenever SIGUSR2 reaches the
   * job's script, as by `scancel --batch --signal=USR2`, and may write lines there for itself. Only of a job of
   * its own. Default: no.
   */
  readonly wakes?: true;
  /**
   * Whether the body leaves what a function returned in the file `result` of the job's directory, with `.N` behind
   * it for task or component N: what an earlier run has left there is removed first. Default: no.
   */
  readonly returns?: true;
  /**
   * Whether the body starts srun: `$sluice_srun` is then its path as the job found it, whatever the software and
   * the user's commands have made of PATH. Default: no.
   */
  readonly srun?: true;
  /** The `#SBATCH` lines of the user's script, as they stand there. */
  readonly directives: readonly string[];
  /** The options of sbatch that those lines set. */
  readonly directiveOptions: readonly string[];
}

/** What a launcher plans: the work of a job, or of one component of a heterogeneous job. */
export type Work =
  & Pick<
    JobSpec,
    | "payload"
    | "launcher"
    | "software"
    | "environment"
    | "workingDirectory"
    | "resources"
    | "inputs"
    | "outputs"
    | "srun"
    | "wrapper"
  >
  & {
    /** Number of the component. Default: it is the work of a job that is not heterogeneous. */
    readonly component?: number;
  };

/** Where the work is to run. */
export interface LaunchPlace {
  /**
   * `allocation`: nodes that Slurm gave, whether to a job of its own, to a step of a session or to a component.
   * The variables `SLURM_JOB_NODELIST`, `SLURM_JOB_NUM_NODES`, `SLURM_CPUS_ON_NODE`, `SLURM_GPUS_ON_NODE` and
   * `SLURM_MEM_PER_NODE` (or `SLURM_MEM_PER_CPU`) tell of the nodes that the work has, and of no others.
   * `host`: one machine without a scheduler and without any such variable.
   */
  readonly kind: "allocation" | "host";
  /**
   * The Ray or Spark cluster that the work runs on, which another job of the session is: the payload waits for
   * it and connects to it, and starts none. Default: none.
   */
  readonly standing?: {
    /**
     * The directory of that job, as it is seen from the directory of the job, `$SLUICE_JOB_DIRECTORY`. The file
     * `cluster` in it says, once the cluster has come up, `framework=…`, `address=…` and `dashboard=…`, each on
     * a line; the file `exit` is there once the cluster is gone.
     */
    readonly directory: string;
  };
}

/** Turns a kind of work into a plan. Pure: the same work gives the same plan. */
export interface Launcher {
  /**
   * The plan for the work.
   *
   * @throws {SluiceError} The work cannot be run as it is; nothing has been sent.
   */
  plan(work: Work, place: LaunchPlace): ExecutionPlan;
}

/** Launchers of the user's own, by the names that specs call them. */
export type CustomLaunchers = ReadonlyMap<string, Launcher>;
