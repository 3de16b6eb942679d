/**
 * Errors about sessions.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import type { ClusterName, JobId, SessionId, SessionName } from "../../model/mod.ts";

/** Raised for a session that there is not. */
export class UnknownSessionError extends SluiceError {
  override readonly name: string = "UnknownSessionError";

  /** Names it and, where a name was given, those that the configuration of the cluster has. */
  constructor(session: SessionId | SessionName, known?: readonly string[]) {
    super({
      code: "SESSION_NOT_FOUND",
      message: known === undefined
        ? `There is no session ${session}.`
        : `The configuration of the cluster has no session '${session}'.`,
      next: known === undefined || known.length === 0
        ? "List the sessions with `sluice session list` or `sessions.list`, or open one."
        : `Name one of: ${known.join(", ")}.`,
    });
  }
}

/** Raised when a session is to take a step, or to be renewed, that closes or has closed. */
export class SessionClosingError extends SluiceError {
  override readonly name: string = "SessionClosingError";

  /** Names the session. */
  constructor(session: SessionId) {
    super({
      code: "SESSION_CLOSING",
      message: `Session ${session} closes or has closed, and takes no more steps.`,
      next: "Open another with `sessions.open`, or name a session of the configuration.",
    });
  }
}

/** Raised when a job is to run as a step of a session of another cluster than its own. */
export class SessionElsewhereError extends SluiceError {
  override readonly name: string = "SessionElsewhereError";

  /** Names the session and both clusters. */
  constructor(session: SessionId, has: ClusterName, wants: ClusterName) {
    super({
      code: "SESSION_ELSEWHERE",
      message: `Session ${session} is one of cluster '${has}', the job one of '${wants}'.`,
      next: `Submit the job to cluster '${has}', or name another session.`,
    });
  }
}

/** Raised when a session is to be renewed that has no lease. */
export class NoLeaseError extends SluiceError {
  override readonly name: string = "NoLeaseError";

  /** Names the session. */
  constructor(session: SessionId) {
    super({
      code: "SESSION_WITHOUT_LEASE",
      message: `Session ${session} has no lease: it closes in other ways.`,
      next: "Leave the renewal out, or open sessions with `owner: { kind: lease, seconds }`.",
    });
  }
}

/** Raised when a session is to close with a job that has ended already. */
export class OwnerEndedError extends SluiceError {
  override readonly name: string = "OwnerEndedError";

  /** Names the job. */
  constructor(jobId: JobId) {
    super({
      code: "SESSION_OWNER_ENDED",
      message: `The session is to close with job ${jobId}, which has ended.`,
      next: "Name a job that lives as `owner`, or leave it out.",
    });
  }
}
