/**
 * The shell programs that run jobs as plain processes of one host. Pure.
 *
 * @module
 */

import { JOB_SCRIPT_FILE } from "../../launchers/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import { forAttempts } from "../for_attempts.ts";
import { writeFiles } from "../write_files.ts";

/** One job as the program needs it. */
export interface ProcessJob {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The attempt's directory; may start with `~/`. */
  readonly directory: string;
  /** Everything that lies in it. */
  readonly files: readonly PlanFile[];
  /** Numbers of the tasks of an array. */
  readonly tasks: readonly number[] | undefined;
  /** The spool as it is seen from the job's directory. */
  readonly spool: string;
}

/**
 * Runs in a session of its own, whose number is the job's id: it records that id as the target of the
 * symbolic link `scheduler_id`, which can be made once only, and starts the job script, or one for each
 * task. `P` before the number tells it from Slurm's ids.
 */
const RUNNER = `
ln -s "P$$" scheduler_id 2>/dev/null || exit 0
spool=$1
shift
SLURM_JOB_ID=P$$
export SLURM_JOB_ID
if [ $# -eq 0 ]; then
  exec ./${JOB_SCRIPT_FILE} "$spool" >stdout 2>stderr
fi
for task; do
  SLURM_ARRAY_JOB_ID=P$$ SLURM_ARRAY_TASK_ID=$task ./${JOB_SCRIPT_FILE} "$spool" \\
    >"stdout.$task" 2>"stderr.$task" &
done
wait
`;

/** What the program answers for a job. */
const ANSWER = `
answer() {
  printf '%s %s\\n' "$1" "$(readlink scheduler_id)"
}
`;

/** The program that starts a batch of jobs, each once however often it is run. */
export function startProgram(root: string, spoolDirectory: string, jobs: readonly ProcessJob[]) {
  return [
    ANSWER,
    `mkdir -p -- ${quotePath(root)}/jobs ${quotePath(spoolDirectory)}`,
    ...jobs.map((job) => {
      const words = [job.spool, ...(job.tasks ?? []).map(String)];
      return [
        "(",
        `mkdir -p -- ${quotePath(job.directory)} && cd -- ${quotePath(job.directory)} || exit`,
        `if [ -L scheduler_id ]; then answer ${quote(job.attemptId)}; exit; fi`,
        `${writeFiles(job.files)} || exit`,
        `setsid sh -c ${quote(RUNNER)} sluice ${commandLine(words)} </dev/null >/dev/null 2>&1 &`,
        "for try in 1 2 3 4 5 6 7 8 9 10; do",
        "if [ -L scheduler_id ]; then break; fi",
        "sleep 0.0$try",
        "done",
        `answer ${quote(job.attemptId)}`,
        ")",
      ].join("\n");
    }),
  ].join("\n");
}

/**
 * The program that tells whether the sessions of jobs still have processes: a line `ID alive` or
 * `ID gone` for each.
 *
 * @param sessions Numbers of the sessions.
 */
export function aliveProgram(sessions: readonly number[]): string {
  return [
    `for session in ${sessions.join(" ")}; do`,
    'if kill -s 0 -- "-$session" 2>/dev/null; then state=alive; else state=gone; fi',
    'printf \'%s %s\\n\' "$session" "$state"',
    "done",
  ].join("\n");
}

/** The program that asks a job to end, and makes it after some seconds. */
export function endProgram(directory: string, session: number, graceSeconds: number): string {
  return [
    // Not with ":", whose failed redirection would end the shell.
    `printf '' >${quotePath(directory)}/cancelled`,
    `if kill -s TERM -- -${session} 2>/dev/null; then`,
    `(sleep ${graceSeconds}; kill -s KILL -- -${session}) </dev/null >/dev/null 2>&1 &`,
    "fi",
  ].join("\n");
}

/** The program that prints which of the attempts somebody asked to end, one id a line. */
export function cancelledProgram(jobsDirectory: string, attempts: readonly AttemptId[]): string {
  return [
    forAttempts(jobsDirectory, attempts),
    `if [ -e "$sluice_place/cancelled" ]; then printf '%s\\n' "$sluice_attempt"; fi`,
    "done",
  ].join("\n");
}
