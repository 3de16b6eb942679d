/**
 * Sluice as a whole: the journal, the tree of actors, and what they do for callers.
 *
 * @module
 */

import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { LocalEnvironments } from "../environments/mod.ts";
import { callFunction } from "../functions/mod.ts";
import type { RemoteFunction, RunOptions } from "../functions/mod.ts";
import type { CustomLaunchers, Launcher } from "../launchers/mod.ts";
import { clusterNameSchema } from "../model/mod.ts";
import type { ClusterConfig, ClusterName } from "../model/mod.ts";
import { Journal } from "../store/mod.ts";
import { LocalFiles } from "../transfers/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { ClustersApi, JobsApi, SessionsApi, SluiceApi, SystemApi } from "./api.ts";
import { clusterActor, clusterSpawnOptions, connector, plannerOf } from "./cluster/mod.ts";
import type { Retention } from "./cluster/mod.ts";
import { clustersApi } from "./clusters_api.ts";
import type { ClusterHandle } from "./cluster_handles.ts";
import { jobsApi } from "./jobs_api.ts";
import { ActorSystem, systemClock } from "./kernel/mod.ts";
import type { Clock } from "./kernel/mod.ts";
import { serverId } from "./server_id.ts";
import { sessionsApi } from "./sessions_api.ts";
import { systemApi } from "./system_api.ts";

const log = getLogger(["sluice"]);

/** What of the configuration Sluice itself needs; that of the server is the server's. */
export interface SluiceSettings {
  /** Directory of the journal. */
  readonly dataDirectory: string;
  /** Clusters by name. */
  readonly clusters: Readonly<Record<string, ClusterConfig>>;
}

/** How Sluice is opened. */
export interface OpenOptions {
  /** The configuration, as `loadConfig` returns it. */
  readonly config: SluiceSettings;
  /**
   * Launchers of the user's own, by the names that specs call them:
   * `launcher: { kind: "custom", name: "mine" }`. Default: none.
   */
  readonly launchers?: Readonly<Record<string, Launcher>>;
}

/** The kernel's clock in whole milliseconds: its readings become the times of events. */
const wholeMilliseconds: Clock = { ...systemClock, now: () => Math.round(systemClock.now()) };

/** How long the actors may take to stop, in ms. */
const STOP_DEADLINE_MS = 3_000;

/**
 * Sluice in this process: submits, follows and cancels jobs on the clusters of a configuration.
 *
 * Closing it ends the connections. Jobs on the clusters go on, and the next one that is opened on the same
 * data directory takes them up again.
 *
 * @example
 * ```ts
 * import { loadConfig, Sluice } from "@sluice/sluice";
 *
 * await using sluice = await Sluice.open({ config: await loadConfig() });
 * for (const cluster of await sluice.clusters.list()) console.log(cluster.name, cluster.link.status);
 * ```
 */
export class Sluice implements SluiceApi, AsyncDisposable {
  /** Clusters: where jobs run. */
  readonly clusters: ClustersApi;
  /** Jobs: submit, follow, cancel. */
  readonly jobs: JobsApi;
  /** Sessions: nodes that are held, and in which jobs run as steps. */
  readonly sessions: SessionsApi;
  /** Sluice itself. */
  readonly system: SystemApi;
  readonly #actors: ActorSystem;
  readonly #journal: Journal;
  #closing: Promise<void> | undefined;

  private constructor(
    actors: ActorSystem,
    journal: Journal,
    handles: ReadonlyMap<ClusterName, ClusterHandle>,
    environments: LocalEnvironments,
  ) {
    this.#actors = actors;
    this.#journal = journal;
    this.clusters = clustersApi(handles, journal, wholeMilliseconds);
    const acceptance = new Acceptance(handles, journal, wholeMilliseconds);
    this.jobs = jobsApi(handles, journal, acceptance, environments);
    this.sessions = sessionsApi(handles, journal, acceptance, wholeMilliseconds);
    this.system = systemApi(actors, journal, handles);
  }

