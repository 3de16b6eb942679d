/**
 * With which status the command ends.
 *
 * @module
 */

import type { JobView } from "../model/mod.ts";

/** Told in the help of `submit`. */
export const exitCodesHelp = `Exit status:
  the job's own, when it is waited for;
  128+N for a job that signal N ended; 124 out of time; 130 cancelled;
  1 for a job that failed without a status, and for requests that the server refuses;
  2 for a wrong call of this command; 3 where the server cannot be reached or used;
  130 when Ctrl-C ends the waiting: the job goes on.`;

/** Ctrl-C: 128 + SIGINT, as shells have it. */
export const interruptedCode = 130;

/** The status that tells how a job ended. */
export function jobExitCode(
  job: Pick<JobView, "phase" | "exitCode" | "signal">,
): number {
  switch (job.phase) {
    case "succeeded":
      return 0;
    case "timed_out":
      return 124;
    case "cancelled":
      return 130;
    case "failed": {
      if (job.signal !== undefined) return 128 + (job.signal & 0x7f);
      const own = (job.exitCode ?? 0) & 0xff;
      return own === 0 ? 1 : own;
    }
    case "accepted":
    case "staging":
    case "submitting":
    case "queued":
    case "running":
      return 1;
  }
}

const unusable: ReadonlySet<string> = new Set([
  "UNREACHABLE",
  "UNAUTHORIZED",
  "REQUEST_REFUSED",
  "SERVER_CLOSING",
  "FOREIGN_HOST",
  "TOKEN_MISSING",
  "TOKEN_UNUSABLE",
]);

const misused: ReadonlySet<string> = new Set(["USAGE", "INVALID_INPUT"]);

/** The status that tells of an error. */
export function errorExitCode(code: string): number {
  if (unusable.has(code)) return 3;
  return misused.has(code) || code.startsWith("CONFIG_") ? 2 : 1;
}
