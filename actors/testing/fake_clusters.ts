/**
 * Clusters that are reached over connections in memory, with the real actors behind the real API.
 *
 * @module
 */

import { clusterConfigSchema } from "../../model/mod.ts";
import type { ClusterName } from "../../model/mod.ts";
import type { Journal } from "../../store/mod.ts";
import { LocalFiles } from "../../transfers/mod.ts";
import type { JobsApi } from "../api.ts";
import { clusterActor, clusterSpawnOptions } from "../cluster/mod.ts";
import type { ClusterMessage } from "../cluster/mod.ts";
import type { ClusterHandle } from "../cluster_handles.ts";
import { Acceptance } from "../acceptance.ts";
import { jobsApi } from "../jobs_api.ts";
import { systemClock } from "../kernel/mod.ts";
import type { ActorSystem } from "../kernel/mod.ts";
import { FakeArchives } from "./fake_archives.ts";
import type { FakeConnection } from "./fake_connection.ts";

/**
 * Starts the actors of clusters, each over its connection, and gives what the jobs of all of them are seen
 * through.
 *
 * @param pollMs The wait between polls, in ms.
 */
export function startFakeClusters(
  system: ActorSystem,
  journal: Journal,
  connections: ReadonlyMap<ClusterName, FakeConnection>,
  pollMs: number,
): JobsApi {
  const environments = new FakeArchives();
  const handles = new Map<ClusterName, ClusterHandle>();
  for (const [name, connection] of connections) {
    const ref = system.spawn<ClusterMessage, unknown>(
      `cluster:${name}`,
      clusterActor({
        name,
        connect: () => Promise.resolve(connection),
        journal,
        environments,
        files: new LocalFiles(),
        poll: { minMs: pollMs, maxMs: pollMs },
      }),
      clusterSpawnOptions,
    );
    const config = clusterConfigSchema.parse({ type: "local" });
    handles.set(name, { name, config, planner: connection.planner, ref });
  }
  const acceptance = new Acceptance(handles, journal, systemClock);
  return jobsApi(handles, journal, acceptance, environments);
}
