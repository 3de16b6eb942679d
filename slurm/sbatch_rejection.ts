/**
 * Why sbatch refused a job, in a form that programs can switch on.
 *
 * Source: slurm_errno.c for the words of the controller; slurm_opt.c and sbatch.c for those of sbatch.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import { meaningOf } from "./refusal_meanings.ts";
import type { RefusalMeaning } from "./refusal_meanings.ts";
import type { SlurmOutput } from "./text.ts";
import { outputLines } from "./text.ts";

/** Raised when sbatch refused a job for good. Its own words are part of the message. */
export class SbatchRejectedError extends SluiceError {
  override readonly name: string = "SbatchRejectedError";

  /** Makes the error from sbatch's words and what they mean. */
  constructor(
    /** What sbatch wrote, without its own name before it. */
    readonly words: string,
    /** sbatch's exit code. */
    readonly exitCode: number,
    meaning: RefusalMeaning,
  ) {
    super({ ...meaning, message: `sbatch refused the job: ${words}` });
  }
}

/** Raised when the scheduler could not be reached or had no time for a job. */
export class SchedulerBusyError extends SluiceError {
  override readonly name: string = "SchedulerBusyError";

  /** Makes the error from sbatch's words. */
  constructor(
    /** What sbatch wrote, without its own name before it. */
    readonly words: string,
    /** sbatch's exit code. */
    readonly exitCode: number,
    /**
     * Whether the scheduler may have taken the job although no answer came: it must be looked for by its
     * comment before it is submitted again.
     */
    readonly maybeSubmitted: boolean,
  ) {
    super({
      code: "SCHEDULER_UNAVAILABLE",
      message: `The scheduler could not take the job: ${words}`,
      next: "Nothing is to be done: it is tried again.",
      retryable: true,
    });
  }
}

/** Words of trouble that passes. The request never reached the scheduler, or it said so itself. */
const refusedForNow = [
  "unable to contact slurm controller",
  "connection refused",
  "connection reset by peer",
  "connection timed out",
  "no route to host",
  "network is unreachable",
  "slurm temporarily unable to accept job",
  "resource temporarily unavailable",
  "slurm backup controller in standby mode",
  "controller is in standby mode",
  "rate limit exceeded",
  "maxjobcount limit reached",
  "invalid authentication credential",
  "authentication credential expired",
  "protocol authentication error",
  "could not establish a configuration source",
  "unable to connect to database",
];

/** Words of trouble that passes, after which the scheduler may have the job all the same. */
const lostAnswer = [
  "socket timed out on send/recv operation",
  "zero bytes were transmitted or received",
  "message receive failure",
  "communication connection failure",
  "connection timed out reading",
  "unable to contact slurm controller (receive failure)",
  "unable to contact slurm controller (shutdown failure)",
];

/** Words of munge, which sbatch writes before its last line when munged is away. */
const withoutMunge = ["munge encode failed", "munge decode failed", "munged is up"];

/**
 * What went wrong when sbatch exited with another code than 0.
 *
 * @param stderr What sbatch wrote to its standard error.
 * @param exitCode sbatch's exit code.
 */
export function explainRejection(
  stderr: SlurmOutput,
  exitCode: number,
): SbatchRejectedError | SchedulerBusyError {
  const words = sbatchWords(stderr) || `no words, exit code ${exitCode}`;
  const all = words.toLowerCase();
  // The controller's verdict holds nothing that the user wrote, unlike what may stand before it.
  const verdict = /batch job submission failed: ([^;]*)/.exec(all)?.[1] ?? all;
  const says = (word: string): boolean => verdict.includes(word);
  if (lostAnswer.some(says)) return new SchedulerBusyError(words, exitCode, true);
  if (refusedForNow.some(says) || withoutMunge.some((word) => all.includes(word))) {
    return new SchedulerBusyError(words, exitCode, false);
  }
  // Of an accounting policy, only the line before names the limit.
  const decisive = says("job violates accounting/qos policy") ? all : verdict;
  return new SbatchRejectedError(words, exitCode, meaningOf(decisive, exitCode));
}

/** sbatch's words on one line, without what stands before each of them, and not more than people read. */
function sbatchWords(stderr: SlurmOutput): string {
  const lines = outputLines(stderr)
    .map((line) => line.replace(/^\s*(?:sbatch: )?(?:(?:error|fatal): )?/, "").trim())
    .filter((line) => line !== "" && !/^Try ["'].*--help["'] for more information/.test(line));
  return lines.join("; ").slice(0, 2000);
}
