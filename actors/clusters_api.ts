/**
 * What Sluice does with clusters.
 *
 * @module
 */

import { errorInfo, isFinal } from "../model/mod.ts";
import type { ClusterProbe, ClusterView } from "../model/mod.ts";
import type { Journal } from "../store/mod.ts";
import type { ClustersApi } from "./api.ts";
import { clusterAddress, ClusterRestartingError } from "./cluster/mod.ts";
import { askCluster, clusterOf, clusterStatus } from "./cluster_handles.ts";
import type { ClusterHandle, ClusterHandles } from "./cluster_handles.ts";
import type { Clock } from "./kernel/mod.ts";

/** A probe connects first where it must, in ms. */
const PROBE_TIMEOUT_MS = 60_000;

/** The part of Sluice that deals with clusters. */
export function clustersApi(
  handles: ClusterHandles,
  journal: Journal,
  clock: Clock,
): ClustersApi {
  const known = ({ name, config }: ClusterHandle) => ({
    name,
    type: config.type,
    host: clusterAddress(config),
  });

  const view = async (handle: ClusterHandle): Promise<ClusterView> => {
    try {
      const { link, poller, submissions, jobs } = await clusterStatus(handle);
      return {
        ...known(handle),
        link,
        submissions,
        liveJobs: jobs.live,
        isolatedJobs: [...jobs.isolated],
        lastPollAt: poller.lastPollAt,
        pollIntervalMs: poller.intervalMs,
      };
    } catch (error) {
      if (error instanceof ClusterRestartingError) return viewOfFailed(handle, error);
      throw error;
    }
  };

  /** A cluster whose actor has failed has no connection, and hands nothing over until it is back. */
  const viewOfFailed = (handle: ClusterHandle, failure: ClusterRestartingError): ClusterView => {
    const error = errorInfo(failure);
    const now = clock.now();
    let liveJobs = 0;
    for (const [phase, count] of journal.counts().get(handle.name) ?? []) {
      if (!isFinal(phase)) liveJobs += count;
    }
    return {
      ...known(handle),
      link: { status: "lost", since: now, retryAt: now, attempts: 0, error },
      submissions: { status: "paused", waiting: 0, since: now, retryAt: now, error },
      liveJobs,
      isolatedJobs: [],
    };
  };

  return {
    list: () => Promise.all([...handles.values()].map(view)),
    get: (name) => Promise.try(() => view(clusterOf(handles, name))),
    async probe(name) {
      const answer = await askCluster<Omit<ClusterProbe, "name">>(
        clusterOf(handles, name),
        (reply) => ({ type: "probe", reply }),
        { timeoutMs: PROBE_TIMEOUT_MS },
      );
      return { ...answer, name };
    },
    async resume(name) {
      const handle = clusterOf(handles, name);
      handle.ref.tell({ type: "resume" });
      return await view(handle);
    },
    events(filter, options) {
      if (filter.cluster !== undefined) clusterOf(handles, filter.cluster);
      return journal.clusterFeed(filter, options);
    },
  };
}
