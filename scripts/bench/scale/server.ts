/**
 * A server of its own on a filled journal, over connections on which nothing moves: tells as JSON how long it
 * took to take all live jobs up, what memory it has at rest, and how fast it lists and gets jobs.
 *
 * Arguments: the journal, and how many jobs it has.
 *
 * @module
 */

import { ActorSystem, systemClock } from "../../../actors/kernel/mod.ts";
import { startFakeClusters } from "../../../actors/testing/fake_clusters.ts";
import { FakeConnection } from "../../../actors/testing/fake_connection.ts";
import { EPOCH } from "../../../actors/testing/simulated_job.ts";
import type { Observation, Watched } from "../../../schedulers/mod.ts";
import { Journal } from "../../../store/mod.ts";
import { quantile, rounded } from "../measure.ts";
import { CLUSTERS, LIVE_PART, liveFacts, nodesOf } from "./fill.ts";
import { getTimes, listTimes } from "./queries.ts";

/** How long the server is at rest, and polls, before its memory is measured, in ms. */
const SETTLING_MS = 3_000;
const POLL_MS = 500;

/** What a poll says of a job that is as the journal has it. */
function unmoved({ attemptId, startedAt }: Watched): Observation {
  return {
    attemptId,
    sighting: typeof startedAt === "number"
      ? { kind: "active", state: "RUNNING", nodes: nodesOf(startedAt - EPOCH), startedAt }
      : { kind: "waiting", state: "PENDING" },
  };
}

/** A connection to a cluster on which nothing moves; `asked` resolves once it was asked for all its jobs. */
function idleConnection(watched: number): {
  readonly connection: FakeConnection;
  readonly asked: Promise<unknown>;
} {
  const connection = new FakeConnection();
  const { observes, submits } = connection.scheduler;
  const observed = Promise.withResolvers<void>();
  const handed = Promise.withResolvers<void>();
  observes.call = (jobs) => {
    if (jobs.length >= watched) observed.resolve();
    return Promise.resolve(jobs.map(unmoved));
  };
  // The scheduler takes its time: what waits goes on waiting.
  submits.call = () => {
    handed.resolve();
    return new Promise(() => {});
  };
  return { connection, asked: Promise.all([observed.promise, handed.promise]) };
}

const [path = "", count = ""] = Deno.args;
const jobs = Number(count);
const live = Array.from({ length: jobs / LIVE_PART }, (_, n) => jobs - jobs / LIVE_PART + n);
using journal = Journal.open({ path });
const system = new ActorSystem({ clock: systemClock, supervision: { restarts: Infinity } });
const idle = CLUSTERS.map((name, cluster) => {
  // Those that were only accepted are handed over, the others asked for.
  const sent = live.filter((n) => n % CLUSTERS.length === cluster && liveFacts(n).length > 1);
  return { name, ...idleConnection(sent.length) };
});
const connections = new Map(idle.map(({ name, connection }) => [name, connection]));
const api = startFakeClusters(system, journal, connections, POLL_MS);
await Promise.all(idle.map(({ asked }) => asked));
// From the start of the process, so that what it takes to load the program counts.
const startMs = performance.now();
await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
const memoryMb = Deno.memoryUsage().rss / 1024 / 1024;

const list = await listTimes(api, jobs);
const get = await getTimes(api, jobs);
const counted = journal.counts().values().flatMap((phases) => phases.values())
  .reduce((sum, phase) => sum + phase, 0);
if (counted !== jobs) throw new Error(`the journal has ${counted} jobs instead of ${jobs}`);
console.log(JSON.stringify({
  memoryMb: rounded(memoryMb),
  startMs: rounded(startMs),
  listP50Ms: rounded(quantile(list, 0.5)),
  listP99Ms: rounded(quantile(list, 0.99)),
  getP50Ms: rounded(quantile(get, 0.5)),
  getP99Ms: rounded(quantile(get, 0.99)),
}));
await system.stop();
