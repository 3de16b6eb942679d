/**
 * Reads what Slurm wrote to the standard error of jobs when it ended them. Pure.
 *
 * It is evidence of last resort, for jobs that have left the queue and of which no accounting tells.
 *
 * @module
 */

import { attemptParts } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { parseLastWords } from "../../slurm/mod.ts";
import type { LastWordsReason } from "../../slurm/mod.ts";
import { jobPaths } from "../layout.ts";
import type { RemoteLayout } from "../layout.ts";

/** So many bytes of a job's standard error are looked at, from its end. */
const TAIL_BYTES = 65_536;

/** So many files are named on one command line, far below the 2 MiB that it may have on Linux. */
const FILES_PER_COMMAND = 2_000;

/** A job or an array task whose standard error is to be read. */
export interface SilentPart {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** Number of the array task. */
  readonly task: number | undefined;
}

/** One of slurmstepd's lines in the standard error of a job. */
export interface SpokenWords {
  /** Slurm's number of the job that it names; each task of an array, and each component, has one of its own. */
  readonly job: number;
  /** Whether it tells of a step of the job. */
  readonly step?: true;
  /** What it tells. */
  readonly reason: LastWordsReason;
  /** When, in milliseconds since the epoch; absent where the line does not tell. */
  readonly at?: number;
}

/** What the files of a job tell of its end. */
export interface LastWordsFound {
  /** slurmstepd's lines, in their order. Those of earlier runs and attempts are among them. */
  readonly words: readonly SpokenWords[];
  /** When the job last wrote to its standard output or error, in milliseconds since the epoch. */
  readonly wroteAt?: number;
}

/** A part's two files, which all attempts at the job share, from the directory of the jobs' directories. */
function filesOf({ attemptId, task }: SilentPart): { stderr: string; stdout: string } {
  const { jobId } = attemptParts(attemptId);
  const { stdout, stderr } = jobPaths({ root: "", jobs: "", spool: "" }, jobId, task);
  return { stdout: stdout.slice("/jobs/".length), stderr: stderr.slice("/jobs/".length) };
}

/**
 * The shell commands that print slurmstepd's lines in the standard error of the given jobs, each behind
 * its time in seconds since the epoch (`-` where it has none), and when the jobs' files were last written.
 *
 * The time in a line is that of the node's clock without its time zone, which is taken to be that of the
 * machine where the commands run.
 */
export function printLastWords(layout: RemoteLayout, parts: readonly SilentPart[]): string {
  const lines = [`(cd -- ${quotePath(layout.jobs)} || exit`];
  for (let start = 0; start < parts.length; start += FILES_PER_COMMAND) {
    const files = parts.slice(start, start + FILES_PER_COMMAND).map(filesOf);
    const errors = files.map(({ stderr }) => stderr).join(" ");
    const all = files.map(({ stderr, stdout }) => `${stderr} ${stdout}`).join(" ");
    lines.push(
      `stat -c 'wrote %Y %n' -- ${all} 2>/dev/null`,
      // "-a" since a program may have written any bytes before.
      `tail -v -c ${TAIL_BYTES} -- ${errors} 2>/dev/null |`,
      "grep -a -E '^==> |error: \\*\\*\\* (JOB|STEP) [0-9.]+ ON |oom[-_]kill event' |",
      "while IFS= read -r sluice_line; do",
      "sluice_at=-",
      "case $sluice_line in *' CANCELLED AT '*)",
      "sluice_at=${sluice_line##*' CANCELLED AT '}",
      'sluice_at=$(date -d "${sluice_at%% *}" +%s 2>/dev/null) || sluice_at=- ;;',
      "esac",
      'printf \'said %s %s\\n\' "$sluice_at" "$sluice_line"',
      "done",
    );
  }
  return `${lines.join("\n")})`;
}

/** What the output of {@linkcode printLastWords} tells of each part, in the parts' order. */
export function parseLastWordsFound(
  output: string,
  parts: readonly SilentPart[],
): LastWordsFound[] {
  const words = new Map<string, SpokenWords[]>();
  const wrote = new Map<string, number>();
  let file = "";
  for (const line of output.split("\n")) {
    const written = /^wrote (\d{1,12}) (.+)$/.exec(line);
    if (written?.[2] !== undefined) {
      wrote.set(written[2], Number(written[1]) * 1000);
      continue;
    }
    const said = /^said (-|\d{1,12}) (.*)$/.exec(line);
    if (said === null) continue;
    const [, seconds = "-", text = ""] = said;
    const header = /^==> (.+) <==$/.exec(text);
    if (header?.[1] !== undefined) {
      file = header[1];
      continue;
    }
    const parsed = parseLastWords(text);
    if (parsed === undefined) continue;
    const { job, step, reason } = parsed;
    const at = seconds === "-" ? {} : { at: Number(seconds) * 1000 };
    words.set(file, [
      ...words.get(file) ?? [],
      { job, ...(step === undefined ? {} : { step }), reason, ...at },
    ]);
  }
  return parts.map((part) => {
    const { stderr, stdout } = filesOf(part);
    const times = [wrote.get(stderr), wrote.get(stdout)].filter((time) => time !== undefined);
    return {
      words: words.get(stderr) ?? [],
      ...(times.length === 0 ? {} : { wroteAt: Math.max(...times) }),
    };
  });
}
