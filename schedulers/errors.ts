/**
 * Errors of schedulers.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import type { SessionId } from "../model/mod.ts";

/** Raised when the scheduler's own commands fail, so that nothing can be said of its jobs. */
export class SchedulerUnavailableError extends SluiceError {
  override readonly name: string = "SchedulerUnavailableError";

  /**
   * @param command The command that failed.
   * @param words What it printed.
   */
  constructor(command: string, words: string, cause?: unknown) {
    super({
      code: "SCHEDULER_UNAVAILABLE",
      message: `${command} failed: ${words.trim() || "it said nothing"}`,
      next: "Nothing is lost: it is tried again. If it lasts, ask the cluster's administrators.",
      retryable: true,
      cause,
    });
  }
}

/** Raised when a job's directory cannot be written on the cluster. */
export class DirectoryUnwritableError extends SluiceError {
  override readonly name: string = "DirectoryUnwritableError";

  /**
   * @param directory The job's directory.
   * @param space The line that `df -Pk` printed for it.
   */
  constructor(directory: string, space: string) {
    const available = /^\S+\s+\d+\s+\d+\s+(\d+)\s/.exec(space)?.[1];
    const full = available !== undefined && Number(available) < 1024;
    super({
      code: full ? "DISK_FULL" : "DIRECTORY_UNWRITABLE",
      message: full
        ? `The disk that holds ${directory} is full: ${available} KiB are free.`
        : `${directory} cannot be written. df says: ${space.trim()}`,
      next: full
        ? `Free space there, or set the cluster's remoteDirectory to another disk. The job is sent once there is space.`
        : `Check the permissions and the quota there, or set the cluster's remoteDirectory elsewhere.`,
      retryable: true,
    });
  }
}

/** Raised when a job's directory, or something in it, cannot be removed from the cluster. */
export class DirectoryNotRemovedError extends SluiceError {
  override readonly name: string = "DirectoryNotRemovedError";

  /** @param words What rm(1) printed. */
  constructor(words: string) {
    super({
      code: "DIRECTORY_NOT_REMOVED",
      message: `Files of jobs could not be removed: ${words.trim() || "rm said nothing"}`,
      next: "Check the permissions there. It is tried again.",
      retryable: true,
    });
  }
}

/** Raised when it is not yet known whether a submission got through. */
export class SubmissionUnclearError extends SluiceError {
  override readonly name: string = "SubmissionUnclearError";

  /** Says what is known. */
  constructor(words: string, cause?: unknown) {
    super({
      code: "SUBMISSION_UNCLEAR",
      message: `It is not known yet whether the scheduler took the job: ${words}`,
      next: "Nothing to do: the job is looked for before it is sent again, so it runs once.",
      retryable: true,
      cause,
    });
  }
}

/** Raised for a step of a session that takes no more. */
export class SessionClosedError extends SluiceError {
  override readonly name: string = "SessionClosedError";

  /**
   * @param sessionId The session.
   * @param why Why it has closed, where that is known.
   */
  constructor(sessionId: SessionId, why?: string) {
    super({
      code: "SESSION_CLOSED",
      message: `The session ${sessionId} takes no more steps${why ? ` (${why})` : ""}.`,
      next:
        "Open another session, or submit a job of its own. One of the configuration is opened anew " +
        "by the next job that names it: submit the job again.",
    });
  }
}

/** Raised for a request that the kind of cluster cannot fulfil. */
export class UnsupportedRequestError extends SluiceError {
  override readonly name: string = "UnsupportedRequestError";

  /**
   * @param what The part of the spec.
   * @param next What to do instead.
   */
  constructor(what: string, next: string) {
    super({
      code: "UNSUPPORTED_REQUEST",
      message: `${what} is not possible on this cluster.`,
      next,
    });
  }
}
