/**
 * How clusters are spoken to.
 *
 * @module
 */

import type { ClusterConfig, ClusterName } from "../model/mod.ts";
import type { JobPlanner } from "../schedulers/mod.ts";
import { ClusterRestartingError, UnknownClusterError } from "./cluster/mod.ts";
import type { ClusterMessage, ClusterStatus } from "./cluster/mod.ts";
import { ActorError } from "./kernel/mod.ts";
import type { ActorRef, AskOptions, Reply } from "./kernel/mod.ts";

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

/**
 * Asks a cluster.
 *
 * @throws {ClusterRestartingError} Its actor, or one below it, failed, and is started again.
 */
export async function askCluster<Answer>(
  { name, ref }: ClusterHandle,
  build: (reply: Reply<Answer>) => ClusterMessage,
  options: AskOptions,
): Promise<Answer> {
  try {
    return await ref.ask<Answer>(build, options);
  } catch (error) {
    throw error instanceof ActorError ? new ClusterRestartingError(name, error) : error;
  }
}

/** How long a cluster may take to say how it stands, in ms: something of it may be on its way back. */
const STATUS_TIMEOUT_MS = 12_000;

/**
 * How the cluster and the actors below it stand.
 *
 * @throws {ClusterRestartingError} Its actor has failed and is not back yet.
 */
export function clusterStatus(handle: ClusterHandle): Promise<ClusterStatus> {
  return askCluster(
    handle,
    (reply) => ({ type: "status", reply }),
    { timeoutMs: STATUS_TIMEOUT_MS },
  );
}
