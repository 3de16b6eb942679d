/**
 * The shell program that submits a batch of jobs exactly once. Pure.
 *
 * For each job the program makes a directory and in it, in this order: `lock`, the files, and, when
 * sbatch has answered, `slurm_id`. Both `lock` and `slurm_id` are symbolic links, whose target is the
 * content: a link is made with its content in one step or not at all, needs no disk block, and is refused
 * when it exists, on network file systems too.
 *
 * A job whose `slurm_id` exists has been submitted. A job with a `lock` alone was being submitted when
 * something broke: it is looked for by the claim of its own script and by its comment in the queue, and
 * only when neither knows it, and no process of the one who held the lock was left when the queue was
 * asked, is it submitted again. A lock is never removed for another to be made, since two could do that at
 * once: whoever takes over from HOLDER makes `lock.HOLDER`, which again only one can.
 *
 * @module
 */

import { z } from "zod";
import { schedulerIdSchema } from "../../model/mod.ts";
import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";
import { writeFiles } from "../write_files.ts";

/** Longest time one sbatch may take, in seconds; slurmctld's own time-out is far below. */
export const SBATCH_TIMEOUT_SECONDS = 60;

/** Age in seconds after which a lock is void whatever became of its holder. */
export const LOCK_LEASE_SECONDS = 600;

/** One job as the program needs it. */
export interface ProgramJob {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The attempt's directory; may start with `~/`. */
  readonly directory: string;
  /** Everything that lies in it, the batch script included. */
  readonly files: readonly PlanFile[];
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
me=$(uname -n):$PPID
line='
'
say() {
  printf '%s\\037%s\\037%s\\037%.1000s\\036' "$@"
}
submitted() {
  ln -sn "$2" slurm_id 2>/dev/null || [ -L slurm_id ] || {
    say "$1" unclear 0 "cannot record Slurm's id $2 in $PWD"
    return
  }
  say "$1" submitted 0 "$(readlink slurm_id)"
}
holder_is_gone() {
  host=\${1%%:*} rest=\${1#*:}
  group=\${rest%%:*} since=\${rest#*:}
  [ "$host" = "\${me%%:*}" ] && ! kill -s 0 -- "-$group" 2>/dev/null && return 0
  [ $(($(date +%s) - since)) -gt ${LOCK_LEASE_SECONDS} ]
}
find_holder() {
  place=lock holder=
  while [ -L "$place" ]; do
    holder=$(readlink "$place")
    place=lock.$holder
  done
}
look_for_gone() {
  cd -- "$2" 2>/dev/null || return
  [ -L slurm_id ] && return
  find_holder
  [ -n "$holder" ] && holder_is_gone "$holder" && printf '%s ' "$1=$holder"
}
begin() {
  if [ -L slurm_id ]; then
    say "$1" submitted 0 "$(readlink slurm_id)"
    return 1
  fi
  now=$(date +%s)
  ln -sn "$me:$now" lock 2>/dev/null && return 0
  if [ ! -L lock ]; then
    say "$1" unwritable 0 "$(df -Pk . 2>&1 | tail -n 1)"
    return 1
  fi
  if [ -L claim ]; then
    submitted "$1" "$(readlink claim)"
    return 1
  fi
  case $line$queue$line in
    *"\${line}sluice:$1 "*)
      found=\${queue#*"sluice:$1 "}
      submitted "$1" "\${found%%"$line"*}"
      return 1 ;;
  esac
  find_holder
  case " $gone" in
    *" $1=$holder "*) ln -sn "$me:$now" "$place" 2>/dev/null && return 0 ;;
  esac
  say "$1" locked 0 "$holder"
  return 1
}
unwritable() {
  words=$(df -Pk . 2>&1 | tail -n 1)
  rm -f ./*
  say "$1" unwritable 0 "$words"
}
finish() {
  if [ "$2" -ne 0 ]; then
    say "$1" refused "$2" "$(tr -d '\\000\\036\\037' <sbatch.err)"
    return
  fi
  id=\${3%"$line"}
  id=\${id##*"$line"}
  id=\${id%%;*}
  case $id in
    '' | *[!0-9]*) say "$1" unclear 0 "$3" ;;
    *) submitted "$1" "$id" ;;
  esac
}
`;

function jobFunction(job: ProgramJob, index: number): string {
  const id = quote(job.attemptId);
  return [
    `job_${index}() {`,
    `mkdir -p -- ${quotePath(job.directory)} && cd -- ${quotePath(job.directory)} || {`,
    `say ${id} unwritable 0 "$(df -Pk "$root" 2>&1 | tail -n 1)"`,
    "return",
    "}",
    `begin ${id} || return`,
    // Not with ":", whose failed redirection would end the shell.
    `{ ${writeFiles(job.files)} && printf '' >sbatch.err; } 2>/dev/null || {`,
    `unwritable ${id}`,
    "return",
    "}",
    // In the foreground, so that sbatch stays in the process group by which the lock's holder is known.
    `answer=$(timeout --foreground -k 5 ${SBATCH_TIMEOUT_SECONDS} ${
      commandLine(job.sbatch)
    } </dev/null 2>sbatch.err)`,
    `finish ${id} "$?" "$answer"`,
    "}",
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
  const lanes = Array.from(
    { length: Math.min(options.width, jobs.length) },
    (_, lane) =>
      jobs.flatMap((_, index) => index % options.width === lane ? [`(job_${index})`] : []),
  );
  return [
    "main() {",
    FIXED,
    `root=${quotePath(root)} spool=${quotePath(options.spool)} gone= queue=`,
    'mkdir -p -- "$root/jobs" "${spool%/*}"',
    ...jobs.map(jobFunction),
    ...(options.recheck
      ? [
        // In this order: a holder that was gone before the queue was asked can add nothing to it after.
        "gone=$(",
        ...jobs.map(({ attemptId, directory }) =>
          `(look_for_gone ${quote(attemptId)} ${quotePath(directory)})`
        ),
        ")",
        `if ! queue=$(${options.queueByComment} 2>&1); then`,
        ...jobs.map(({ attemptId }) => `say ${quote(attemptId)} queue_unreadable 0 "$queue"`),
        "return",
        "fi",
      ]
      : []),
    ...lanes.map((lane) => `{ ${lane.join("; ")}; } &`),
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
