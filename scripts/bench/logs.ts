import type { Sluice } from "../../actors/mod.ts";
import type { JobId } from "../../model/mod.ts";
import { jobPaths, remoteLayout } from "../../schedulers/mod.ts";
import { jobSpec } from "../../tests/cluster/support/workspace.ts";
import { BenchCluster } from "./bench_cluster.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { Followers } from "./logs/openssh.ts";
import type { Following } from "./logs/following.ts";
import { channels, Feeds } from "./logs/ours.ts";
import { Writers, writerScript } from "./logs/writers.ts";
import { median, rounded } from "./measure.ts";

/** What is written and followed in one round. */
interface Load {
  /** The case's name. */
  readonly name: string;
  /** How many jobs write. */
  readonly jobs: number;
  /** Bytes of each job. */
  readonly bytes: number;
  /** Bytes a second of each job; 0 is as fast as possible. */
  readonly rate: number;
  /** Whether the peer takes part. */
  readonly withPeer: boolean;
}

/** Rounds that count, behind one that does not. */
const ROUNDS = 3;

const LOADS: readonly Load[] = [
  { name: "many", jobs: 100, bytes: 6_000_000, rate: 1_000_000, withPeer: true },
  { name: "one", jobs: 1, bytes: 400_000_000, rate: 0, withPeer: true },
];
/** Only here is the transport what may be too slow. */
const OVER_OPENSSH: Load = {
  name: "one-openssh",
  jobs: 1,
  bytes: 400_000_000,
  rate: 0,
  withPeer: false,
};

/** The jobs whose outputs are followed wait for longer than the benchmark takes. */
const WAIT = { begin: "now+1hour", memory: 50 } as const;

/**
 * How fast the outputs of jobs arrive while they are written, from the first byte written to the last one
 * delivered:
 * - `many`: 100 jobs, each of which writes 1 MB/s.
 * - `one`: one job that writes as fast as it can.
 * - `one-openssh`: the same, ours over OpenSSH's own client instead of ssh2.
 *
 * The outputs are those of Slurm jobs that wait in the queue, since the test cluster cannot run 100 at once;
 * one further job runs and writes them all, into the very files that Slurm would. The limit is one
 * `ssh cat` of as many bytes; with `many` it runs while the same writers write, and counts as no faster
 * than they are. The peer is an `ssh tail -F` for each job.
 */
export const logs: Benchmark = {
  about: "MB/s of the outputs of followed jobs",
  onCluster: true,
  async run(tell) {
    await using cluster = await BenchCluster.open();
    const { workspace, config } = cluster;
    const orders = `${workspace.remoteDirectory}/orders`;
    let writers: Writers;
    {
      await using sluice = await workspace.open(config);
      await sluice.jobs.submit(jobSpec({
        payload: { kind: "script", script: writerScript(orders) },
        resources: { memory: 100 },
      }));
      writers = await Writers.inDirectory(orders);
      const idle = await channels();
      for (const load of LOADS) tell(await measured(load, cluster, sluice, orders, writers, idle));
    }
    await using sluice = await workspace.open({ ...config, transport: "openssh" });
    // Once a job is handed over, every channel is open that is so without a feed.
    await queuedJobs(sluice, 1);
    const idle = await channels();
    tell(await measured(OVER_OPENSSH, cluster, sluice, orders, writers, idle));
  },
};

async function measured(
  load: Load,
  cluster: BenchCluster,
  sluice: Sluice,
  orders: string,
  writers: Writers,
  idleChannels: number,
): Promise<Row> {
  const { directory, remoteDirectory } = cluster.workspace;
  const { name, jobs, bytes, rate } = load;
  const total = jobs * bytes;
  const ids = await queuedJobs(sluice, jobs);
  const layout = remoteLayout(remoteDirectory, "");
  const outputs = ids.map((id) => jobPaths(layout, id).stdout);
  const feeds = new Feeds(sluice, ids, idleChannels);
  const place = `${directory}/${name}`;
  await Deno.mkdir(place);
  await using followers = await Followers.open(cluster.address, place, jobs);
  const files = Array.from({ length: jobs }, (_, index) => `${orders}/job-${index}`);
  const whole = `${orders}/whole-${name}`;
  await writers.produce({ paths: [whole], bytes: total, rate: 0 });

  const production = async (paths: readonly string[], follow: () => Promise<Following>) => {
    // Those who follow a file find it there.
    await writers.produce({ paths, bytes: 0, rate: 0 });
    const all = await follow();
    const ended = all().then((count) => ({ count, at: Date.now() }));
    const [{ begunAt }, { count, at }] = await Promise.all([
      writers.produce({ paths, bytes, rate }),
      ended,
    ]);
    check(count, total);
    return at - begunAt;
  };
  const contenders = {
    ours: () => production(outputs, () => Promise.resolve(feeds.follow(bytes))),
    async limit() {
      const writing = rate === 0 ? undefined : writers.produce({ paths: files, bytes, rate });
      const start = performance.now();
      check(await followers.cat(whole), total);
      const readMs = performance.now() - start;
      const written = await writing;
      return Math.max(readMs, written === undefined ? 0 : written.endedAt - written.begunAt);
    },
    tails: () => production(files, () => followers.follow(files, bytes)),
  };
  const found: Record<keyof typeof contenders, number[]> = { ours: [], limit: [], tails: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const who of ["ours", "limit", "tails"] as const) {
      if (who === "tails" && !load.withPeer) continue;
      const milliseconds = await contenders[who]();
      if (round > 0) found[who].push(total / milliseconds / 1_000);
      for (const file of files) await Deno.remove(file).catch(() => {});
    }
  }
  return {
    case: name,
    unit: "MB/s",
    better: "higher",
    ours: rounded(median(found.ours)),
    limit: rounded(median(found.limit)),
    peers: load.withPeer ? { "ssh-tail": rounded(median(found.tails)) } : {},
    figures: { channels: feeds.channels },
  };
}

/** So many jobs that wait in Slurm's queue, whose directories are there. */
async function queuedJobs(sluice: Sluice, count: number): Promise<JobId[]> {
  const specs = Array.from(
    { length: count },
    () => jobSpec({ payload: { kind: "script", script: "#!/bin/sh\n" }, resources: WAIT }),
  );
  const jobs = await sluice.jobs.submitMany(specs);
  const waiting = new Set<string>(jobs.map(({ id }) => id));
  for await (const { jobId, fact } of sluice.jobs.events({}, { after: 0 })) {
    if (fact.type === "submitted") waiting.delete(jobId);
    if (waiting.size === 0) break;
  }
  return jobs.map(({ id }) => id);
}

function check(count: number, total: number): void {
  if (count !== total) throw new Error(`${count} of ${total} bytes came`);
}
