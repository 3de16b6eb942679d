/**
 * Slurm's last words: what slurmstepd writes to a job's standard error when it ends the job.
 *
 * Source: slurmd/slurmstepd/req.c and the cgroup plugin of Slurm 22.05, and what a cluster of that
 * release wrote.
 *
 * @module
 */

/** Why Slurm ended a job, as far as its last words tell. */
export type LastWordsReason =
  /** The job reached its time limit. */
  | "time_limit"
  /** It made room for another job, and may run again. */
  | "preemption"
  /** A node of it failed, and it may run again. */
  | "node_failure"
  /** It was put back into the queue. */
  | "requeue"
  /**
   * It was cancelled; or somebody sent SIGTERM or SIGKILL to its batch script, which slurmstepd tells in
   * the same words. slurmstepd speaks once for each run: after these words it would not tell of a time
   * limit any more.
   */
  | "cancelled"
  /** Its batch step, or what that started, went beyond its memory. */
  | "out_of_memory";

/** One of slurmstepd's lines. */
export interface LastWords {
  /** Whether it is about a step that srun started, rather than about the job. */
  readonly step?: true;
  /**
   * The number of the job. A task of an array has a number of its own, which is that of the array for one
   * of the tasks only.
   */
  readonly job: number;
  /** What the line tells. */
  readonly reason: LastWordsReason;
  /** When, by the clock and in the time zone of the node, as `2026-11-20T21:58:17`; absent where not told. */
  readonly at?: string;
}

/** A program's last line may lack its end, so that slurmstepd's begins in the middle of a line. */
const ENDED =
  /error: \*\*\* (?:JOB (\d{1,10})|STEP (\d{1,10})\.\d{1,10}) ON \S+ CANCELLED AT (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?: DUE TO (TIME LIMIT|PREEMPTION|NODE FAILURE|JOB REQUEUE)\b[^*]*)? \*\*\*$/;

/** The same of a step. */
const STEP_ENDED =
  /error: \*\*\* STEP \d{1,10}\.\d{1,10} ON \S+ CANCELLED AT \S+(?: DUE TO (TIME LIMIT|PREEMPTION|NODE FAILURE|JOB REQUEUE)\b[^*]*)? \*\*\*$/;

/** srun on a step one of whose nodes has gone. */
const NODE_GONE = /^srun: error: (?:Node failure on |.*\bNode(?:s)? (?:failure|down)\b)/i;

/** Until 21.08 Slurm wrote `oom-kill event(s)`. Only the batch step decides on the job. */
const OUT_OF_MEMORY =
  /error: Detected \d+ oom[-_]kill events?(?:\(s\))? in StepId=(\d{1,10})\.(batch\b|\d{1,10})/;

function reasonOf(cause: string | undefined): LastWordsReason {
  switch (cause) {
    case "TIME LIMIT":
      return "time_limit";
    case "PREEMPTION":
      return "preemption";
    case "NODE FAILURE":
      return "node_failure";
    case "JOB REQUEUE":
      return "requeue";
    default:
      return "cancelled";
  }
}

/** What slurmstepd said of the job, or `undefined` for a line that is not its last words on a job. */
export function parseLastWords(line: string): LastWords | undefined {
  const ended = ENDED.exec(line);
  if (ended !== null) {
    const [, job, ofStep, at, cause] = ended;
    return {
      job: Number(job ?? ofStep),
      ...(ofStep === undefined ? {} : { step: true }),
      reason: reasonOf(cause),
      ...(at === undefined ? {} : { at }),
    };
  }
  const memory = OUT_OF_MEMORY.exec(line);
  if (memory === null) return undefined;
  const [, job, step] = memory;
  return {
    job: Number(job),
    ...(step === "batch" ? {} : { step: true }),
    reason: "out_of_memory",
  };
}

/**
 * Why Slurm ended a step, by what slurmstepd and srun said of it; `undefined` where they say of no such end. A
 * node's failure is the most telling, since the other nodes' processes are cancelled for it.
 */
export function stepEnd(lines: readonly string[]): LastWordsReason | undefined {
  const reasons = lines.flatMap((line): LastWordsReason[] => {
    const ended = STEP_ENDED.exec(line);
    if (ended !== null) return [reasonOf(ended[1])];
    if (NODE_GONE.test(line)) return ["node_failure"];
    return /error: Detected \d+ oom[-_]kill events?(?:\(s\))? in StepId=\d+\.\d+/.test(line)
      ? ["out_of_memory"]
      : [];
  });
  if (reasons.includes("node_failure")) return "node_failure";
  return reasons.find((reason) => reason !== "out_of_memory") ?? reasons[0];
}
