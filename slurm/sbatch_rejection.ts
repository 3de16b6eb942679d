/**
 * Why sbatch refused a job, in a form that programs can switch on.
 *
 * Source: slurm_errno.c for the words of the controller; slurm_opt.c and sbatch.c for those of sbatch.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
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
    meaning: { readonly code: string; readonly next: string; readonly retryable?: boolean },
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
  "munged: ",
  "munge encode failed",
  "munge decode failed",
  "failed to access",
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

interface Meaning {
  readonly words: readonly string[];
  readonly code: string;
  readonly next: string;
  readonly retryable?: boolean;
}

/** The first entry one of whose words occurs decides: what is more specific comes first. */
const meanings: readonly Meaning[] = [
  {
    words: ["command not found", "sbatch: not found", "no such file or directory: sbatch"],
    code: "SLURM_NOT_FOUND",
    next:
      "Set the cluster's `slurmPath` to the directory of Slurm's commands, or load them in `shell.prelude`.",
  },
  {
    words: ["submitjob", "job submit limit reached"],
    code: "SUBMIT_LIMIT",
    next:
      "Wait until some of your jobs have ended: it is the cluster's limit on jobs in the queue.",
    retryable: true,
  },
  {
    words: [
      "invalid partition name",
      "no partition specified",
      "requested nodes not in this partition",
      "user's group not permitted to use this partition",
      "required partition not available",
      "partition in down state",
      "requested partition configuration not available",
    ],
    code: "INVALID_PARTITION",
    next: "Choose one of the cluster's partitions: `clusters.probe` lists them.",
  },
  {
    words: ["invalid account", "invalid or unknown association"],
    code: "INVALID_ACCOUNT",
    next:
      "Choose an account that you may charge: `sacctmgr show associations user=$USER` lists them.",
  },
  {
    words: ["invalid qos"],
    code: "INVALID_QOS",
    next:
      "Choose a QOS that your account may use: `sacctmgr show associations user=$USER format=qos`.",
  },
  {
    words: [
      "invalid feature specification",
      "invalid preferred feature",
      "--batch option is invalid",
    ],
    code: "INVALID_CONSTRAINT",
    next: "Choose features that nodes of the partition have: `sinfo -o '%P %f'` lists them.",
  },
  {
    words: [
      "generic resource",
      "invalid gres",
      "invalid --gres",
      "requested gres option unsupported",
      "trackable resource",
    ],
    code: "INVALID_GRES",
    next: "Choose GPUs or other generic resources that nodes have: `sinfo -o '%P %G'` lists them.",
  },
  {
    words: [
      "requested node configuration is not available",
      "more processors requested than permitted",
      "node count specification invalid",
      "cpu count specification invalid",
      "task count specification invalid",
      "cpu count per node can not be satisfied",
      "memory specification can not be satisfied",
      "memory required by task is not available",
      "requested topology configuration",
    ],
    code: "NODE_CONFIGURATION",
    next:
      "Ask for what nodes of one partition have together: `sinfo -o '%P %D %c %m %G'` shows it.",
  },
  {
    words: ["time limit", "invalid --time specification", "invalid time-min", "--time-min"],
    code: "INVALID_TIME_LIMIT",
    next: "Ask for a time limit that the partition allows: `clusters.probe` shows it.",
  },
  {
    words: ["dependency"],
    code: "INVALID_DEPENDENCY",
    next: "Depend on jobs that the scheduler still knows, such as `afterok:123`.",
  },
  {
    words: ["requested reservation", "reservation"],
    code: "INVALID_RESERVATION",
    next: "Choose a reservation that you may use: `scontrol show reservation` lists them.",
  },
  {
    words: ["invalid node name", "required node not available", "invalid hostlist"],
    code: "INVALID_NODE_LIST",
    next: "Name nodes of the cluster: `sinfo -N` lists them.",
  },
  {
    words: ["invalid job array", "invalid --array", "job array"],
    code: "INVALID_ARRAY",
    next: "Write each task's number once and below the cluster's MaxArraySize, such as `0-19`.",
  },
  {
    words: ["invalid time specified", "invalid time specification", "invalid --begin"],
    code: "INVALID_BEGIN",
    next: "Write the earliest start as `now+1hour`, `16:00` or `2030-01-20T12:34`.",
  },
  {
    words: ["invalid license", "licenses currently unavailable"],
    code: "INVALID_LICENSE",
    next: "Ask for licenses that the cluster has: `scontrol show licenses` lists them.",
  },
  {
    words: ["invalid wckey"],
    code: "INVALID_WCKEY",
    next: "Choose a workload key that you may use: `sacctmgr show wckeys user=$USER` lists them.",
  },
  {
    words: [
      "this does not look like a batch script",
      "batch script contains dos line breaks",
      "batch script is empty",
      "batch script contains only whitespace",
      "job script not specified",
      "unable to open file",
      "i/o error writing script",
      "batch script contains null",
    ],
    code: "SCRIPT_REJECTED",
    next:
      "Correct the batch script: its first line is `#!` and an interpreter, its line ends are LF.",
  },
  {
    words: ["access/permission denied", "permission denied", "invalid user id", "invalid group id"],
    code: "ACCESS_DENIED",
    next: "Ask the cluster's administrators whether your user may submit jobs.",
  },
  {
    words: ["system submissions disabled"],
    code: "SUBMISSIONS_DISABLED",
    next: "Wait until the cluster's administrators let jobs in again.",
    retryable: true,
  },
  {
    words: [
      "job violates accounting/qos policy",
      "qosmax",
      "assocmax",
      "qosmin",
      "qosgrp",
      "assocgrp",
    ],
    code: "ACCOUNTING_POLICY",
    next: "Ask for less, or for another account or QOS: the message names the limit.",
  },
  {
    words: ["requested operation not supported", "requested operation is presently disabled"],
    code: "NOT_SUPPORTED",
    next: "Leave out what this cluster does not support.",
  },
  {
    words: [
      "unrecognized option",
      "invalid option",
      "requires an argument",
      "doesn't allow an argument",
      "is ambiguous",
      "mutually exclusive",
      "invalid numeric value",
      "invalid --",
      "invalid mem",
      "invalid specification",
    ],
    code: "INVALID_OPTION",
    next:
      "Correct the option: this cluster's sbatch, which may be older or newer, does not take it so.",
  },
];

const rejected = {
  code: "SBATCH_REJECTED",
  next: "Change the job as sbatch's words say, or ask the cluster's administrators about them.",
};

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
  const lower = words.toLowerCase();
  const says = (word: string): boolean => lower.includes(word);
  if (lostAnswer.some(says)) return new SchedulerBusyError(words, exitCode, true);
  if (refusedForNow.some(says)) return new SchedulerBusyError(words, exitCode, false);
  const meaning = meanings.find((candidate) => candidate.words.some(says)) ??
    (exitCode === 127 ? meanings[0] : undefined) ?? rejected;
  return new SbatchRejectedError(words, exitCode, meaning);
}

/** sbatch's words on one line, without what stands before each of them, and not more than people read. */
function sbatchWords(stderr: SlurmOutput): string {
  const lines = outputLines(stderr)
    .map((line) => line.replace(/^\s*(?:sbatch: )?(?:(?:error|fatal): )?/, "").trim())
    .filter((line) => line !== "" && !/^Try ["'].*--help["'] for more information/.test(line));
  return lines.join("; ").slice(0, 2000);
}
