/**
 * Errors about clusters.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import type { ClusterName, ErrorInfo, JobId } from "../../model/mod.ts";

/** Raised for a cluster that the configuration does not have. */
export class UnknownClusterError extends SluiceError {
  override readonly name: string = "UnknownClusterError";

  /** Names the cluster and those that there are. */
  constructor(cluster: string, known: readonly string[]) {
    super({
      code: "CLUSTER_NOT_FOUND",
      message: `There is no cluster '${cluster}'.`,
      next: known.length === 0
        ? "Add a cluster to sluice.yaml, or set SLURM_SSH_HOST."
        : `Name one of: ${known.join(", ")}.`,
    });
  }
}

/** Raised when something can only be learned from the cluster and there is no connection to it. */
export class ClusterUnreachableError extends SluiceError {
  override readonly name: string = "ClusterUnreachableError";

  /** Names the cluster and its last trouble. */
  constructor(cluster: ClusterName, trouble: ErrorInfo | undefined) {
    super({
      code: "CLUSTER_UNREACHABLE",
      message: `There is no connection to cluster '${cluster}'${
        trouble === undefined ? "." : `: ${trouble.message}`
      }`,
      next: trouble?.next ?? "It is being connected: try again in a moment.",
      retryable: trouble?.retryable ?? true,
    });
  }
}

/** Raised when the output of a job is wanted whose directory on the cluster was, or is being, removed. */
export class OutputRemovedError extends SluiceError {
  override readonly name: string = "OutputRemovedError";

  /** Names the job. */
  constructor(jobId: JobId) {
    super({
      code: "OUTPUT_REMOVED",
      message: `The files of job ${jobId} on the cluster have been removed.`,
      next:
        "Its events and its result are kept. To keep files longer, set `cleanup` of the cluster in sluice.yaml.",
    });
  }
}

/** Raised when the actor of a cluster has failed and is not back yet. */
export class ClusterRestartingError extends SluiceError {
  override readonly name: string = "ClusterRestartingError";

  /** Names the cluster. */
  constructor(cluster: ClusterName, cause?: unknown) {
    super({
      code: "CLUSTER_RESTARTING",
      message: `The part of Sluice that serves cluster '${cluster}' failed and is started again.`,
      next: "Try again in a minute. `clusters.events` and the server's log tell what failed.",
      retryable: true,
      cause,
    });
  }
}

/** Raised when a job does not take a request in time. */
export class JobBusyError extends SluiceError {
  override readonly name: string = "JobBusyError";

  /** Names the job. */
  constructor(jobId: JobId, cause?: unknown) {
    super({
      code: "JOB_BUSY",
      message:
        `Job ${jobId} did not take the request in time: the journal takes nothing, or what serves the job failed and is started again.`,
      next: "Ask again in a minute; a request that was taken after all counts once.",
      retryable: true,
      cause,
    });
  }
}

/** Raised when a job is asked for something that only its actor can do, which is left alone. */
export class JobIsolatedError extends SluiceError {
  override readonly name: string = "JobIsolatedError";

  /** Names the job and its cluster. */
  constructor(jobId: JobId, cluster: ClusterName) {
    super({
      code: "JOB_ISOLATED",
      message: `Job ${jobId} is left alone, since what serves it in Sluice failed again and again.`,
      next:
        `Take it up again with \`clusters.resume\` of '${cluster}', then ask again. What failed is in the cluster's events.`,
    });
  }
}
