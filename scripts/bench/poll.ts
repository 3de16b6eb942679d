import { ActorSystem } from "../../actors/kernel/mod.ts";
import { clusterActor, clusterSpawnOptions, connector } from "../../actors/cluster/mod.ts";
import type { ClusterMessage, ClusterStatus } from "../../actors/cluster/mod.ts";
import { FakeArchives } from "../../actors/testing/fake_archives.ts";
import type { Host } from "../../hosts/mod.ts";
import { slurmEnvironment, squeueArguments } from "../../slurm/mod.ts";
import { commandLine, quote } from "../../shell/mod.ts";
import { Journal } from "../../store/mod.ts";
import { LocalFiles } from "../../transfers/mod.ts";
import { DEV } from "../../tests/cluster/support/workspace.ts";
import { BenchCluster } from "./bench_cluster.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { median, rounded } from "./measure.ts";
import { DAGSTER_SLURM, FLYTEKIT_SLURM } from "./peers/python.ts";
import { Meter } from "./poll/meter.ts";
import type { Cost } from "./poll/meter.ts";
import { opensshPerJob } from "./poll/openssh.ts";
import { PythonStatus } from "./poll/python.ts";
import { QueuedJobs } from "./poll/queued_jobs.ts";
import type { QueuedJob } from "./poll/queued_jobs.ts";
import { Turns } from "./poll/turns.ts";

/** Live jobs of each case. */
const SIZES = [10, 1_000, 10_000];
/** Polls that count, after those in which connections come to stand and code is compiled. */
const MEASURED = 6;
const WARM_UP = 3;
/** After so many polls there must have been enough in which nothing moved. */
const MOST_ROUNDS = 18;

/** What it costs somebody else to ask for all of the jobs once: CPU on this side, in ms. */
type StatusPeer = (jobs: readonly QueuedJob[]) => Promise<number>;

/**
 * What one poll of all live jobs costs while nothing moves: the CPU of this process in ms, by the real
 * actors over a real connection, from the question until everybody who hears of the answer has. Beside it
 * stand the remote commands, the bytes of their output, and the remote CPU of the persistent shell with all
 * that it started, in ms; `slurmctldCpuMs` is what slurmctld itself needs meanwhile.
 *
 * The limit is the CPU of this process for the very same squeue over the same connection, whose output is
 * let go as it comes. The peers ask for each job by itself: one by a new `ssh` over a standing connection,
 * the others by the status calls of flytekit's connector and of dagster-slurm. Their numbers are the CPU of
 * their processes on this side; of many jobs they are asked for a sample, and the cost of all is computed
 * from that.
 */
export const poll: Benchmark = {
  about: "CPU per poll at 10, 1,000 and 10,000 live jobs, here and there",
  onCluster: true,
  async run(tell) {
    await using cluster = await BenchCluster.open();
    await using queued = new QueuedJobs();
    await using flytekit = await PythonStatus.open(FLYTEKIT_SLURM, cluster);
    await using dagster = await PythonStatus.open(DAGSTER_SLURM, cluster);
    const others: Readonly<Record<string, StatusPeer>> = {
      openssh: (jobs) => opensshPerJob(cluster, jobs),
      flytekit: (jobs) => flytekit.ask(jobs),
      dagster: (jobs) => dagster.ask(jobs),
    };
    for (const size of SIZES) {
      await queued.grow(size);
      const peers: Record<string, number> = {};
      for (const [name, peer] of Object.entries(others)) {
        peers[name] = rounded(await peer(queued.jobs));
      }
      tell({ ...await ours(cluster, queued), peers });
    }
  },
};

async function ours(cluster: BenchCluster, queued: QueuedJobs): Promise<Omit<Row, "peers">> {
  const size = queued.jobs.length;
  const path = `${cluster.workspace.directory}/poll-${size}.db`;
  await queued.writeJournal(path);
  const journal = Journal.open({ path });
  const system = new ActorSystem({ supervision: { restarts: Infinity } });
  const config = cluster.workspace.config(cluster.config);
  const polls = new Turns();
  try {
    const standing = Promise.withResolvers<Host>();
    const connect = connector(config, "bench");
    const ref = system.spawn<ClusterMessage, unknown>(
      `cluster:${DEV}`,
      clusterActor({
        name: DEV,
        connect: async (signal) => {
          const connection = await connect(signal);
          standing.resolve(connection.host);
          const { scheduler } = connection;
          const observe = scheduler.observe.bind(scheduler);
          scheduler.observe = (watched, signal) => {
            if (watched.length !== size) {
              throw new Error(`${watched.length} of ${size} are watched`);
            }
            return polls.take(() => observe(watched, signal));
          };
          return connection;
        },
        journal,
        environments: new FakeArchives(),
        files: new LocalFiles(),
        poll: { minMs: 500, maxMs: 500 },
      }),
      clusterSpawnOptions,
    );
    const host = await standing.promise;
    const meter = await Meter.of(host, cluster.workspace.facts);
    const line = [
      ...Object.entries(slurmEnvironment).map(([name, value]) => `${name}=${quote(value)}`),
      commandLine(squeueArguments()),
    ].join(" ");
    let bytes = 0;
    const bare = async () => {
      bytes = 0;
      await host.run(line, { onStdout: (chunk) => void (bytes += chunk.length) });
    };
    const samples: Cost[] = [];
    const limits: Cost[] = [];
    const commands: number[] = [];
    for (let round = 0; samples.length < MEASURED; round++) {
      if (round === MOST_ROUNDS) throw new Error("the queue does not come to rest");
      const events = journal.lastEventId();
      const asking = await polls.next();
      const sent = host.commandsSent;
      const sample = await meter.measure(asking);
      const sentNow = host.commandsSent - sent;
      // Polls follow one another after twenty times what they take: there is time for the limit between.
      const limit = await meter.measure(bare);
      // Slurm gives its reason for the wait of one job after the other; what has changed is no rest.
      if (round < WARM_UP || journal.lastEventId() !== events) continue;
      commands.push(sentNow);
      samples.push(sample);
      limits.push(limit);
    }
    const status = await ref.ask<ClusterStatus>((reply) => ({ type: "status", reply }));
    if (status.jobs.live !== size) throw new Error(`${status.jobs.live} of ${size} jobs live`);
    const mean = (of: keyof Cost) =>
      rounded(samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length);
    return {
      case: String(size),
      unit: "ms",
      better: "lower",
      ours: rounded(median(samples.map(({ ownMs }) => ownMs))),
      limit: rounded(median(limits.map(({ ownMs }) => ownMs))),
      figures: {
        remoteCommands: median(commands),
        remoteCpuMs: mean("remoteMs"),
        ourCpuMs: rounded(median(samples.map(({ ownMs }) => ownMs))),
        ourCpuMeanMs: mean("ownMs"),
        bytes,
        slurmctldCpuMs: mean("slurmctldMs"),
      },
    };
  } finally {
    polls.open();
    await system.stop();
    journal.close();
  }
}
