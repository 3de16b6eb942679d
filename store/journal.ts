/**
 * The journal: every fact of every job and cluster, on disk before anything follows from it.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";
import type {
  ClusterEvent,
  ClusterName,
  EventFilter,
  JobEvent,
  JobFilter,
  JobId,
  JobListRequest,
  JobPage,
  JobPhase,
  JobSummary,
  SessionId,
  SessionName,
  SluiceError,
  TaskView,
} from "../model/mod.ts";
import { finalPhaseSchema, isFinal, jobPhases } from "../model/mod.ts";
import type { CheckedEntry } from "./checked_entry.ts";
import { checkEntry } from "./checked_entry.ts";
import type { OpenDatabase } from "./database.ts";
import { openDatabase } from "./database.ts";
import type { JournalEntry } from "./entry.ts";
import { JournalClosedError, journalError } from "./errors.ts";
import type { FeedReadOptions } from "./feed.ts";
import { Feed } from "./feed.ts";
import { FeedPages } from "./feed_pages.ts";
import type { Indexed } from "./index_labels.ts";
import { JobCache } from "./job_cache.ts";
import { PhaseCounts } from "./phase_counts.ts";
import type { ClusterState } from "./plan.ts";
import { Plan } from "./plan.ts";
import type { StoredJob } from "./reader.ts";
import { Reader } from "./reader.ts";
import type { RingLimits } from "./ring.ts";
import { Ring } from "./ring.ts";
import type { SetAsideTail } from "./wal_tail.ts";
import type { Topic } from "./wakeups.ts";
import { Wakeups } from "./wakeups.ts";
import { Writer } from "./writer.ts";

/** The phases of jobs that have not ended. */
const livePhases = jobPhases.filter((phase) => !isFinal(phase));

/** Most jobs that are read together. */
const mostListed = 1_000;

/** An event of either kind. */
export type JournalEvent = JobEvent | ClusterEvent;

/** How a journal is opened. */
export interface JournalOptions {
  /** The file, made where it does not exist, with its directory; or `:memory:`. */
  readonly path: string;
  /** Largest size of the file in bytes, beside its log of newest changes. Default: what the disk holds. */
  readonly maxBytes?: number;
  /** How much of the newest history is kept in memory for feeds. */
  readonly memory?: RingLimits;
}