  /**
   * Opens the journal, takes up every job that has not ended, and begins to connect to the clusters. It
   * does not wait for the connections.
   *
   * @throws {SluiceError} The journal cannot be opened, or another Sluice has it open.
   */
  static async open({ config, launchers = {} }: OpenOptions): Promise<Sluice> {
    await Deno.mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
    const id = await serverId(config.dataDirectory);
    const journal = Journal.open({ path: join(config.dataDirectory, "journal.db") });
    if (journal.setAside !== undefined) {
      log.warn("the end of the journal was {kind} and is set aside in {file}", {
        ...journal.setAside,
      });
    }
    const actors = new ActorSystem({
      clock: wholeMilliseconds,
      stopDeadlineMs: STOP_DEADLINE_MS,
      // A cluster that fails is started anew however often it does, since the others must go on.
      supervision: { restarts: Infinity },
      onFault: ({ type, error }) => log.fatal("{type}: {error}", { type, error }),
    });
    const environments = new LocalEnvironments(join(config.dataDirectory, "environments"));
    const files = new LocalFiles();
    const custom: CustomLaunchers = new Map(Object.entries(launchers));
    const handles = new Map<ClusterName, ClusterHandle>();
    for (const [name, cluster] of clusterEntries(config)) {
      const planner = plannerOf(cluster, id, custom);
      const ref = actors.spawn(
        `cluster:${name}`,
        clusterActor({
          name,
          connect: connector(cluster, id, custom),
          journal,
          environments,
          files,
          ...partitionOf(cluster),
          poll: {
            minMs: cluster.poll.minSeconds * 1000,
            maxMs: cluster.poll.maxSeconds * 1000,
          },
          ...rateOf(cluster),
          ...retentionOf(cluster),
        }),
        clusterSpawnOptions,
      );
      handles.set(name, { name, config: cluster, planner, ref });
    }
    return new Sluice(actors, journal, handles, environments);
  }

  /**
   * Calls a function of Python or TypeScript as a job, and gives what it returned.
   *
   * @param called The function: `pythonFunction({ file: "tides.py", name: "fit" })`.
   * @param words Its arguments, in order: any JSON.
   * @param options Where it runs and with what, as in the spec of a job; what its value must be; a signal that
   * cancels the job.
   * @throws {SluiceError} The spec is refused, or there is no value: a `FunctionError` says why, such as a
   * `RemoteFunctionError` for an exception.
   *
   * @example
   * ```ts
   * import { loadConfig, pythonFunction, Sluice } from "@sluice/sluice";
   * import { z } from "zod";
   *
   * await using sluice = await Sluice.open({ config: await loadConfig() });
   * const add = pythonFunction({ text: "def add(a, b): return a + b\n", name: "add" });
   * const sum: number = await sluice.run(add, [1, 2], { cluster: "dev", result: z.number() });
   * ```
   */
  run<Arguments extends readonly unknown[], Value, T = Value>(
    called: RemoteFunction<Arguments, Value>,
    words: Arguments,
    options: RunOptions<T>,
  ): Promise<T> {
    const { jobs } = this;
    return callFunction<Arguments, Value, T>(
      {
        submit: (spec) => jobs.submit(spec),
        returned: (id, signal) => jobs.returned(id, signal === undefined ? {} : { signal }),
        cancel: (id) => jobs.cancel(id),
        readFile: (path) => Deno.readTextFile(path),
      },
      called,
      words,
      options,
    );
  }

  /** Stops the actors, closes the connections and the journal. Jobs go on. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#actors.stop({ deadlineMs: STOP_DEADLINE_MS });
      this.#journal.close();
    })();
    return this.#closing;
  }

  /** See {@linkcode Sluice.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** How many jobs may be handed over in a second; absent where there is no limit. */
function rateOf(cluster: ClusterConfig): { readonly perSecond?: number } {
  const perSecond = cluster.type === "slurm" ? cluster.submissions.perSecond : undefined;
  return perSecond === undefined ? {} : { perSecond };
}

/** The partition of jobs that name none; absent where the cluster has its own. */
function partitionOf({ defaults: { partition } }: ClusterConfig): {
  readonly defaultPartition?: string;
} {
  return partition === undefined ? {} : { defaultPartition: partition };
}

const HOUR_MS = 3_600_000;

/** How long the files of ended jobs are kept; absent where they are kept for ever. */
function retentionOf({ cleanup }: ClusterConfig): { readonly retention?: Retention } {
  if (cleanup.debug) return {};
  return {
    retention: {
      successMs: cleanup.successHours * HOUR_MS,
      failureMs: cleanup.failureHours * HOUR_MS,
      environmentMs: cleanup.environmentHours * HOUR_MS,
      fileMs: cleanup.fileHours * HOUR_MS,
    },
  };
}

function clusterEntries(config: SluiceSettings): [ClusterName, ClusterConfig][] {
  return Object.entries(config.clusters).map(([name, cluster]) => [
    clusterNameSchema.parse(name),
    cluster,
  ]);
}
