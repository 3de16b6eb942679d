/**
 * A whole cluster on a virtual clock, over connections of fakes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { attemptParts, newJobId, SluiceError } from "../../model/mod.ts";
import type { ClusterFact, JobId, JobSpecInput, JobView, SessionId } from "../../model/mod.ts";
import type { SessionSighting, Sighting, Submission, SubmitOutcome } from "../../schedulers/mod.ts";
import { Journal } from "../../store/mod.ts";
import { LocalFiles } from "../../transfers/mod.ts";
import { clusterActor, clusterSpawnOptions } from "../cluster/mod.ts";
import type { ClusterMessage, ClusterStatus, Connection } from "../cluster/mod.ts";
import { acceptedEntry } from "./accepted_entry.ts";
import { FakeArchives } from "./fake_archives.ts";
import { Calls, FakeConnection } from "./fake_connection.ts";
import { CLUSTER } from "./live_jobs.ts";
import { anySpec, schedulerId } from "./simulated_job.ts";
import { Stage } from "./stage.ts";

const HOUR_MS = 3_600_000;

/** What ends a connection. */
export const cut = new SluiceError({
  code: "LINK_LOST",
  message: "Cut.",
  next: "",
  retryable: true,
});

/** A job that runs. */
export const active: Sighting = { kind: "active", state: "RUNNING", nodes: ["n1"] };
/** A job that has succeeded. */
export const done: Sighting = {
  kind: "ended",
  phase: "succeeded",
  state: "COMPLETED",
  exitCode: 0,
  nodes: ["n1"],
};

/** A cluster whose scheduler takes every job and tells of each what `sightings` says. */
export class ClusterStage extends Stage {
  readonly name = CLUSTER;
  readonly journal: Journal;
  readonly connects = new Calls<AbortSignal, Connection>();
  readonly connections: FakeConnection[] = [];
  /** What the scheduler says of every job. */
  sighting: Sighting = active;
  /** What it says of some of them. */
  readonly sightings = new Map<JobId, Sighting>();
  /** What is seen of every session beside that all of its nodes are well. */
  seen: Partial<SessionSighting> = {};
  /** All that was sent to the scheduler, with what the journal knew of it at that moment. */
  readonly sent: { readonly jobId: JobId; readonly journaled: readonly string[] }[] = [];
  /** What jobs bring along. */
  readonly archives = new FakeArchives();
  readonly cluster;

  constructor(journal = Journal.open({ path: ":memory:" })) {
    super();
    this.journal = journal;
    this.connects.answer = () => this.#connection();
    this.cluster = this.system.spawn<ClusterMessage, unknown>(
      "cluster",
      clusterActor({
        name: CLUSTER,
        connect: (signal) => this.connects.call(signal),
        journal,
        environments: this.archives,
        files: new LocalFiles(),
        poll: { minMs: 2_000, maxMs: 30_000 },
        retention: {
          successMs: 24 * HOUR_MS,
          failureMs: 168 * HOUR_MS,
          environmentMs: 168 * HOUR_MS,
          fileMs: 168 * HOUR_MS,
        },
      }),
      clusterSpawnOptions,
    );
  }

  #connection(): FakeConnection {
    const connection = new FakeConnection();
    this.connections.push(connection);
    const { submits, observes, cancels, removes, inspects, sessionCloses } = connection.scheduler;
    submits.answer = (batch) => this.#submit(batch);
    observes.answer = (watched) =>
      watched.flatMap(({ attemptId, tasks }) => {
        const sighting = this.sightings.get(attemptParts(attemptId).jobId) ?? this.sighting;
        return (tasks ?? [undefined]).map((task) =>
          task === undefined ? { attemptId, sighting } : { attemptId, task, sighting }
        );
      });
    inspects.answer = (sessions) =>
      sessions.map(({ sessionId, nodes }) => ({
        sessionId,
        nodes: nodes.map((node) => ({ node, state: "ALLOCATED", usable: true })),
        waiting: 0,
        running: 0,
        clusters: [],
        ...this.seen,
      }));
    sessionCloses.answer = () => {};
    cancels.answer = () => {};
    removes.answer = () => {};
    return connection;
  }

  #submit(batch: readonly Submission[]): SubmitOutcome[] {
    return batch.map(({ attemptId }) => {
      const { jobId } = attemptParts(attemptId);
      this.sent.push({ jobId, journaled: this.facts(jobId) });
      return { kind: "submitted", attemptId, schedulerId: schedulerId(`${this.sent.length}`) };
    });
  }

  /** The newest connection. */
  get connection(): FakeConnection {
    const connection = this.connections.at(-1);
    assert.ok(connection !== undefined);
    return connection;
  }

  /** Has the cluster take on some jobs. */
  async submit(
    count = 1,
    input: Partial<JobSpecInput> = {},
    more: {
      readonly tasks?: number[];
      readonly session?: SessionId;
      readonly standing?: JobId;
    } = {},
  ): Promise<readonly JobView[]> {
    const at = this.clock.now();
    const entries = Array.from(
      { length: count },
      () => acceptedEntry(newJobId(at), anySpec(input), { at, ...more }),
    );
    await this.journal.append(entries);
    this.cluster.tell({ type: "adopt", jobIds: entries.map(({ jobId }) => jobId) });
    await this.clock.advance(20);
    return entries.map(({ view }) => view);
  }

  /** How the cluster stands. */
  async status(): Promise<ClusterStatus> {
    const answered = this.cluster.ask((reply) => ({ type: "status" as const, reply }));
    await this.clock.settle();
    return await answered;
  }

  /** What the cluster has noted of itself. */
  async notes(): Promise<ClusterFact[]> {
    await this.clock.settle();
    const facts: ClusterFact[] = [];
    const end = new AbortController();
    const feed = this.journal.clusterFeed({ cluster: CLUSTER }, { signal: end.signal });
    const reading = (async () => {
      for await (const { fact } of feed) facts.push(fact);
    })();
    await this.clock.settle();
    end.abort();
    await reading;
    return facts;
  }

  /** Kinds of the job's facts, in order. */
  facts(jobId: JobId): string[] {
    return this.journal.history(jobId).map(({ fact }) => fact.type);
  }

  /** The job as it stands. */
  job(jobId: JobId): JobView {
    const view = this.journal.job(jobId)?.view;
    assert.ok(view !== undefined);
    return view;
  }

  /** The line is cut, and no other is to be had. */
  async loseLink(): Promise<void> {
    this.connects.answer = () => {
      throw cut;
    };
    this.connection.host.cut(cut);
    await this.clock.settle();
  }

  /** The line can be had again; waits until it has surely been tried. */
  async findLink(waitMs = 80_000): Promise<void> {
    this.connects.answer = () => this.#connection();
    await this.clock.advance(waitMs);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    const stopped = super[Symbol.asyncDispose]();
    for (const connection of this.connections) connection.host.cut(cut);
    await stopped;
    this.journal.close();
  }
}
