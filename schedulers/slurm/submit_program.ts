/**
 * The shell program that submits a batch of jobs exactly once. Pure.
 *
 * For each attempt the program makes a directory and in it, in this order: `lock`, the files, and, when
 * sbatch has answered, `slurm_id`, unless the attempt's own script has been quicker to make it. Both `lock`
 * and `slurm_id` are symbolic links, whose target is the content: a link is made with its content in one
 * step or not at all, needs no disk block, and is refused when it exists, on network file systems too.
 *
 * An attempt whose `slurm_id` exists has been submitted, and only the job of that id runs: whoever makes
 * the link first decides, and a copy that finds another id in it ends without running anything. An attempt
 * with a `lock` alone was being submitted when something broke: it is looked for by its comment in the
 * queue, and only when the queue does not know it, and no process of the one who held the lock was left when
 * the queue was asked, is it submitted again. A lock is never removed for another to be made, since two could
 * do that at once: whoever takes over from HOLDER makes `lock.HOLDER`, which again only one can.
 *
 * @module
 */

import { z } from "zod";
import { schedulerIdSchema } from "../../model/mod.ts";
import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import { commandLine, quote, quotePath } from "../../shell/mod.ts";
import { ID_LINK } from "../../launchers/mod.ts";
import type { PlanFile } from "../../launchers/mod.ts";
import { writeFiles } from "../write_files.ts";

/** Longest time one sbatch may take, in seconds; slurmctld's own time-out is far below. */
export const SBATCH_TIMEOUT_SECONDS = 60;

/**
 * Age in seconds after which a lock is void whatever became of its holder. A lock is taken for one job alone,
 * whose sbatch is killed after {@linkcode SBATCH_TIMEOUT_SECONDS} and 5 more: the rest is for slow file
 * systems and for clocks that differ. It need be no longer, since a holder that works on all the same, such
 * as one that was suspended, makes no second job run: of two copies only the one on record does.
 */
export const LOCK_LEASE_SECONDS = 180;

/** One attempt at a job as the program needs it. */
export interface ProgramJob {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The attempt's directory; may start with `~/`. */
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
me=$(uname -n):$PPID
line='
'
say() {
  printf '%s\\037%s\\037%s\\037%.1000s\\036' "$@"
}
submitted() {
  ln -sn "$2" ${ID_LINK} 2>/dev/null || [ -L ${ID_LINK} ] || {
    say "$1" unclear 0 "cannot record Slurm's id $2 in $PWD"
    return
  }
  say "$1" submitted 0 "$(readlink ${ID_LINK})"
}
now() {
  printf %s "$(date +%s)"
  # A clock that nobody sets, where there is one.
  read -r up rest </proc/uptime && printf ':%s' "\${up%%.*}"
} 2>/dev/null
holder_is_gone() {
  host=\${1%%:*} rest=\${1#*:}
  group=\${rest%%:*} then=\${rest#*:}
  now=$(now)
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
  place=lock holder=
  while [ -L "$place" ]; do
    holder=$(readlink "$place")
    place=lock.$holder
  done
}
look_for_gone() {
  cd -- "$2" 2>/dev/null || return
  [ -L ${ID_LINK} ] && return
  find_holder
  [ -n "$holder" ] && holder_is_gone "$holder" && printf '%s ' "$1=$holder"
}
begin() {
  if [ -L ${ID_LINK} ]; then
    say "$1" submitted 0 "$(readlink ${ID_LINK})"
    return 1
  fi
  now=$(now)
  ln -sn "$me:$now" lock 2>/dev/null && return 0
  if [ ! -L lock ]; then
    say "$1" unwritable 0 "$(df -Pk . 2>&1 | tail -n 1)"
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
  # The lock last: whoever takes the next one must find none of its own files removed.
  for file in ./*; do
    case $file in ./lock*) ;; *) rm -f "$file" ;; esac
  done
  rm -f ./lock*
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
    // 126 is what timeout(1) would say too, of a command that cannot be started.
    `answer=$({ cd -- ${quotePath(job.jobDirectory)} || exit 126`,
    `timeout --foreground -k 5 ${SBATCH_TIMEOUT_SECONDS} ${commandLine(job.sbatch)}`,
    "} </dev/null 2>sbatch.err)",
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
