/**
 * What Sluice does with clusters.
 *
 * @module
 */

import { errorInfo, isFinal } from "../model/mod.ts";
import type { ClusterConfig, ClusterName, ClusterProbe, ClusterView } from "../model/mod.ts";
import type { JobPlanner } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import type { ClustersApi } from "./api.ts";
import { clusterAddress, ClusterRestartingError, UnknownClusterError } from "./cluster/mod.ts";
import type { ClusterMessage, ClusterStatus } from "./cluster/mod.ts";
import { ActorError } from "./kernel/mod.ts";
import type { ActorRef, Clock, Reply } from "./kernel/mod.ts";

/** A cluster with what is needed to speak to it. */
export interface ClusterHandle {
  /** Its name. */
  readonly name: ClusterName;
  /** What the configuration says of it. */
  readonly config: ClusterConfig;
  /** Plans jobs without a connection. */
  readonly planner: JobPlanner;
  /** Its actor. */
  readonly ref: ActorRef<ClusterMessage>;
}

/** All clusters by name. */
export type ClusterHandles = ReadonlyMap<ClusterName, ClusterHandle>;

/** A probe connects first where it must, in ms. */
const PROBE_TIMEOUT_MS = 60_000;

/**
 * The cluster of that name.
 *
 * @throws {UnknownClusterError} The configuration has none.
 */
export function clusterOf(handles: ClusterHandles, name: ClusterName): ClusterHandle {
  const handle = handles.get(name);
  if (handle === undefined) throw new UnknownClusterError(name, [...handles.keys()]);
  return handle;
}

/** How long a cluster may take to say how it stands, in ms: something of it may be on its way back. */
const STATUS_TIMEOUT_MS = 12_000;

/**
 * How the cluster and the actors below it stand.
 *
 * @throws {ClusterRestartingError} Its actor has failed and is not back yet.
 */
export async function clusterStatus({ name, ref }: ClusterHandle): Promise<ClusterStatus> {
  try {
    return await ref.ask(
      (reply: Reply<ClusterStatus>) => ({ type: "status", reply }),
      { timeoutMs: STATUS_TIMEOUT_MS },
    );
  } catch (error) {
    throw error instanceof ActorError ? new ClusterRestartingError(name, error) : error;
  }
}

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
      const { ref } = clusterOf(handles, name);
      const answer = await ref.ask(
        (reply: Reply<Omit<ClusterProbe, "name">>) => ({ type: "probe", reply }),
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
