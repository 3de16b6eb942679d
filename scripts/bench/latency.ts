import { createSluiceClient, jobEvents, serve } from "../../rpc/mod.ts";
import type { SluiceClient } from "../../rpc/mod.ts";
import type { JobEvent, JobSpecInput } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { DEV } from "../../tests/cluster/support/workspace.ts";
import { onCluster } from "../testbed/mod.ts";
import { BenchCluster } from "./bench_cluster.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { Moments, runName } from "./latency/moments.ts";
import type { Moment, RunName } from "./latency/moments.ts";
import { PollingWitness, TailWitness } from "./latency/witnesses.ts";
import { quantile, rounded } from "./measure.ts";

/** Jobs of each case, which start and end one by one. */
const JOBS = 100;
/** So many are submitted at a time, so often: else the starts measure how long this machine takes for them. */
const TOGETHER = 6;
const PAUSE_MS = 400;
/** Tasks of the array whose tasks end at the same moment. */
const TASKS = 24;
/** How long the jobs take, in seconds: from the shortest to the longest in as many steps as there are jobs. */
const SHORTEST = 1;
const LONGEST = 6;
/** How long an answer takes over the slow line, in ms. */
const ROUND_TRIP_MS = 50;
/** The peer asks that often, in ms. */
const POLL_MS = 5_000;
/** Everything is over after that, in ms, or the benchmark has failed. */
const DEADLINE_MS = 120_000;

/**
 * How late a client hears of a job, in ms, through the real server and client: from the payload's first
 * instruction to the `running` event, and from its last to `exited`. The payload takes the time itself, by
 * the clock of this machine. A start can be heard of before it, since the job's script tells of it first.
 *
 * The limit is one `tail -F` of OpenSSH on a file to which the same jobs append the same times. The peer
 * asks squeue every five seconds for the same jobs. All three watch the same jobs at the same time. `burst`
 * is said of the tasks of one array that all end at the same moment, which is not counted with the others.
 */
export const latency: Benchmark = {
  about: "how late a client hears that a job has started or ended",
  onCluster: true,
  async run(tell) {
    for (const roundTripMs of [0, ROUND_TRIP_MS]) {
      await using cluster = await BenchCluster.open(roundTripMs);
      const suffix = roundTripMs === 0 ? "" : `-rtt-${roundTripMs}ms`;
      for (const row of await watch(cluster, suffix)) tell(row);
    }
  },
};

/** Waits for a condition that something which arrives makes true. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a client hears. */
class ClientWitness {
  readonly learnt = new Moments();
  /** The runs by Slurm's ids. */
  readonly runs = new Map<string, RunName>();
  /** Jobs that have ended. */
  readonly ended = new Set<string>();
  readonly tasks = new Map<string, readonly number[]>();

  hear({ jobId, fact }: JobEvent): void {
    const now = Date.now();
    switch (fact.type) {
      case "accepted":
        if (fact.tasks !== undefined) this.tasks.set(jobId, fact.tasks);
        return;
      case "submitted":
        this.runs.set(fact.schedulerId, jobId);
        for (const task of this.tasks.get(jobId) ?? []) {
          this.runs.set(`${fact.schedulerId}_${task}`, runName(jobId, task));
        }
        return;
      case "running":
        return this.learnt.note("start", runName(jobId, fact.task), now);
      case "exited":
        return this.learnt.note("end", runName(jobId, fact.task), now);
      case "ended":
        if (fact.task === undefined) this.ended.add(jobId);
        return;
      default:
        return;
    }
  }
}

function job(file: string, wait: string, array?: string): JobSpecInput {
  const append = (moment: Moment) => `printf '%s ${moment} %s\\n' "$run" "$time" >>${quote(file)}`;
  const script = [
    "#!/bin/sh",
    "time=$(date +%s%N)",
    "run=$SLUICE_JOB_ID${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}",
    append("start"),
    wait,
    "time=$(date +%s%N)",
    append("end"),
    "",
  ].join("\n");
  return {
    cluster: DEV,
    name: "bench-latency",
    payload: { kind: "script", script },
    resources: { memory: 50, cpusPerTask: 1, ...(array === undefined ? {} : { array }) },
  };
}

