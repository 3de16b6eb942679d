/**
 * Everything that stands for the whole run: the cluster, the proxies, the server, and a client that
 * follows all events from the first to the last.
 *
 * @module
 */

import type { SluiceClient } from "@sluice/sluice/client";
import { createSluiceClient, jobEvents } from "@sluice/sluice/client";
import type { JobEvent } from "../../model/mod.ts";
import type { Progress, TestbedFacts } from "../testbed/mod.ts";
import { lastingPort } from "../../rpc/testing/mod.ts";
import { bringUp, layoutFromEnvironment, onCluster, testbedStatus } from "../testbed/mod.ts";
import { ClusterSide } from "./cluster_side.ts";
import { DataDisk } from "./data_disk.ts";
import { Reading } from "./feed.ts";
import { Server } from "./server.ts";
import type { Lane } from "./through_proxies.ts";
import { knownHostsOf, laneConfig, startLanes } from "./through_proxies.ts";
import { until } from "./waiting.ts";

/** Clusters beside the one on the small disk; as many submissions can be cut at the same time. */
const LANES = 6;

/** What a run needs from whoever starts it. */
export interface WorldSettings {
  /** A directory of this machine for the server's files. It is there already. */
  readonly directory: string;
  /** Told what goes on, and what is wrong. */
  readonly progress: Progress;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** See the module. */
export class World implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    readonly settings: WorldSettings,
    /** The cluster itself. */
    readonly cluster: ClusterSide,
    /** The clusters of the configuration but the one on the small disk. */
    readonly lanes: readonly Lane[],
    /** The cluster on the small disk. */
    readonly small: Lane,
    /** The disk of the data directory. */
    readonly disk: DataDisk,
    /** Sluice. */
    readonly server: Server,
    /** Where it listens. */
    readonly url: string,
    /** The client that all calls are made by. */
    readonly client: SluiceClient,
    /** The feed of all events, open all along. */
    readonly events: Reading<JobEvent>,
  ) {
    this.#stack = stack;
  }

  /** Brings everything up. */
  static async open(settings: WorldSettings): Promise<World> {
    const { directory, progress } = settings;
    await using stack = new AsyncDisposableStack();
    const facts = await bringUp(layoutFromEnvironment(), progress);
    const cluster = stack.use(await ClusterSide.open(facts));
    const lanes = startLanes(
      facts,
      ["small", ...Array.from({ length: LANES }, (_, index) => `lane${index}`)],
    );
    for (const { proxy } of lanes) stack.use(proxy);
    const [small, ...others] = lanes;
    if (small === undefined) throw new Error("no lanes");
    const disk = stack.use(await DataDisk.mount(`${directory}/data`));
    const { url, token } = await configure(directory, disk.path, cluster, lanes, facts);
    const server = stack.use(
      new Server({
        config: `${directory}/sluice.yaml`,
        dataDirectory: disk.path,
        log: `${directory}/server.log`,
        complain: progress,
      }),
    );
    server.start();
    await server.listening();
    const client = createSluiceClient({ url, token });
    const events = stack.use(new Reading((signal) => jobEvents(client, {}, { signal })));
    return new World(
      stack.move(),
      settings,
      cluster,
      others,
      small,
      disk,
      server,
      url,
      client,
      events,
    );
  }

  /** Every proxy. */
  get allLanes(): readonly Lane[] {
    return [this.small, ...this.lanes];
  }

  /** Connections that were cut so far. */
  get cuts(): number {
    return this.allLanes.reduce((sum, { proxy }) => sum + proxy.cuts, 0);
  }

  /** Waits until the cluster is whole and the server listens; repairs what does not mend by itself. */
  async settle(): Promise<void> {
    const { signal, progress } = this.settings;
    const layout = layoutFromEnvironment();
    const whole = await until(async () => (await testbedStatus(layout)).state === "up", {
      signal,
      deadlineMs: 60_000,
      everyMs: 500,
    });
    if (!whole) await bringUp(layout, progress);
    await this.server.listening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#stack.disposeAsync();
    } finally {
      // Whatever was at work when the run was interrupted.
      const layout = layoutFromEnvironment();
      if ((await testbedStatus(layout)).state === "broken") {
        await bringUp(layout, this.settings.progress);
      }
    }
  }
}

async function configure(
  directory: string,
  dataDirectory: string,
  cluster: ClusterSide,
  lanes: readonly Lane[],
  facts: TestbedFacts,
): Promise<{ readonly url: string; readonly token: string }> {
  const knownHosts = `${directory}/known_hosts`;
  const { stdout } = await onCluster(["cat", facts.knownHosts], { root: true });
  await Deno.writeTextFile(knownHosts, knownHostsOf(lanes, facts, stdout));
  const token = crypto.randomUUID();
  // The server keeps it over its restarts.
  const port = lastingPort();
  const remote = (name: string) => name === "small" ? cluster.small : `${cluster.root}/${name}`;
  const config = {
    server: { port, token },
    dataDirectory,
    clusters: Object.fromEntries(lanes.map((lane) => [
      lane.cluster,
      laneConfig(lane, { facts, knownHosts, remoteDirectory: remote(lane.cluster) }),
    ])),
  };
  // JSON is YAML.
  await Deno.writeTextFile(`${directory}/sluice.yaml`, JSON.stringify(config, null, 2));
  return { url: `http://127.0.0.1:${port}`, token };
}
