/**
 * A cluster whose jobs come and go for hours, on a virtual clock, a simulated Slurm and a line that breaks.
 *
 * @module
 */

import { newJobId } from "../../model/mod.ts";
import type { JobSpecInput } from "../../model/mod.ts";
import type { RunRecord } from "../../schedulers/mod.ts";
import { Journal } from "../../store/mod.ts";
import { LocalFiles } from "../../transfers/mod.ts";
import { clusterActor, clusterSpawnOptions } from "../cluster/mod.ts";
import type { ClusterMessage, ClusterStatus } from "../cluster/mod.ts";
import { seededRandom } from "../kernel/mod.ts";
import { acceptedEntry } from "./accepted_entry.ts";
import { cut } from "./cluster_stage.ts";
import { FakeArchives } from "./fake_archives.ts";
import { FakeEnvironments, FakeFiles, FakeHost, fakePlanner } from "./fake_connection.ts";
import { CLUSTER } from "./live_jobs.ts";
import { anySpec } from "./simulated_job.ts";
import { SimulatedSlurm } from "./simulated_slurm.ts";
import type { Fate } from "./simulated_slurm.ts";
import { Stage } from "./stage.ts";

const MINUTE_MS = 60_000;
/** The queue forgets what has ended for so long. */
const MIN_JOB_AGE_MS = 2 * MINUTE_MS;
/** Slurm forgets it altogether then, and so does the simulation. */
const FORGOTTEN_MS = 30 * MINUTE_MS;

const KINDS: readonly Partial<JobSpecInput>[] = [
  {},
  {},
  { retry: { times: 2, on: ["failed", "node_failed"], delaySeconds: 30 } },
  { resources: { array: "0-1" } },
];

const FATES: readonly Fate[] = [
  "exit 0",
  "exit 0",
  "exit 0",
  "exit 1",
  "time limit",
  "put back",
  "node failed",
  "cancelled by its owner",
];

/** The line that a script appends to the spool. */
function spoolLine(record: RunRecord): string {
  const { attemptId, task = "-", restart, kind } = record;
  const value = kind === "start" ? Math.floor(record.at / 1000) : record.exitCode;
  return `${attemptId} ${task} ${restart} ${kind} ${value} -\n`;
}

/** The real actors of a cluster with a simulated one behind them. */
export class BusyCluster extends Stage {
  readonly journal = Journal.open({ path: ":memory:", memory: { maxEvents: 256 } });
  readonly slurm = new SimulatedSlurm(this.clock);
  /** Jobs that were taken on. */
  accepted = 0;
  /** How often the line was lost. */
  losses = 0;
  /** How often the line was had. */
  connections = 0;
  readonly #random = seededRandom(12);
  readonly #cluster;
  #host: FakeHost | undefined;
  #reachable = true;

  constructor() {
    super();
    this.#cluster = this.system.spawn<ClusterMessage, unknown>(
      "cluster",
      clusterActor({
        name: CLUSTER,
        connect: () => {
          if (!this.#reachable) return Promise.reject(cut);
          this.connections++;
          this.#host = new FakeHost();
          const { slurm: scheduler } = this;
          const environments = new FakeEnvironments();
          const files = new FakeFiles();
          return Promise.resolve({
            host: this.#host,
            scheduler,
            planner: fakePlanner,
            environments,
            files,
          });
        },
        journal: this.journal,
        environments: new FakeArchives(),
        files: new LocalFiles(),
        poll: { minMs: 2_000, maxMs: 30_000 },
        retention: {
          successMs: 20 * MINUTE_MS,
          failureMs: 40 * MINUTE_MS,
          environmentMs: 0,
          fileMs: 0,
        },
      }),
      clusterSpawnOptions,
    );
  }

  /** How the cluster stands. */
  async status(): Promise<ClusterStatus> {
    const answered = this.#cluster.ask<ClusterStatus>((reply) => ({ type: "status", reply }));
    await this.clock.settle();
    return await answered;
  }

  /** Lets so many minutes pass, with jobs coming and going, and the line lost now and then. */
  async work(minutes: number): Promise<void> {
    for (let minute = 1; minute <= minutes; minute++) {
      await this.#takeOn(Math.floor(this.#random.next() * 9));
      for (let part = 0; part < 4; part++) {
        this.#moveOn();
        await this.clock.advance(MINUTE_MS / 4);
      }
      if (minute % 40 === 20) this.#lose();
      if (minute % 40 === 24) this.#reachable = true;
    }
  }

  /** Lets all jobs come to their end, and time pass until nobody has anything to do. */
  async rest(): Promise<void> {
    this.#reachable = true;
    for (let minute = 0; minute < 120; minute++) {
      this.#moveOn();
      await this.clock.advance(MINUTE_MS);
    }
  }

  #pick<T>(from: readonly T[], otherwise: T): T {
    return from[Math.floor(this.#random.next() * from.length)] ?? otherwise;
  }

  #lose(): void {
    this.losses++;
    this.#reachable = false;
    this.#host?.cut(cut);
    this.#host = undefined;
  }

  async #takeOn(count: number): Promise<void> {
    const at = this.clock.now();
    const entries = Array.from({ length: count }, () => {
      const spec = anySpec(this.#pick(KINDS, {}));
      const tasks = spec.resources.array === undefined ? {} : { tasks: [0, 1] };
      return acceptedEntry(newJobId(at), spec, { at, ...tasks });
    });
    if (entries.length === 0) return;
    this.accepted += count;
    await this.journal.append(entries);
    const jobIds = entries.map(({ jobId }) => jobId);
    this.#cluster.tell({ type: "adopt", jobIds });
    const [jobId] = jobIds;
    if (jobId === undefined || this.#random.next() < 0.8) return;
    // Some are not wanted any more at once.
    void this.#cluster.ask((reply) => ({ type: "cancel", jobId, how: {}, reply }), {
      timeoutMs: MINUTE_MS,
    });
  }

  /** What waits starts, some of what runs ends, and most lines of the spool are heard. */
  #moveOn(): void {
    const now = this.clock.now();
    const { parts, lines } = this.slurm;
    for (const part of parts) {
      if (part.waits) this.slurm.start(part);
      else if (part.runs && this.#random.next() < 0.2) {
        this.slurm.befall(part, this.#pick(FATES, "exit 0"));
      }
      if (part.end !== undefined && now - part.end.endedAt > MIN_JOB_AGE_MS) part.forgotten = true;
    }
    const heard = lines.splice(0).filter(() => this.#random.next() < 0.8).map(spoolLine);
    const stream = this.#host?.streams.at(-1);
    stream?.write(new TextEncoder().encode(heard.join("")));
    this.#forget(now);
  }

  /** Forgets what only a test would want to know later. */
  #forget(now: number): void {
    const { parts, submissions, arrays } = this.slurm;
    const old = parts.filter(({ over, end }) =>
      over && end !== undefined && now - end.endedAt > FORGOTTEN_MS
    );
    if (old.length === 0) return;
    const kept = parts.filter((part) => !old.includes(part));
    parts.splice(0, parts.length, ...kept);
    for (const { attemptId: id } of old) {
      submissions.delete(id);
      arrays.delete(id);
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    const stopped = super[Symbol.asyncDispose]();
    this.#host?.cut(cut);
    await stopped;
    this.journal.close();
  }
}
