/**
 * A standing connection to a cluster, with the scheduler that works over it.
 *
 * @module
 */

import { RemoteEnvironments } from "../../environments/mod.ts";
import type { Environments } from "../../environments/mod.ts";
import { connectOpenSsh, connectSsh, openLocal } from "../../hosts/mod.ts";
import type { Host } from "../../hosts/mod.ts";
import type { CustomLaunchers } from "../../launchers/mod.ts";
import type { ClusterConfig } from "../../model/mod.ts";
import {
  ProcessPlanner,
  ProcessScheduler,
  remoteLayout,
  SlurmPlanner,
  SlurmScheduler,
} from "../../schedulers/mod.ts";
import type { JobPlanner, Scheduler } from "../../schedulers/mod.ts";
import { RemoteFiles } from "../../transfers/mod.ts";
import type { ClusterFiles } from "../../transfers/mod.ts";

/** A standing connection to a cluster. */
export interface Connection {
  /** The machine that is reached. */
  readonly host: Host;
  /** What runs the jobs there. */
  readonly scheduler: Scheduler;
  /** Where files lie, with the home directory filled in. */
  readonly planner: JobPlanner;
  /** The environments that were sent there. */
  readonly environments: Environments;
  /** The files that jobs take in and bring out there. */
  readonly files: ClusterFiles;
}

/** Makes a connection, or rejects with the reason why there is none. */
export type Connect = (signal: AbortSignal) => Promise<Connection>;

/** What plans a cluster's jobs below a directory, and what runs them once there is a host. */
interface Work {
  readonly planner: JobPlanner;
  readonly schedulerOn: (host: Host) => Scheduler;
}

function workBelow(
  root: string,
  config: ClusterConfig,
  serverId: string,
  launchers: CustomLaunchers | undefined,
): Work {
  const layout = remoteLayout(root, serverId);
  switch (config.type) {
    case "slurm": {
      const planner = new SlurmPlanner({
        layout,
        serverId,
        defaults: config.defaults,
        partitions: config.partitions,
        ...(launchers === undefined ? {} : { launchers }),
      });
      const { atOnce } = config.submissions;
      return {
        planner,
        schedulerOn: (host) => new SlurmScheduler(host, layout, planner, { atOnce }),
      };
    }
    case "local": {
      const planner = new ProcessPlanner(layout, serverId, {
        resources: config.resources,
        ...(launchers === undefined ? {} : { launchers }),
      });
      return { planner, schedulerOn: (host) => new ProcessScheduler(host, layout, planner) };
    }
  }
}

/**
 * What plans the jobs of a cluster while there is no connection to it.
 *
 * @param serverId Tells this server's spool on the cluster from those of others.
 * @param launchers Launchers of the user's own. Default: none.
 */
export function plannerOf(
  config: ClusterConfig,
  serverId: string,
  launchers?: CustomLaunchers,
): JobPlanner {
  return workBelow(config.remoteDirectory, config, serverId, launchers).planner;
}

/** The directory with the remote home directory in the place of a leading `~`. */
async function resolveHome(host: Host, directory: string, signal: AbortSignal): Promise<string> {
  if (directory !== "~" && !directory.startsWith("~/")) return directory;
  const { stdout } = await host.run(`printf %s "$HOME"`, { signal });
  return new TextDecoder().decode(stdout) + directory.slice(1);
}

function openHost(config: ClusterConfig, signal: AbortSignal): Promise<Host> {
  if (config.type === "local") return openLocal(config);
  return config.transport === "openssh"
    ? connectOpenSsh(config, { signal })
    : connectSsh(config, { signal });
}

/**
 * How to connect to a cluster.
 *
 * @param serverId Tells this server's spool on the cluster from those of others.
 * @param launchers Launchers of the user's own. Default: none.
 */
export function connector(
  config: ClusterConfig,
  serverId: string,
  launchers?: CustomLaunchers,
): Connect {
  return async (signal) => {
    const host = await openHost(config, signal);
    try {
      const root = await resolveHome(host, config.remoteDirectory, signal);
      const { planner, schedulerOn } = workBelow(root, config, serverId, launchers);
      const environments = new RemoteEnvironments(host, root, serverId);
      const files = new RemoteFiles(host, root);
      return { host, planner, environments, files, scheduler: schedulerOn(host) };
    } catch (error) {
      await host.close();
      throw error;
    }
  };
}

/** Where the cluster is, for people. */
export function clusterAddress(config: ClusterConfig): string {
  if (config.type === "local") return "local";
  const user = config.user === undefined ? "" : `${config.user}@`;
  const port = config.port === undefined ? "" : `:${config.port}`;
  return `${user}${config.host}${port}`;
}
