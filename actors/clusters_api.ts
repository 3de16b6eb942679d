/**
 * What Sluice does with clusters.
 *
 * @module
 */

import type { ClusterConfig, ClusterName, ClusterProbe, ClusterView } from "../model/mod.ts";
import type { JobPlanner } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import type { ClustersApi } from "./api.ts";
import { clusterAddress, UnknownClusterError } from "./cluster/mod.ts";
import type { ClusterMessage, ClusterStatus } from "./cluster/mod.ts";
import type { ActorRef, Reply } from "./kernel/mod.ts";

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

/** How the cluster and the actors below it stand. */
export function clusterStatus(handle: ClusterHandle): Promise<ClusterStatus> {
  return handle.ref.ask((reply: Reply<ClusterStatus>) => ({ type: "status", reply }));
}

/** The part of Sluice that deals with clusters. */
export function clustersApi(handles: ClusterHandles, journal: Journal): ClustersApi {
  const view = async (handle: ClusterHandle): Promise<ClusterView> => {
    const { link, poller, liveJobs } = await clusterStatus(handle);
    return {
      name: handle.name,
      type: handle.config.type,
      host: clusterAddress(handle.config),
      link,
      liveJobs,
      lastPollAt: poller.lastPollAt,
      pollIntervalMs: poller.intervalMs,
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
    events(filter, options) {
      if (filter.cluster !== undefined) clusterOf(handles, filter.cluster);
      return journal.clusterFeed(filter, options);
    },
  };
}
