/**
 * Errors about jobs.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import type { JobId, JobPhase, JobSummary } from "../../model/mod.ts";

/** Raised for a job that the journal does not know. */
export class UnknownJobError extends SluiceError {
  override readonly name: string = "UnknownJobError";

  /** Names the job. */
  constructor(jobId: JobId) {
    super({
      code: "JOB_NOT_FOUND",
      message: `There is no job ${jobId}.`,
      next: "List the jobs with `sluice jobs` or `jobs.list`.",
    });
  }
}

/** Raised when something is asked of a job that only one that has ended can tell. */
export class JobNotEndedError extends SluiceError {
  override readonly name: string = "JobNotEndedError";

  /** Names the job and where it stands. */
  constructor(jobId: JobId, phase: JobPhase) {
    super({
      code: "JOB_NOT_ENDED",
      message: `Job ${jobId} has not ended: it is ${phase}.`,
      next: "Wait for it with `jobs.wait`, then ask again.",
      retryable: true,
    });
  }
}

/** Raised when a task is named that the job does not have, or none where one is needed. */
export class TaskError extends SluiceError {
  override readonly name: string = "TaskError";

  /** Names the job and says which tasks it has. */
  constructor(jobId: JobId, task: number | undefined, tasks: readonly number[] | undefined) {
    const shown = tasks?.slice(0, 5).join(", ");
    super({
      code: "TASK_NOT_FOUND",
      message: tasks === undefined
        ? `Job ${jobId} is no array, so it has no task ${task}.`
        : task === undefined
        ? `Job ${jobId} is an array: each of its tasks has an output of its own.`
        : `Job ${jobId} has no task ${task}.`,
      next: tasks === undefined
        ? "Leave `task` out."
        : `Name one of its tasks in \`task\`: ${shown}${tasks.length > 5 ? ", …" : ""}.`,
    });
  }
}

/** Raised for a step of a session that never got a place in the queue. */
export class SessionFailedError extends SluiceError {
  override readonly name: string = "SessionFailedError";

  /** Says what became of the job that was to hold the session's nodes. */
  constructor({ id, error, reason }: Pick<JobSummary, "id" | "error" | "reason">) {
    super({
      code: "SESSION_FAILED",
      message: `Session ${id} never got into the queue: ${
        error?.message ?? reason?.text ?? "it was closed before."
      }`,
      next: error?.next ?? "Open another session, and submit the job to that.",
    });
  }
}

/** Raised for a step on a Ray or Spark cluster that never came into their session. */
export class ClusterNeverStoodError extends SluiceError {
  override readonly name: string = "ClusterNeverStoodError";

  /** Says what became of the job that was to be the cluster. */
  constructor({ id, error, reason }: Pick<JobSummary, "id" | "error" | "reason">) {
    super({
      code: "STANDING_CLUSTER_FAILED",
      message: `The cluster that the job was to run on, job ${id}, never came into the session: ${
        error?.message ?? reason?.text ?? "it was ended before."
      }`,
      next: error?.next ?? "Submit the job again: it takes another cluster, or has one stand.",
    });
  }
}
