/**
 * Errors about clusters.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";
import type { ClusterName, ErrorInfo } from "../../model/mod.ts";

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
