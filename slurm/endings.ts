/**
 * How a job ended, in plain words.
 *
 * Source: squeue(1), "JOB STATE CODES"; signal(7).
 *
 * @module
 */

import type { Reason } from "../model/mod.ts";
import type { ExitStatus } from "./exit_code.ts";
import { explainReason } from "./reasons.ts";
import type { SlurmState } from "./states.ts";

/** What is known of a job that ended. */
export interface Ending {
  /** The state in which it ended. */
  readonly state: SlurmState;
  /** Slurm's code for why, as squeue or sacct shows it. */
  readonly reason?: string;
  /** How its batch script ended. */
  readonly exit?: ExitStatus;
}

/** Reasons that tell why a job failed; others are left over from when it waited. */
const telling = new Set([
  "BadConstraints",
  "BurstBufferOperation",
  "InactiveLimit",
  "InvalidAccount",
  "InvalidQOS",
  "JobLaunchFailure",
  "NodeDown",
  "SystemFailure",
]);

/**
 * Why the job ended as it did: by its exit code or signal where that tells more than its state.
 *
 * Until 22.05 at least, Slurm gives `JobLaunchFailure` for a script that a signal ended, so a signal
 * counts for more than that reason.
 */
export function explainEnd(ending: Ending): Reason {
  const { state, reason, exit } = ending;
  if (state !== "FAILED") return explainFinalState(state);
  if (exit?.signal !== undefined) {
    return { code: "RaisedSignal", text: `The job was ended by ${signalName(exit.signal)}.` };
  }
  if (reason !== undefined && telling.has(reason)) {
    return explainReason(reason) ?? explainFinalState(state);
  }
  if (exit !== undefined && exit.exitCode !== 0) {
    return { code: "NonZeroExitCode", text: `The job ended with exit code ${exit.exitCode}.` };
  }
  return explainFinalState(state);
}

const signals: ReadonlyMap<number, string> = new Map([
  [1, "SIGHUP"],
  [2, "SIGINT"],
  [3, "SIGQUIT"],
  [4, "SIGILL"],
  [6, "SIGABRT"],
  [7, "SIGBUS"],
  [8, "SIGFPE"],
  [9, "SIGKILL"],
  [10, "SIGUSR1"],
  [11, "SIGSEGV"],
  [12, "SIGUSR2"],
  [13, "SIGPIPE"],
  [14, "SIGALRM"],
  [15, "SIGTERM"],
  [24, "SIGXCPU"],
  [25, "SIGXFSZ"],
]);

function signalName(signal: number): string {
  const name = signals.get(signal);
  return name === undefined ? `signal ${signal}` : `signal ${signal} (${name})`;
}

/** What the state in which a job ended means; of a job that has not ended, what it does. */
export function explainFinalState(state: SlurmState): Reason {
  return { code: state, text: stateText(state) };
}

function stateText(state: SlurmState): string {
  switch (state) {
    case "BOOT_FAIL":
      return "A node could not be started for the job.";
    case "CANCELLED":
      return "The job was cancelled.";
    case "COMPLETED":
      return "The job ended with exit code 0.";
    case "DEADLINE":
      return "The job could not end before its deadline.";
    case "FAILED":
      return "The job ended with an exit code other than 0, or by a signal.";
    case "NODE_FAIL":
      return "A node of the job failed.";
    case "OUT_OF_MEMORY":
      return "The job used more memory than it asked for.";
    case "PREEMPTED":
      return "The job was ended to make room for one of higher priority.";
    case "REVOKED":
      return "Another cluster of the federation took the job.";
    case "TIMEOUT":
      return "The job reached its time limit.";
    case "PENDING":
      return "The job waits to start.";
    case "CONFIGURING":
    case "POWER_UP_NODE":
      return "The job's nodes are being made ready.";
    case "EXPEDITING":
    case "REQUEUED":
    case "REQUEUE_FED":
      return "The job was put back into the queue.";
    case "LAUNCH_FAILED":
    case "RECONFIG_FAIL":
      return "The job could not be started and is put back into the queue.";
    case "REQUEUE_HOLD":
      return "The job was put back into the queue and is held.";
    case "RESV_DEL_HOLD":
      return "The job's reservation was deleted; the job is held.";
    case "SPECIAL_EXIT":
      return "The job was put back by the site's rules and is held until someone looks at it.";
    case "COMPLETING":
      return "The job is ending; some of its processes may still be at work.";
    case "RESIZING":
      return "The job is changing its size.";
    case "RUNNING":
    case "UPDATE_DB":
      return "The job runs.";
    case "SIGNALING":
      return "The job is being sent a signal.";
    case "STAGE_OUT":
      return "The job's files are being copied back.";
    case "STOPPED":
      return "The job is stopped but keeps its processors.";
    case "SUSPENDED":
      return "The job is suspended and has given up its processors for now.";
  }
}
