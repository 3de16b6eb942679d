/**
 * Names of what lies in the directories of a session and its steps, by which the agent in the allocation and
 * those who place, follow and cancel steps understand each other.
 *
 * An entry is a small file `ATTEMPT`, or `ATTEMPT_TASK` for a task of an array, the number with leading zeros,
 * so that entries sort by their age. It comes whole into {@linkcode INBOX}, and goes to {@linkcode RUNNING}
 * when it has a place among those that run. It is there until the step has left {@linkcode STEP_END}.
 *
 * @module
 */

/**
 * Directory in the session's job directory into which entries are put. Once it is a file, the session is
 * closed, and the file's word says why: a name is either a directory or a file, so that no entry can slip in
 * beside a session that closes.
 */
export const INBOX = "inbox";

/** Beginning of the names to which the inbox is moved, with what is in it, when a session closes. */
export const LEFT_INBOX = "queue.";

/** Directory in the session's job directory with the entries of steps that have a place. */
export const RUNNING = "running";

/** Directory in the session's job directory for files by the names of entries whose steps are to end. */
export const CANCELS = "cancel";

/** File in the session's job directory that asks it to take no more steps. */
export const CLOSE_FILE = "close";

/**
 * File in the session's job directory with Slurm's id of its job and the name of the node where its agent is, for
 * as long as that is at work. It stays where the node is lost.
 */
export const LISTENING_FILE = "listening";

/** Beginning of an entry's line for an array of which so many tasks run at a time. */
export const MOST_TASKS = "# at most ";

/** Beginning of an entry's line for a step that is not begun before the Ray or Spark cluster of this job is up or gone. */
export const ON_CLUSTER = "# on the cluster ";

/** An entry's line for a Ray or Spark cluster, which takes no place from the steps that it stands for. */
export const STANDS = "# stands";

/** Target of a step's link `begun` where it was cancelled before it began, and never will. */
export const CANCELLED = "cancelled";

/** File in the attempt's directory of a step that tells `JOB.STEP NODES NUMBER` once it has its nodes; `.N` for task N. */
export const STEP_START = "step_start";

/** File in the attempt's directory of a step with srun's exit status and the time of its end; `.N` for task N. */
export const STEP_END = "step_end";

/** File in the attempt's directory of a step with what srun and slurmstepd said; `.N` for task N. */
export const STEP_WORDS = "step_words";

/** File in the attempt's directory of a step that was cancelled while it ran; `.N` for task N. */
export const STEP_CANCELLED = "step_cancelled";

/** File in the attempt's directory of a step with the numbers of its tasks, where it is an array. */
export const STEP_TASKS = "step_tasks";

/**
 * File in the attempt's directory of a Ray or Spark cluster that has come up: lines `framework=`, `address=`
 * and `dashboard=`, the last two with host and port.
 */
export const CLUSTER_FILE = "cluster";

/** Name of the script that every task of a step is started through. */
export const START_STEP_FILE = "start_step.sh";

/** Name of the script that ends what a step has left on a node. */
export const SWEEP_FILE = "sweep.sh";

/** Beginning of the names `swept.JOB.STEP` in the session's directory that say of a node that a step has left nothing. */
export const SWEPT_MARK = "swept.";

/** Name of the script that stands for srun within a step. */
export const NESTED_SRUN_FILE = "nested_srun.sh";

/** What ends the names of a task's files. */
export function taskSuffix(task: number | undefined): string {
  return task === undefined ? "" : `.${task}`;
}

/** Digits of a task's number in the name of its entry. */
const TASK_DIGITS = 9;

/** A task's number as it stands in the name of its entry. */
export function taskDigits(task: number): string {
  return String(task).padStart(TASK_DIGITS, "0");
}

/** Name of the entry of an attempt, or of one task of it. */
export function entryName(attemptId: string, task: number | undefined): string {
  return task === undefined ? attemptId : `${attemptId}_${taskDigits(task)}`;
}
