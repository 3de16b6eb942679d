/**
 * The shell program that submits a batch of jobs exactly once. Pure.
 *
 * sbatch costs the login node some milliseconds, and every other process that is started for a job comes on
 * top of that. So for a job that is new the program starts none but sbatch: files are made and written by
 * the shell itself.
 *
 * For each attempt the program makes in its directory, in this order: `lock`, the files, and, when sbatch
 * has answered, `submitted_id`. `lock` is made only where there is none, which one of many can, and then says
 * who its holder is; `submitted_id` counts once its line is whole. The link `slurm_id`, whose target is
 * Slurm's id, is made by the first copy of the attempt that runs, and before that by whoever has its id from
 * elsewhere than from an sbatch of its own for an attempt that was new: a link is made with its content in
 * one step or not at all, and is refused when it exists, on network file systems too. Only the job of the id
 * on record runs: a copy that finds another one ends without running anything.
 *
 * An attempt with either record has been submitted. One with a `lock` alone was being submitted when
 * something broke: it is looked for by its comment in the queue, and only when the queue does not know it,
 * and no process of the one who held the lock was left when the queue was asked, is it submitted again. A
 * lock is never removed for another to be made, since two could do that at once: whoever takes over from
 * HOLDER makes the link `lock.HOLDER`, which again only one can.
 *
 * @module
 */

import { z } from "zod";
import { schedulerIdSchema } from "../../model/mod.ts";
import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import { ID_FILE, ID_LINK } from "../../launchers/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";

/** Longest time that a program may take, in seconds, after which it is ended with every sbatch of it. */
export const PROGRAM_SECONDS = 120;

/**
 * Age in seconds after which a lock is void whatever became of its holder, which is ended after
 * {@linkcode PROGRAM_SECONDS} and 5 more: the rest is for slow file systems and for clocks that differ. It
 * need be no longer, since a holder that works on all the same, such as one that was suspended, makes no
 * second job run: of two copies only the one on record does.
 */
export const LOCK_LEASE_SECONDS = 180;

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

/** What the program said of one job. */
export type ProgramReply =
  & { readonly attemptId: string }
  & (
    | { readonly kind: "submitted"; readonly schedulerId: SchedulerId }
    | { readonly kind: "refused"; readonly exitCode: number; readonly words: string }
    | { readonly kind: "locked"; readonly words: string }
    | { readonly kind: "unwritable"; readonly words: string }
    | { readonly kind: "queue_unreadable"; readonly words: string }
    | { readonly kind: "unclear"; readonly words: string }
  );

const FIXED = `
trap '' HUP INT QUIT TERM PIPE
set -C
me=$(uname -n):$PPID
date=$(date +%s) booted= gone= queue= careful=
{ read -r booted rest </proc/uptime; } 2>/dev/null
line='
'
say() {
  printf '%s\\037%s\\037%s\\037%.1000s\\036' "$@"
}
space() {
  df -Pk "$1" 2>/dev/null | tail -n 1 | grep . || df -Pk "$root" 2>&1 | tail -n 1
}
clock() {
  # By a clock that nobody sets, where there is one.
  { read -r up rest </proc/uptime; } 2>/dev/null || { now=$(date +%s) && return; }
  up=\${up%%.*}
  now=$((date + up - \${booted%%.*})):$up
}
submitted() {
  ln -sn "$3" "$2/${ID_LINK}" 2>/dev/null || [ -L "$2/${ID_LINK}" ] || {
    say "$1" unclear 0 "cannot record Slurm's id $3 in $2"
    return
  }
  say "$1" submitted 0 "$(readlink "$2/${ID_LINK}")"
}
recorded() {
  if [ -L "$1/${ID_LINK}" ]; then
    id=$(readlink "$1/${ID_LINK}")
    return
  fi
  { read -r id <"$1/${ID_FILE}"; } 2>/dev/null
}
holder_is_gone() {
  host=\${1%%:*} rest=\${1#*:}
  group=\${rest%%:*} then=\${rest#*:}
  clock
  if [ "$host" = "\${me%%:*}" ]; then
    kill -s 0 -- "-$group" 2>/dev/null || return 0
    case $then$line$now in
      *:*"$line"*:*)
        # A clock that has gone back has begun anew: no holder outlives that.
        age=$((\${now#*:} - \${then#*:}))
        [ "$age" -gt ${LOCK_LEASE_SECONDS} ] || [ "$age" -lt 0 ]
        return ;;
    esac
  fi
  [ $((\${now%%:*} - \${then%%:*})) -gt ${LOCK_LEASE_SECONDS} ]
}
find_holder() {
  place=$1/lock holder=
  if [ -f "$place" ]; then
    read -r holder <"$place"
    # One that was cut off before it had said who it is: only the age of its lock is known.
    [ -n "$holder" ] || holder=?:0:$(stat -c %Y "$place")
    place=$1/lock.$holder
  fi
  while [ -L "$place" ]; do
    holder=$(readlink "$place")
    place=$1/lock.$holder
  done
}
look_for_gone() {
  recorded "$2" && return
  find_holder "$2"
  [ -n "$holder" ] && holder_is_gone "$holder" && printf '%s ' "$1=$holder"
}
claim() {
  if [ ! -L "$2/${ID_LINK}" ] && { true >"$2/lock"; } 2>/dev/null; then
    clock
    { printf '%s\\n' "$me:$now" >>"$2/lock"; } 2>/dev/null && return
    unwritable "$1" "$2"
    return 1
  fi
  if recorded "$2"; then
    submitted "$1" "$2" "$id"
    return 1
  fi
  find_holder "$2"
  if [ -z "$holder" ]; then
    say "$1" unwritable 0 "$(space "$2")"
    return 1
  fi
  case $line$queue$line in
    *"\${line}sluice:$1 "*)
      found=\${queue#*"sluice:$1 "}
      submitted "$1" "$2" "\${found%%"$line"*}"
      return 1 ;;
  esac
  case " $gone" in
    *" $1=$holder "*)
      clock
      if ln -sn "$me:$now" "$place" 2>/dev/null; then
        careful="$careful $1"
        return
      fi ;;
  esac
  say "$1" locked 0 "$holder"
  return 1
}
unwritable() {
  words=$(space "$2")
  unwritten=$1 where=$2
  shift 2
  # What the job takes in lies there already, and stays.
  for file do rm -rf -- "$where/$file"; done
  # The lock last: whoever takes the next one must find none of its own files removed.
  rm -f -- "$where"/lock*
  say "$unwritten" unwritable 0 "$words"
}
finish() {
  if [ "$3" -ne 0 ]; then
    say "$1" refused "$3" "$(tr -d '\\000\\036\\037' <"$2/sbatch.err")"
    return
  fi
  # The last line that is not empty.
  id=
  while IFS= read -r word || [ -n "$word" ]; do
    [ -z "$word" ] || id=$word
  done <"$2/sbatch.out"
  id=\${id%%;*}
  case $id in
    '' | *[!0-9]*)
      say "$1" unclear 0 "$(tr -d '\\000\\036\\037' <"$2/sbatch.out")"
      return ;;
  esac
  case "$careful " in
    *" $1 "*) ;;
    *)
      # Where a copy runs already, it has decided.
      if [ ! -L "$2/${ID_LINK}" ] && { printf '%s\\n' "$id" >|"$2/${ID_FILE}"; } 2>/dev/null; then
        [ -L "$2/${ID_LINK}" ] || {
          say "$1" submitted 0 "$id"
          return
        }
      fi ;;
  esac
  submitted "$1" "$2" "$id"
}
`;

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

