/**
 * What sbatch's words mean when it refuses a job.
 *
 * Source: slurm_errno.c for the words of the controller; slurm_opt.c and sbatch.c for those of sbatch.
 *
 * @module
 */

/** What a refusal means. */
export interface RefusalMeaning {
  /** Stable code. */
  readonly code: string;
  /** What the user can do about it. */
  readonly next: string;
  /** Whether the same job may be taken later. Default: `false`. */
  readonly retryable?: boolean;
}

interface Entry extends RefusalMeaning {
  /** In lower case; any of them will do. */
  readonly words: readonly string[];
}

const missing = {
  code: "SLURM_NOT_FOUND",
  next:
    "Set the cluster's `slurmPath` to the directory of Slurm's commands, or load them in `shell.prelude`.",
};

const rejected = {
  code: "SBATCH_REJECTED",
  next: "Change the job as sbatch's words say, or ask the cluster's administrators about them.",
};

const invalidOption = {
  code: "INVALID_OPTION",
  next: "Correct the option: this cluster's sbatch does not take it so, or is too old to know it.",
};

/**
 * The first entry one of whose words occurs decides. What is more specific comes first, and before all
 * of it the messages that repeat what the user wrote, which could hold any of the other words.
 */
const meanings: readonly Entry[] = [
  {
    words: [
      "unrecognized option",
      "requires an argument",
      "doesn't allow an argument",
      "is ambiguous; possibilities",
      "invalid directive found in batch script",
      "unmatched `",
      "mutually exclusive",
    ],
    ...invalidOption,
  },
  { words: ["command not found", "sbatch: not found"], ...missing },
  {
    words: ["submitjob", "job submit limit reached"],
    code: "SUBMIT_LIMIT",
    next:
      "Wait until some of your jobs have ended: it is the cluster's limit on jobs in the queue.",
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
    words: ["permission denied", "only permitted by root", "invalid user id", "invalid group id"],
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
    words: ["requested operation not supported", "requested operation is presently disabled"],
    code: "NOT_SUPPORTED",
    next: "Leave out what this cluster does not support.",
  },
  { words: ["invalid option", "invalid --", "invalid numeric value"], ...invalidOption },
];

/** The meaning of sbatch's words, which are in lower case, or of its exit code where they tell nothing. */
export function meaningOf(words: string, exitCode: number): RefusalMeaning {
  const entry = meanings.find((candidate) => candidate.words.some((word) => words.includes(word)));
  if (entry === undefined) return exitCode === 127 ? missing : rejected;
  const { code, next, retryable = false } = entry;
  return { code, next, retryable };
}
