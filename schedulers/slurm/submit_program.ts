/**
 * The shell program that submits a batch of jobs exactly once. Pure.
 *
 * sbatch costs the login node some milliseconds, and every other process that is started for a job comes on
 * top of that. So for a job that is new the program starts none but sbatch: files are made and written by
 * the shell itself. To make a file costs too, on some file systems more than to start a process, so there are
 * few: what sbatch writes goes to two files for all jobs of a lane, in the directory of the first one.
 *
 * For each attempt the program makes in its directory `lock` and then the files. `lock` is made only where
 * there is none, which one of many can, and then says in its first line who its holder is, and in its second,
 * when sbatch has answered, Slurm's id, which counts once the line is whole. The link `slurm_id`, whose target is
 * Slurm's id, is made by the first copy of the attempt that runs, and before that by whoever has its id from
 * elsewhere than from an sbatch of its own for an attempt that was new: a link is made with its content in
 * one step or not at all, and is refused when it exists, on network file systems too. Only the job of the id
 * on record runs: a copy that finds another one ends without running anything.
 *
 * An attempt with either record has been submitted. One with a `lock` that has no id was being submitted when
 * something broke: it is looked for by its comment in the queue, and only when the queue does not know it,
 * and no process of the one who held the lock was left when the queue was asked, is it submitted again. A
 * lock is never removed for another to be made, since two could do that at once: whoever takes over from
 * HOLDER makes the link `lock.HOLDER`, which again only one can.
 *
 * @module
 */

import type { AttemptId } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";
import { SUBMIT_FUNCTIONS } from "./submit_functions.ts";

/** Longest time that a program may take, in seconds, after which it is ended with every sbatch of it. */
export const PROGRAM_SECONDS = 120;

/** One attempt at a job as the program needs it. */
export interface ProgramJob {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The attempt's directory, below `jobs` of Sluice's directory; may start with `~/`. */
  readonly directory: string;
  /** Everything that lies in it, the batch script included. */
  readonly files: readonly PlanFile[];
  /** The job's directory, which all its attempts share; may start with `~/`. */
  readonly jobDirectory: string;
  /** sbatch with all its words. It is run in the job's directory. */
  readonly sbatch: readonly string[];
}

/** How the program is to work. */
export interface ProgramOptions {
  /** The spool file; may start with `~/`. */
  readonly spool: string;
  /** How many sbatch run at a time. */
  readonly width: number;
  /** Whether jobs may have been submitted before, so that the queue must be asked. */
  readonly recheck: boolean;
  /** The command that prints a line `COMMENT ID` for each job of the user, as a shell reads it. */
  readonly queueByComment: string;
}

/** A path below the directory of all jobs as the program names it there. */
function below(root: string, path: string): string {
  const jobs = `${root}/jobs/`;
  if (!path.startsWith(jobs)) throw new RangeError(`${path} is not below ${jobs}`);
  return `"$jobs"/${quote(path.slice(jobs.length))}`;
}

/** The directories that a job's files lie in, as the program names them. */
function directoriesOf(root: string, { directory, files }: ProgramJob): string[] {
  const within = files.flatMap(({ name }) => /^(.+)\/[^/]+$/.exec(name)?.[1] ?? []);
  return [directory, ...new Set(within.map((name) => `${directory}/${name}`))].map((path) =>
    below(root, path)
  );
}

/** The functions of one job: `prepare_N` claims it and writes its files, `send_N` runs sbatch. */
function jobFunctions(root: string, job: ProgramJob, index: number): string {
  const id = quote(job.attemptId);
  const directory = below(root, job.directory);
  const files = job.files.map(({ name, text }) =>
    `printf %s ${quote(text)} >|${directory}/${quote(name)}`
  );
  const programs = job.files.flatMap(({ name, executable }) =>
    executable ? [`${directory}/${quote(name)}`] : []
  );
  const written = new Set(job.files.map(({ name }) => name.split("/")[0] ?? name));
  return [
    `prepare_${index}() {`,
    `claim ${id} ${directory} || return`,
    // Not with ":", whose failed redirection would end the shell.
    `{ ${[...files, `open_lane ${directory}`].join(" && ")}; } 2>/dev/null || {`,
    `unwritable ${id} ${directory} ${[...written].map(quote).join(" ")}`,
    "return",
    "}",
    `ready="$ready ${index}" programs="$programs "${quote(programs.join(" "))}`,
    "}",
    `send_${index}() {`,
    `cd -- ${below(root, job.jobDirectory)} || {`,
    `say ${id} unwritable 0 "$(space ${directory})"`,
    "return",
    "}",
    // In the foreground, so that sbatch stays in the process group by which the lock's holder is known. A
    // substitution of its output would cost a copy of the shell, and files of its own far more.
    `${commandLine(job.sbatch)} </dev/null >&5 2>&7`,
    `finish ${id} ${directory} "$?"`,
    "}",
  ].join("\n");
}

/** The jobs of one lane: all are prepared, made executable by one process, and then sent one by one. */
function lane(indexes: readonly number[]): string {
  return [
    "{",
    "ready= programs=",
    ...indexes.map((index) => `prepare_${index}`),
    '[ -z "$programs" ] || eval "chmod 700 -- $programs"',
    'for index in $ready; do "send_$index"; done',
    "} &",
  ].join("\n");
}

/**
 * The program for a batch, to be read by `sh` from its standard input.
 *
 * It is one function, called on the last line: when the line is cut in the middle, the shell finds an
 * unfinished function and runs nothing of it. It ignores the signals of a lost connection, so that what it
 * has begun it also records.
 */
export function submitProgram(
  root: string,
  jobs: readonly ProgramJob[],
  options: ProgramOptions,
): string {
  const directories = jobs.map(({ directory }) => below(root, directory));
  const lanes = Array.from(
    { length: Math.min(options.width, jobs.length) },
    (_, number) => jobs.flatMap((_, index) => index % options.width === number ? [index] : []),
  );
  return [
    "main() {",
    `root=${quotePath(root)} spool=${quotePath(options.spool)}`,
    "jobs=$root/jobs",
    SUBMIT_FUNCTIONS,
    `mkdir -p -- "\${spool%/*}" ${
      jobs.flatMap((job) => directoriesOf(root, job)).join(" ")
    } 2>/dev/null`,
    ...jobs.map((job, index) => jobFunctions(root, job, index)),
    ...(options.recheck
      ? [
        // In this order: a holder that was gone before the queue was asked can add nothing to it after.
        "gone=$(",
        ...jobs.map(({ attemptId }, index) =>
          `(look_for_gone ${quote(attemptId)} ${directories[index]})`
        ),
        ")",
        `if ! queue=$(${options.queueByComment} 2>&1); then`,
        ...jobs.map(({ attemptId }) => `say ${quote(attemptId)} queue_unreadable 0 "$queue"`),
        "return",
        "fi",
      ]
      : []),
    ...lanes.map(lane),
    "wait",
    "}",
    "main",
    "",
  ].join("\n");
}