/** Has jobs run that are watched by all who are compared. @param suffix Ends the cases' names. */
async function watch(
  { workspace, config, address }: BenchCluster,
  suffix: string,
): Promise<Row[]> {
  const file = `${workspace.remoteDirectory}/times`;
  const made = await onCluster(["touch", file]);
  if (made.code !== 0) throw new Error(made.stderr);
  const token = crypto.randomUUID();
  await using sluice = await workspace.open({
    ...config,
    poll: { minSeconds: 2, maxSeconds: 30 },
  });
  await using server = serve(sluice, { token, port: 0 });
  const client = createSluiceClient({ url: server.url, token });
  const stop = new AbortController();
  const heard = new ClientWitness();
  const hearing = (async () => {
    for await (const event of jobEvents(client, {}, { signal: stop.signal })) heard.hear(event);
  })();
  try {
    await using tail = TailWitness.open(address, file);
    await using polling = PollingWitness.open(address, workspace.directory, heard.runs, POLL_MS);
    // Until the connections stand, that of tail, which does not say when it does, among them.
    while (tail.learnt.count("end") === 0) {
      const first = await client.jobs.submit.mutate(job(file, ":"));
      await until("the first job", () => heard.ended.has(first.id));
    }
    const single = await submitAll(
      client,
      Array.from({ length: JOBS }, (_, n) => {
        const seconds = SHORTEST + (LONGEST - SHORTEST) * ((n * 37) % JOBS) / JOBS;
        return job(file, `sleep ${seconds.toFixed(3)}`);
      }),
    );
    await until("the end of all jobs", () => single.every((id) => heard.ended.has(id)));
    const together = "while [ ! -e burst ]; do sleep 0.1; done";
    const go = `${workspace.remoteDirectory}/burst`;
    const [array = ""] = await submitAll(client, [
      job(file, together.replace("burst", quote(go)), `0-${TASKS - 1}`),
    ]);
    const tasks = Array.from({ length: TASKS }, (_, task) => runName(array, task));
    await until(
      "the start of the array",
      () => tasks.every((run) => tail.truth.of("start", run) !== undefined),
    );
    await onCluster(["touch", go]);
    await until("the end of the array", () => heard.ended.has(array));
    const everyone = [...single, ...tasks];
    for (const learnt of [heard.learnt, polling.learnt, tail.learnt]) {
      await until(
        "everybody",
        () => everyone.every((run) => learnt.of("end", run) !== undefined),
      );
    }
    const row = (moment: Moment): Row => {
      const delays = heard.learnt.delays(moment, single, tail.truth);
      const limits = tail.learnt.delays(moment, single, tail.truth);
      const polled = polling.learnt.delays(moment, single, tail.truth);
      const burst = heard.learnt.delays(moment, tasks, tail.truth);
      const burstLimit = tail.learnt.delays(moment, tasks, tail.truth);
      return {
        case: `${moment}${suffix}`,
        unit: "ms",
        better: "lower",
        ours: rounded(quantile(delays, 0.99)),
        limit: rounded(quantile(limits, 0.99)),
        peers: { "squeue every 5 s": rounded(quantile(polled, 0.99)) },
        figures: {
          p50: rounded(quantile(delays, 0.5)),
          p99: rounded(quantile(delays, 0.99)),
          limitP50: rounded(quantile(limits, 0.5)),
          ...(moment === "end"
            ? {
              burstP99: rounded(quantile(burst, 0.99)),
              burstLimitP99: rounded(quantile(burstLimit, 0.99)),
            }
            : {}),
        },
      };
    };
    return [row("end"), row("start")];
  } finally {
    await onCluster(["scancel", "--me", "--name=bench-latency"]);
    stop.abort();
    await hearing;
  }
}

async function submitAll(
  client: SluiceClient,
  jobs: readonly JobSpecInput[],
): Promise<RunName[]> {
  const ids: RunName[] = [];
  for (let start = 0; start < jobs.length; start += TOGETHER) {
    const some = jobs.slice(start, start + TOGETHER);
    const views = await client.jobs.submitMany.mutate({ jobs: some });
    ids.push(...views.map(({ id }) => id));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return ids;
}
