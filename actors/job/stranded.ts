/**
 * Steps whose session, or whose Ray or Spark cluster there, is not to be had. Pure.
 *
 * A step that runs on a cluster which stands in its session is not handed over before that is: in the session it
 * waits for what the cluster leaves there, and one that never came there leaves nothing.
 *
 * @module
 */

import { allocationJob, errorInfo, isFinal } from "../../model/mod.ts";
import type { ErrorInfo, JobId, JobSummary, JobView } from "../../model/mod.ts";
import { neverHeld } from "./allocation.ts";
import { ClusterNeverStoodError, SessionFailedError } from "./errors.ts";

/** How a job stands; `undefined` where there is none of that id. */
type Look = (jobId: JobId) => JobSummary | undefined;

/** Whether anything of the job has ever been with the scheduler. */
function wasHandedOver({ schedulerId, attempt }: JobSummary): boolean {
  return schedulerId !== undefined || attempt > 1;
}

/** The cluster that a step runs on, where neither of them has been handed over. */
function missingCluster({ standing, tries }: JobView, look: Look): JobSummary | undefined {
  if (standing === undefined || tries > 0) return undefined;
  const cluster = look(standing);
  return cluster === undefined || wasHandedOver(cluster) ? undefined : cluster;
}

/** Why a step never will have anything to run in or on, where that is so. */
export function strandedBy(view: JobView, look: Look): ErrorInfo | undefined {
  const { session } = view;
  const allocation = session === undefined ? undefined : look(allocationJob(session));
  if (allocation !== undefined && neverHeld(allocation)) {
    return errorInfo(new SessionFailedError(allocation));
  }
  const cluster = missingCluster(view, look);
  return cluster === undefined || !isFinal(cluster.phase)
    ? undefined
    : errorInfo(new ClusterNeverStoodError(cluster));
}

/** Whether a step waits for its cluster to be handed over before it. */
export function awaitsCluster(view: JobView, look: Look): boolean {
  const cluster = missingCluster(view, look);
  return cluster !== undefined && !isFinal(cluster.phase);
}
