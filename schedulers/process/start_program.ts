/**
 * The shell programs that run jobs as plain processes of one host. Pure.
 *
 * @module
 */

import { ID_LINK } from "../../launchers/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";
import type { AttemptId, SignalName } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import { forAttempts } from "../for_attempts.ts";
import { writeFiles } from "../write_files.ts";

/** One attempt at a job as the program needs it. */
export interface ProcessJob {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The attempt's directory; may start with `~/`. */
  readonly directory: string;
  /** Everything that lies in it. */
  readonly files: readonly PlanFile[];
  /** Numbers of the tasks of an array. */
  readonly tasks: readonly number[] | undefined;
  /** The job's directory, which all its attempts share; may start with `~/`. */
  readonly jobDirectory: string;
  /** The job script with its words, to be run in the job's directory. */
  readonly command: readonly string[];
  /** The same of each component of a heterogeneous job, in the place of `command`. */
  readonly components?: readonly (readonly string[])[];
}

/**
 * The lines of shell that start the job's script in the job's directory and wait for its end: one for the
 * job, or one for each task or component.
 */
export function startLines({ command, tasks, components }: ProcessJob): string[] {
  if (components !== undefined) {
    return [
      `SLUICE_HET_JOB_ID=$SLURM_JOB_ID SLUICE_COMPONENTS=${components.length};`,
      "export SLUICE_HET_JOB_ID SLUICE_COMPONENTS;",
      ...components.map((words, component) =>
        `SLUICE_COMPONENT=${component} ${
          commandLine(words)
        } >>stdout.${component} 2>>stderr.${component} &`
      ),
      "wait",
    ];
  }
  const script = commandLine(command);
  return tasks === undefined ? [`${script} >>stdout 2>>stderr`] : [
    `for task in ${tasks.join(" ")}; do`,
    `SLURM_ARRAY_JOB_ID=$SLURM_JOB_ID SLURM_ARRAY_TASK_ID=$task ${script}`,
    '>>"stdout.$task" 2>>"stderr.$task" & done; wait',
  ];
}

/**
 * Runs in a session of its own, whose number is the attempt's id: it records that id as the target of the
 * symbolic link, which can be made once only, and starts the job script. `P` before the number tells it
 * from Slurm's ids.
 */
function runner(job: ProcessJob): string {
  return [
    `ln -sn "P$$" ${ID_LINK} 2>/dev/null || exit 0`,
    `cd -- ${quotePath(job.jobDirectory)} || exit`,
    "SLURM_JOB_ID=P$$",
    "export SLURM_JOB_ID",
    startLines(job).join(" "),
  ].join("\n");
}

/** What the program answers for a job. */
const ANSWER = `
answer() {
  printf '%s %s\\n' "$1" "$(readlink ${ID_LINK})"
}
`;

/** The program that starts a batch of jobs, each once however often it is run. */
export function startProgram(root: string, spoolDirectory: string, jobs: readonly ProcessJob[]) {
  return [
    ANSWER,
    `mkdir -p -- ${quotePath(root)}/jobs ${quotePath(spoolDirectory)}`,
    ...jobs.map((job) =>
      [
        "(",
        `mkdir -p -- ${quotePath(job.directory)} && cd -- ${quotePath(job.directory)} || exit`,
        `if [ -L ${ID_LINK} ]; then answer ${quote(job.attemptId)}; exit; fi`,
        `${writeFiles(job.files)} || exit`,
        `runner=${quote(runner(job))}`,
        // What a shell without job control starts in the background ignores SIGINT for ever; setsid(1)
        // itself goes there without that, except where it is too old or too small to know how.
        'setsid -f sh -c "$runner" </dev/null >/dev/null 2>&1 ||',
        '{ setsid sh -c "$runner" </dev/null >/dev/null 2>&1 & }',
        "for try in 1 2 3 4 5 6 7 8 9 10; do",
        `if [ -L ${ID_LINK} ]; then break; fi`,
        "sleep 0.0$try",
        "done",
        `answer ${quote(job.attemptId)}`,
        ")",
      ].join("\n")
    ),
  ].join("\n");
}

/**
 * The program that tells whether the sessions of jobs still have processes: a line `ID alive` or
 * `ID gone` for each.
 *
 * A process that has ended answers to `kill` until its parent has asked for it, which the first process of many
 * containers never does. Where the system tells the states of processes (proc(5)), such a one does not count.
 *
 * @param sessions Numbers of the sessions.
 */
export function aliveProgram(sessions: readonly number[]): string {
  return [
    "groups=",
    // Sets `state` and `group`. The name of a program, between brackets, may hold anything.
    "look() {",
    "text=",
    '{ while IFS= read -r line; do text=$text$line; done <"/proc/$1/stat"; } 2>/dev/null || return',
    "text=${text##*) }",
    "state=${text%% *}",
    "text=${text#* * }",
    "group=${text%% *}",
    'case $state in "" | Z | X) return 1 ;; esac',
    "}",
    "find_groups() {",
    "groups=' '",
    "for place in /proc/[0-9]*; do",
    'if look "${place#/proc/}"; then groups="$groups$group "; fi',
    "done",
    "}",
    "lives() {",
    'kill -s 0 -- "-$1" 2>/dev/null || return',
    "[ -r /proc/self/stat ] || return 0",
    'if look "$1"; then return; fi',
    '[ -n "$groups" ] || find_groups',
    'case $groups in *" $1 "*) ;; *) return 1 ;; esac',
    "}",
    `for session in ${sessions.join(" ")}; do`,
    'if lives "$session"; then answer=alive; else answer=gone; fi',
    'printf \'%s %s\\n\' "$session" "$answer"',
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

/**
 * The program that sends a signal to all processes of a job. SIGKILL leaves nobody who could record how the
 * job ended, so the job counts as asked to end.
 */
export function signalProgram(directory: string, session: number, signal: SignalName): string {
  return [
    ...(signal === "KILL" ? [`printf '' >${quotePath(directory)}/cancelled`] : []),
    `kill -s ${signal} -- -${session} 2>/dev/null`,
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