/** Names of the files in the attempt's directory with what sbatch says. */
const SBATCH_FILES = ["sbatch.out", "sbatch.err"] as const;

/** The functions of one job: `prepare_N` claims it and writes its files, `send_N` runs sbatch. */
function jobFunctions(root: string, job: ProgramJob, index: number): string {
  const id = quote(job.attemptId);
  const directory = below(root, job.directory);
  const files = job.files.map(({ name, text }) =>
    `printf %s ${quote(text)} >|${directory}/${quote(name)}`
  );
  const empty = SBATCH_FILES.map((name) => `printf '' >|${directory}/${name}`);
  const programs = job.files.flatMap(({ name, executable }) =>
    executable ? [`${directory}/${quote(name)}`] : []
  );
  const written = new Set([
    ...job.files.map(({ name }) => name.split("/")[0] ?? name),
    ...SBATCH_FILES,
  ]);
  return [
    `prepare_${index}() {`,
    `claim ${id} ${directory} || return`,
    // Not with ":", whose failed redirection would end the shell.
    `{ ${[...files, ...empty].join(" && ")}; } 2>/dev/null || {`,
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
    // substitution of its output would cost a copy of the shell.
    `${commandLine(job.sbatch)} </dev/null >|${directory}/sbatch.out 2>|${directory}/sbatch.err`,
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
    FIXED,
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

const replySchema = z.tuple([
  z.string(),
  z.string(),
  z.string().regex(/^\d{1,3}$/).transform(Number),
  z.string(),
]);

/** Reads what the program says while it says it. */
export class ReplyReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Takes the next piece of the output and returns the replies that it completes. */
  push(bytes: Uint8Array): ProgramReply[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    const end = text.lastIndexOf("\x1e") + 1;
    this.#rest = text.slice(end);
    return end === 0 ? [] : parseProgramReplies(text.slice(0, end));
  }
}

/** What the program said, job by job. Anything that is not one of its records is passed over. */
export function parseProgramReplies(output: string): ProgramReply[] {
  return output.split("\x1e").flatMap((record): ProgramReply[] => {
    const [job, said, status, ...rest] = record.split("\x1f");
    const fields = replySchema.safeParse([job, said, status, rest.join("\x1f")]);
    if (!fields.success) return [];
    const [attemptId, kind, exitCode, words] = fields.data;
    switch (kind) {
      case "submitted": {
        const schedulerId = schedulerIdSchema.safeParse(words);
        return schedulerId.success
          ? [{ attemptId, kind, schedulerId: schedulerId.data }]
          : [{ attemptId, kind: "unclear", words }];
      }
      case "refused":
        return [{ attemptId, kind, exitCode, words }];
      case "locked":
      case "unwritable":
      case "queue_unreadable":
      case "unclear":
        return [{ attemptId, kind, words }];
      default:
        return [];
    }
  });
}