interface PendingAppend {
  readonly entries: readonly CheckedEntry[];
  readonly resolve: (events: readonly JournalEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The journal: append-only history, the jobs as they stand, and feeds of both.
 *
 * It is the only writer of its file. Appends are on the disk when their promise resolves; all that are
 * made in one turn of the event loop share a transaction, and so one wait for the disk.
 */
export class Journal implements Disposable {
  readonly #path: string;
  readonly #database: OpenDatabase;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #ring: Ring;
  readonly #wakeups = new Wakeups();
  readonly #clusters: Map<ClusterName, ClusterState>;
  readonly #counts: PhaseCounts;
  readonly #pages: FeedPages;
  readonly #jobs = new JobCache();
  #lastJobKey: number;
  #pending: PendingAppend[] = [];
  #turnEnd: ReturnType<typeof setImmediate> | undefined;
  #trouble: SluiceError | undefined;
  #closed = false;

  private constructor({ path, memory }: JournalOptions, database: OpenDatabase) {
    this.#path = path;
    this.#database = database;
    this.#reader = new Reader(database.connection, path);
    this.#writer = new Writer(database.connection);
    if (database.setAside !== undefined) {
      // Subscribers may hold ids of events that are lost. No event takes less than a byte of the log,
      // so that these numbers cannot have been reached.
      const { setAside } = database;
      this.#writer.recordSetAside(setAside, this.#reader.lastEventId() + setAside.lostBytes);
    }
    this.#ring = new Ring(this.#reader.lastEventId(), memory);
    this.#clusters = this.#reader.clusters();
    this.#counts = new PhaseCounts(this.#reader.counts());
    this.#lastJobKey = this.#reader.lastKey("jobs");
    this.#pages = new FeedPages(this.#reader, this.#ring, this.#clusters);
  }

  /**
   * Opens the journal, and makes it or brings its schema up to date if need be.
   *
   * @throws {JournalInUseError} if somebody else has it open.
   * @throws {JournalTooNewError} if a newer release wrote it.
   * @throws {JournalForeignError} if it is a database of another program.
   * @throws {JournalCorruptError} if it is damaged or no database.
   * @throws {JournalReadOnlyError} if it cannot be written.
   * @throws {JournalUnavailableError} if it cannot be opened or made.
   */
  static open(options: JournalOptions): Journal {
    const database = openDatabase(options);
    try {
      return new Journal(options, database);
    } catch (error) {
      database[Symbol.dispose]();
      throw journalError(options.path, error);
    }
  }

  /**
   * The end of the history that could not be used when the journal was opened, if there was one: what a
   * crash left half-written or a disk has damaged. A copy of it was kept; the user should be told.
   */
  get setAside(): SetAsideTail | undefined {
    return this.#database.setAside;
  }

  /** Why the last write failed, where it did: a disk that is full, say. */
  get trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /**
   * Adds facts. Resolves with their events when they are on the disk; by then the jobs stand as their
   * views say and feeds have the events. All entries of a call are stored or none is.
   *
   * @throws {JournalConflictError} if an entry does not follow from what the journal has.
   * @throws {JournalFullError} if the disk is full; the journal stays usable.
   * @throws {JournalClosedError} if the journal has been closed.
   */
  append(entries: readonly JournalEntry[]): Promise<readonly JournalEvent[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly JournalEvent[]>();
    try {
      this.#assertOpen();
      this.#pending.push({ entries: entries.map(checkEntry), resolve, reject });
      // Microtasks run before it, so that whatever this turn still appends comes along.
      this.#turnEnd ??= setImmediate(() => this.#commit());
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  /**
   * The job as it stands with what was asked for, or undefined where there is none of the id. It is
   * frozen: all who ask for a job that has not changed are given the same.
   */
  job(id: JobId): StoredJob | undefined {
    return this.#read((reader) => {
      const kept = this.#jobs.get(id);
      if (kept !== undefined) return kept;
      const read = reader.job(id);
      return read === undefined ? undefined : this.#jobs.keep(id, read);
    });
  }

  /**
   * The job as it stands, without what was asked for and without the tasks of an array: it costs the same
   * however many these are.
   */
  summary(id: JobId): JobSummary | undefined {
    return this.#read((reader) => reader.summary(id));
  }

  /** One task of an array, or undefined where the job is not there or has no task of the number. */
  task(id: JobId, task: number): TaskView | undefined {
    return this.#read((reader) => reader.task(id, task));
  }

  /** The job that was submitted with the idempotency key, with what was asked for. */
  jobByIdempotencyKey(key: string): StoredJob | undefined {
    return this.#read((reader) => reader.jobByIdempotencyKey(key));
  }

  /**
   * Jobs of the cluster whose files may go: ended before the given times, and not marked as removed.
   *
   * @param before Times in milliseconds since the epoch: for jobs that succeeded, and for all others.
   */
  removable(
    cluster: ClusterName,
    before: {
      readonly succeededBefore: number;
      readonly otherBefore: number;
      readonly limit: number;
    },
  ): readonly JobId[] {
    const state = this.#clusters.get(cluster);
    if (state === undefined) return [];
    const { succeededBefore, otherBefore, limit } = before;
    return this.#read((reader) =>
      finalPhaseSchema.options.flatMap((phase) =>
        reader.removable(
          state.key,
          phase,
          phase === "succeeded" ? succeededBefore : otherBefore,
          limit,
        )
      ).slice(0, limit)
    );
  }

  /**
   * Writes in the views of jobs that have ended that their files are gone. It is no event: it changes
   * nothing about how the jobs ended.
   *
   * @param at When, in milliseconds since the epoch.
   * @throws {JournalFullError} if the disk is full.
   */
  markRemoved(jobs: readonly JobId[], at: number): Promise<void> {
    return Promise.try(() => {
      this.#assertOpen();
      try {
        this.#writer.markRemoved(jobs, at);
      } catch (error) {
        throw journalError(this.#path, error);
      }
      for (const id of jobs) this.#jobs.forget(id);
    });
  }

  /**
   * One page of jobs, the newest first, arrays without their tasks.
   *
   * @throws {CursorInvalidError} if the cursor is not one that a listing gave out.
   */
  jobs(request: JobListRequest): JobPage {
    const cluster = request.cluster === undefined ? undefined : this.#clusters.get(request.cluster);
    if (request.cluster !== undefined && cluster === undefined) return { jobs: [] };
    return this.#read((reader) => reader.list(request, cluster?.key));
  }

  /**
   * The jobs that hold the nodes of sessions, the newest first: of all, or of one cluster, or of those with a
   * name in the configuration. Of many, the newest thousand.
   */
  allocations(
    { cluster, name, live }: {
      readonly cluster?: ClusterName | undefined;
      readonly name?: SessionName;
      /** Whether only those are wanted that have not ended. */
      readonly live: boolean;
    },
  ): readonly JobSummary[] {
    const indexed = { kind: "allocation", ...name === undefined ? {} : { name } } as const;
    return this.#indexed({ cluster, ...live ? { phases: [...livePhases] } : {} }, indexed);
  }

  /** The jobs of a session that are Ray or Spark clusters and have not ended, the newest first. */
  standing(session: SessionId): readonly JobSummary[] {
    return this.#indexed({ phases: [...livePhases] }, { kind: "standing", session });
  }

  /** How many steps of the session are in each phase. Phases without a step are absent. */
  stepPhases(session: SessionId): ReadonlyMap<JobPhase, number> {
    return this.#read((reader) => reader.indexedPhases({ kind: "step", session }));
  }

  /** The steps of the session that have not ended, the oldest first. */
  liveSteps(session: SessionId): readonly JobSummary[] {
    const found: JobSummary[] = [];
    let cursor: string | undefined;
    do {
      const page = this.jobs({ session, phases: [...livePhases], limit: mostListed, cursor });
      found.push(...page.jobs);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found.reverse();
  }

  #indexed(filter: JobFilter, indexed: Indexed): readonly JobSummary[] {
    const cluster = filter.cluster === undefined ? undefined : this.#clusters.get(filter.cluster);
    if (filter.cluster !== undefined && cluster === undefined) return [];
    return this.#read((reader) =>
      reader.list({ ...filter, limit: mostListed }, cluster?.key, indexed)
    ).jobs;
  }

  /**
   * Ids of the jobs of the cluster whose history has no final event yet, the oldest first. Nothing else
   * of them is read, so that one that is damaged keeps nobody from the others.
   */
  liveJobIds(cluster: ClusterName): readonly JobId[] {
    const state = this.#clusters.get(cluster);
    return state === undefined ? [] : this.#read((reader) => reader.liveJobIds(state.key));
  }

  /** How many jobs each cluster has in each phase. Phases without a job are absent. */
  counts(): ReadonlyMap<ClusterName, ReadonlyMap<JobPhase, number>> {
    return this.#counts.byCluster;
  }

  /** All events of the job, from the first; empty where there is no such job. */
  history(jobId: JobId): readonly JobEvent[] {
    return this.#read((reader) => {
      const state = reader.jobState(jobId);
      return state === undefined ? [] : reader.history(state.key);
    });
  }

  /** The greatest id given to an event; 0 in an empty journal. A feed after it has only what is yet to come. */
  lastEventId(): number {
    return this.#ring.lastId;
  }

  /**
   * The events of jobs, each once and in order, first those of the past, then live. A feed of one job
   * ends after the job's final event. Each iteration reads anew from `after`.
   *
   * Iterating throws a {@linkcode JournalClosedError} when the journal is closed.
   */
  jobFeed(filter: EventFilter, options: FeedReadOptions = {}): AsyncIterable<JobEvent> {
    return new Feed({
      read: (cursor, limit) => this.#read(() => this.#pages.ofJobs(filter, cursor, limit)),
      wait: () => this.#wakeups.wait(jobTopic(filter)),
    }, options);
  }

  /** The events of clusters, each once and in order, first those of the past, then live. */
  clusterFeed(
    filter: { readonly cluster?: ClusterName },
    options: FeedReadOptions = {},
  ): AsyncIterable<ClusterEvent> {
    const { cluster } = filter;
    return new Feed({
      read: (cursor, limit) => this.#read(() => this.#pages.ofClusters(cluster, cursor, limit)),
      wait: () => this.#wakeups.wait(cluster === undefined ? "clusters" : `cluster ${cluster}`),
    }, options);
  }

  /** Commits what waits, ends all feeds with a {@linkcode JournalClosedError}, closes the file. */
  close(): void {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    this.#wakeups.failAll(new JournalClosedError(this.#path));
    this.#database[Symbol.dispose]();
  }

  /** The same as {@linkcode Journal.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #commit(): void {
    clearImmediate(this.#turnEnd);
    this.#turnEnd = undefined;
    const group = this.#pending;
    this.#pending = [];
    if (group.length === 0) return;
    const plan = new Plan({
      lastId: this.#ring.lastId,
      lastJobKey: this.#lastJobKey,
      lastClusterKey: this.#clusters.size,
      clusters: this.#clusters,
      job: (id) => this.#reader.jobState(id),
      hasIdempotencyKey: (key) => this.#reader.jobByIdempotencyKey(key) !== undefined,
    });
    const planned = group.flatMap((append) => {
      try {
        return [{ append, events: plan.add(append.entries) }];
      } catch (error) {
        append.reject(journalError(this.#path, error));
        return [];
      }
    });
    try {
      if (plan.events.length > 0) this.#writer.write(plan);
    } catch (error) {
      const typed = journalError(this.#path, error);
      this.#trouble = typed;
      for (const { append } of planned) append.reject(typed);
      return;
    }
    this.#trouble = undefined;
    this.#apply(plan);
    for (const { append, events } of planned) {
      append.resolve(events.map(({ committed }) => committed.event));
    }
    for (const { committed } of plan.events) this.#wakeups.wake(committed);
  }

  #apply(plan: Plan): void {
    this.#lastJobKey = plan.lastJobKey;
    for (const [name, { state }] of plan.clusters) this.#clusters.set(name, state);
    for (const { id, state, phaseBefore } of plan.jobs.values()) {
      this.#jobs.forget(id);
      this.#counts.move(state.cluster, phaseBefore, state.phase);
    }
    for (const { committed } of plan.events) this.#ring.push(committed);
  }

  #read<Result>(read: (reader: Reader) => Result): Result {
    this.#assertOpen();
    try {
      return read(this.#reader);
    } catch (error) {
      throw journalError(this.#path, error);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new JournalClosedError(this.#path);
  }
}

function jobTopic({ jobId, cluster }: EventFilter): Topic {
  if (jobId !== undefined) return `job ${jobId}`;
  return cluster === undefined ? "jobs" : `jobs of ${cluster}`;
}
