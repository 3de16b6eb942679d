/**
 * Decides what a group of appends will write, before anything is written.
 *
 * @module
 */

import type { ClusterName, JobId, JobPhase } from "../model/mod.ts";
import type {
  CheckedClusterEntry,
  CheckedEntry,
  CheckedJobEntry,
  CheckedView,
} from "./checked_entry.ts";
import { isFinalFact } from "./entry.ts";
import { JournalConflictError } from "./errors.ts";
import type { Committed } from "./ring.ts";

/** What the journal must know of a job to add to it. */
export interface JobState {
  /** Key of its row. */
  readonly key: number;
  readonly cluster: ClusterName;
  readonly clusterKey: number;
  /** How many events it has. */
  readonly events: number;
  readonly phase: JobPhase;
  /** Its final event. */
  readonly ended: FinalEvent | undefined;
}

/** The event that ended a job. */
export interface FinalEvent {
  readonly id: number;
  /** When it was recorded, in milliseconds since the epoch. */
  readonly at: number;
}

/** What the journal must know of a cluster to add to it. */
export interface ClusterState {
  /** Key of its row. */
  readonly key: number;
  /** How many events it has of its own. */
  readonly events: number;
}

/** Where a plan starts from. */
export interface PlanBase {
  /** Id of the newest event. */
  readonly lastId: number;
  /** Greatest key of a job. */
  readonly lastJobKey: number;
  /** Greatest key of a cluster. */
  readonly lastClusterKey: number;
  /** All clusters. */
  readonly clusters: ReadonlyMap<ClusterName, ClusterState>;
  /** Finds a job. */
  job(id: JobId): JobState | undefined;
  /** Whether a job was submitted with the key. */
  hasIdempotencyKey(key: string): boolean;
}

/** A job's row as the group leaves it. */
export interface PlannedJob {
  readonly id: JobId;
  readonly state: JobState;
  /** The phase it has in the journal; undefined where it is new. */
  readonly phaseBefore: JobPhase | undefined;
  /** As the last entry about it has it. */
  readonly after: CheckedView;
  /** The JSON of its tasks that change, by their numbers. */
  readonly tasks: ReadonlyMap<number, string>;
}

/** A cluster's row as the group leaves it. */
export interface PlannedCluster {
  readonly state: ClusterState;
  readonly isNew: boolean;
}

/** An event to write, with the keys of the rows it belongs to. */
export interface PlannedEvent {
  readonly committed: Committed;
  readonly factJson: string;
  /** Undefined for a cluster's event. */
  readonly jobKey: number | undefined;
  readonly clusterKey: number;
}

/** What one group of appends writes. Each call is in it as a whole or not at all. */
export class Plan {
  /** The jobs that it makes or changes. */
  readonly jobs = new Map<JobId, PlannedJob>();
  /** The clusters that it makes or changes. */
  readonly clusters = new Map<ClusterName, PlannedCluster>();
  /** The keys of the jobs that it makes by the idempotency keys of their submissions. */
  readonly idempotencyKeys = new Map<string, number>();
  /** The events that it adds, in order. */
  readonly events: PlannedEvent[] = [];
  readonly #base: PlanBase;
  #lastJobKey: number;
  #lastClusterKey: number;

  /** @param base What the journal holds. */
  constructor(base: PlanBase) {
    this.#base = base;
    this.#lastJobKey = base.lastJobKey;
    this.#lastClusterKey = base.lastClusterKey;
  }

  /** Greatest key of a job afterwards. */
  get lastJobKey(): number {
    return this.#lastJobKey;
  }

  /**
   * Adds one call and returns its events.
   *
   * @throws {JournalConflictError} if an entry does not follow; then the plan is as it was before.
   */
  add(entries: readonly CheckedEntry[]): readonly PlannedEvent[] {
    const draft = new Draft(this, this.#base, this.#lastJobKey, this.#lastClusterKey);
    for (const entry of entries) draft.add(entry);
    for (const job of draft.complete()) this.jobs.set(job.id, job);
    for (const [name, cluster] of draft.clusters) this.clusters.set(name, cluster);
    for (const [key, job] of draft.idempotencyKeys) this.idempotencyKeys.set(key, job);
    for (const event of draft.events) this.events.push(event);
    this.#lastJobKey = draft.lastJobKey;
    this.#lastClusterKey = draft.lastClusterKey;
    return draft.events;
  }
}

/** A job whose view may come with a later entry of the same call. */
type DraftJob = Omit<PlannedJob, "after"> & { readonly after: CheckedView | undefined };

/** One call upon a plan, until it has proved to fit. */
class Draft {
  readonly jobs = new Map<JobId, DraftJob>();
  readonly clusters = new Map<ClusterName, PlannedCluster>();
  readonly idempotencyKeys = new Map<string, number>();
  readonly events: PlannedEvent[] = [];
  lastJobKey: number;
  lastClusterKey: number;
  readonly #plan: Plan;
  readonly #base: PlanBase;

  constructor(plan: Plan, base: PlanBase, lastJobKey: number, lastClusterKey: number) {
    this.#plan = plan;
    this.#base = base;
    this.lastJobKey = lastJobKey;
    this.lastClusterKey = lastClusterKey;
  }

  add(entry: CheckedEntry): void {
    switch (entry.kind) {
      case "job":
        return this.#addJobEvent(entry);
      case "cluster":
        return this.#addClusterEvent(entry);
    }
  }

  /**
   * The jobs as the call leaves them.
   *
   * @throws {JournalConflictError} if the last entry of one does not say how the job stands then.
   */
  complete(): readonly PlannedJob[] {
    return this.jobs.values().map(({ after, ...job }) => {
      if (after?.view.events !== job.state.events) {
        throw new JournalConflictError(
          `event ${job.state.events} of job ${job.id} comes without a view`,
        );
      }
      return { ...job, after };
    }).toArray();
  }

  #addJobEvent(entry: CheckedJobEntry): void {
    const { jobId, cluster, index, at, fact, factJson } = entry;
    const planned = this.jobs.get(jobId) ?? this.#plan.jobs.get(jobId);
    const before = planned?.state ?? this.#base.job(jobId);
    checkFollows(entry, before);
    const id = this.#nextId();
    const clusterKey = before?.clusterKey ?? this.#cluster(cluster).state.key;
    const state: JobState = {
      key: before?.key ?? ++this.lastJobKey,
      cluster,
      clusterKey,
      events: index,
      phase: entry.after?.view.phase ?? before?.phase ?? "accepted",
      ended: isFinalFact(fact) ? { id, at } : undefined,
    };
    if (fact.type === "accepted") this.#claim(fact.spec.idempotencyKey, state.key);
    const phaseBefore = planned === undefined ? before?.phase : planned.phaseBefore;
    const after = entry.after ?? planned?.after;
    const tasks = joined(planned?.tasks, entry.tasks);
    this.jobs.set(jobId, { id: jobId, state, phaseBefore, after, tasks });
    this.events.push({
      committed: {
        kind: "job",
        event: { id, at, index, cluster, jobId, fact },
        bytes: factJson.length,
      },
      factJson,
      jobKey: state.key,
      clusterKey,
    });
  }

  #addClusterEvent({ cluster, at, fact, factJson }: CheckedClusterEntry): void {
    const planned = this.#cluster(cluster);
    const { key, events } = planned.state;
    const index = events + 1;
    this.clusters.set(cluster, { ...planned, state: { key, events: index } });
    this.events.push({
      committed: {
        kind: "cluster",
        event: { id: this.#nextId(), at, index, cluster, fact },
        bytes: factJson.length,
      },
      factJson,
      jobKey: undefined,
      clusterKey: key,
    });
  }

  #claim(idempotencyKey: string | undefined, job: number): void {
    if (idempotencyKey === undefined) return;
    const taken = this.idempotencyKeys.has(idempotencyKey) ||
      this.#plan.idempotencyKeys.has(idempotencyKey) ||
      this.#base.hasIdempotencyKey(idempotencyKey);
    if (taken) {
      throw new JournalConflictError(
        `the idempotency key ${JSON.stringify(idempotencyKey)} is another job's`,
      );
    }
    this.idempotencyKeys.set(idempotencyKey, job);
  }

  #nextId(): number {
    return this.#base.lastId + this.#plan.events.length + this.events.length + 1;
  }

  #cluster(name: ClusterName): PlannedCluster {
    const planned = this.clusters.get(name) ?? this.#plan.clusters.get(name);
    if (planned !== undefined) return planned;
    const known = this.#base.clusters.get(name);
    if (known !== undefined) return { state: known, isNew: false };
    const made = { state: { key: ++this.lastClusterKey, events: 0 }, isNew: true };
    this.clusters.set(name, made);
    return made;
  }
}

function joined<Key, Value>(
  before: ReadonlyMap<Key, Value> | undefined,
  after: ReadonlyMap<Key, Value>,
): ReadonlyMap<Key, Value> {
  if (before === undefined || before.size === 0) return after;
  return after.size === 0 ? before : new Map([...before, ...after]);
}

function checkFollows(entry: CheckedJobEntry, before: JobState | undefined): void {
  const { jobId, cluster, index } = entry;
  const expected = (before?.events ?? 0) + 1;
  if (index !== expected) {
    throw new JournalConflictError(
      `event ${index} of job ${jobId} was offered where event ${expected} is next`,
    );
  }
  if (before === undefined) return;
  if (before.ended !== undefined) {
    throw new JournalConflictError(`job ${jobId} has ended with event ${before.events}`);
  }
  if (before.cluster !== cluster) {
    throw new JournalConflictError(`job ${jobId} is one of cluster ${before.cluster}`);
  }
}
