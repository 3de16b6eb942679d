/**
 * Reads the journal's tables.
 *
 * @module
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type {
  ClusterEvent,
  ClusterName,
  FinalPhase,
  JobEvent,
  JobId,
  JobListRequest,
  JobPage,
  JobPhase,
  JobSpec,
  JobSummary,
  JobView,
  TaskView,
} from "../model/mod.ts";
import { jobFactSchema, jobPhaseSchema } from "../model/mod.ts";
import { JournalCorruptError } from "./errors.ts";
import { indexText } from "./index_labels.ts";
import type { Indexed } from "./index_labels.ts";
import { listRows } from "./listing.ts";
import type { ClusterState, JobState } from "./plan.ts";
import type { Row } from "./rows.ts";
import { RowReader } from "./rows.ts";

/** A job as it stands, with what was asked for. */
export interface StoredJob {
  readonly view: JobView;
  readonly spec: JobSpec;
}

/** A job, and how much was read of it. */
export interface SizedJob {
  readonly job: StoredJob;
  /** Characters of JSON. */
  readonly characters: number;
}

/** How much one read of events may take: a script may have megabytes. */
const pageBytes = 1024 * 1024;

const jobEventColumns = `event.id, event.number, event.at, event.fact,
  jobs.id AS job_id, clusters.name AS cluster_name`;
const jobEvents = `SELECT ${jobEventColumns} FROM job_events AS event
  CROSS JOIN jobs ON jobs.key = event.job CROSS JOIN clusters ON clusters.key = event.cluster`;
const clusterEvents = `SELECT event.id, event.number, event.at, event.fact,
  clusters.name AS cluster_name FROM cluster_events AS event
  CROSS JOIN clusters ON clusters.key = event.cluster`;
const storedJob = `SELECT key, id AS job_id, view, (SELECT fact FROM job_events WHERE id =
  (SELECT min(id) FROM job_events WHERE job = jobs.key)) AS fact FROM jobs`;

/** Reads over one connection, with its statements prepared once. */
export class Reader {
  readonly #connection: DatabaseSync;
  readonly #path: string;
  readonly #rows: RowReader;
  readonly #job: StatementSync;
  readonly #jobState: StatementSync;
  readonly #liveIds: StatementSync;
  readonly #jobByIdempotencyKey: StatementSync;
  readonly #summary: StatementSync;
  readonly #tasks: StatementSync;
  readonly #task: StatementSync;
  readonly #removable: StatementSync;
  readonly #history: StatementSync;
  readonly #indexedPhases: StatementSync;
  readonly #allJobEvents: StatementSync;
  readonly #clustersJobEvents: StatementSync;
  readonly #jobsEvents: StatementSync;
  readonly #allClusterEvents: StatementSync;
  readonly #clustersEvents: StatementSync;

  /** @param connection The database. @param path Its file, for errors. */
  constructor(connection: DatabaseSync, path: string) {
    this.#connection = connection;
    this.#path = path;
    this.#rows = new RowReader(path);
    const prepare = (sql: string) => connection.prepare(sql);
    const page = "event.id > ? ORDER BY event.id LIMIT ?";
    this.#job = prepare(`${storedJob} WHERE id = ?`);
    this.#summary = prepare("SELECT id AS job_id, view FROM jobs WHERE id = ?");
    this.#tasks = prepare("SELECT task, view FROM job_tasks WHERE job = ? ORDER BY task");
    this.#task = prepare(
      "SELECT task, view FROM job_tasks WHERE job = (SELECT key FROM jobs WHERE id = ?) AND task = ?",
    );
    this.#jobState = prepare(
      `SELECT jobs.key, jobs.id AS job_id, jobs.cluster, clusters.name AS cluster_name,
        jobs.events, jobs.phase, jobs.ended, jobs.ended_at
        FROM jobs CROSS JOIN clusters ON clusters.key = jobs.cluster WHERE jobs.id = ?`,
    );
    this.#liveIds = prepare(
      "SELECT id AS job_id FROM jobs WHERE cluster = ? AND ended IS NULL ORDER BY key",
    );
    this.#jobByIdempotencyKey = prepare(
      `${storedJob} WHERE key = (SELECT job FROM idempotency_keys WHERE idempotency_key = ?)`,
    );
    this.#removable = prepare(
      `SELECT id AS job_id FROM jobs
        WHERE cluster = ? AND phase = ? AND ended_at < ? AND files_removed_at IS NULL
        ORDER BY ended_at LIMIT ?`,
    );
    this.#history = prepare(`${jobEvents} WHERE event.job = ? ORDER BY event.id`);
    this.#indexedPhases = prepare(
      "SELECT phase, count(*) AS jobs FROM job_labels WHERE label = ? GROUP BY phase",
    );
    this.#allJobEvents = prepare(`${jobEvents} WHERE ${page}`);
    this.#clustersJobEvents = prepare(`${jobEvents} WHERE event.cluster = ? AND ${page}`);
    this.#jobsEvents = prepare(`${jobEvents} WHERE event.job = ? AND ${page}`);
    this.#allClusterEvents = prepare(`${clusterEvents} WHERE ${page}`);
    this.#clustersEvents = prepare(`${clusterEvents} WHERE event.cluster = ? AND ${page}`);
  }

  /** The greatest id that was ever given out, 0 in an empty journal. */
  lastEventId(): number {
    const row = this.#connection.prepare(
      `SELECT max(coalesce((SELECT max(id) FROM job_events), 0),
        coalesce((SELECT max(id) FROM cluster_events), 0),
        coalesce((SELECT max(last_id) FROM set_aside), 0)) AS id`,
    ).get();
    return this.#rows.number(row, "id", "the newest event");
  }

  /** Greatest key of a table of rows, 0 where it is empty. */
  lastKey(table: "jobs" | "clusters"): number {
    const row = this.#connection.prepare(`SELECT coalesce(max(key), 0) AS key FROM ${table}`).get();
    return this.#rows.number(row, "key", `the last of ${table}`);
  }

  /** All clusters. */
  clusters(): Map<ClusterName, ClusterState> {
    const rows = this.#connection.prepare("SELECT key, name AS cluster_name, events FROM clusters")
      .all();
    return new Map(rows.map((row) => {
      const key = this.#rows.number(row, "key", "a cluster");
      const where = `cluster ${key}`;
      return [this.#rows.clusterName(row, where), {
        key,
        events: this.#rows.number(row, "events", where),
      }];
    }));
  }

  /** How many jobs each cluster has in each phase. */
  counts(): readonly {
    readonly cluster: ClusterName;
    readonly phase: JobPhase;
    readonly jobs: number;
  }[] {
    const rows = this.#connection.prepare(
      `SELECT clusters.name AS cluster_name, counted.phase, counted.jobs FROM
        (SELECT cluster, phase, count(*) AS jobs FROM jobs GROUP BY cluster, phase) AS counted
        CROSS JOIN clusters ON clusters.key = counted.cluster`,
    ).all();
    return rows.map((row) => ({
      cluster: this.#rows.clusterName(row, "the number of jobs"),
      phase: this.#phase(row, "the number of jobs"),
      jobs: this.#rows.number(row, "jobs", "the number of jobs"),
    }));
  }

  /** What a writer must know of the job. */
  jobState(id: JobId): JobState | undefined {
    const row = this.#jobState.get(id);
    if (row === undefined) return undefined;
    const where = `job ${id}`;
    return {
      key: this.#rows.number(row, "key", where),
      cluster: this.#rows.clusterName(row, where),
      clusterKey: this.#rows.number(row, "cluster", where),
      events: this.#rows.number(row, "events", where),
      phase: this.#phase(row, where),
      ended: row.ended === null ? undefined : {
        id: this.#rows.number(row, "ended", where),
        at: this.#rows.number(row, "ended_at", where),
      },
    };
  }

  /** The job with what was asked for. */
  job(id: JobId): SizedJob | undefined {
    const row = this.#job.get(id);
    return row === undefined ? undefined : this.#stored(row);
  }

  /** The job without its tasks and what was asked for. */
  summary(id: JobId): JobSummary | undefined {
    const row = this.#summary.get(id);
    return row === undefined ? undefined : this.#rows.summary(row);
  }

  /** One task of an array. */
  task(id: JobId, task: number): TaskView | undefined {
    const row = this.#task.get(id, task);
    return row === undefined ? undefined : this.#rows.task(row, `job ${id}`);
  }

  /** The job that was submitted with the key. */
  jobByIdempotencyKey(key: string): StoredJob | undefined {
    const row = this.#jobByIdempotencyKey.get(key);
    return row === undefined ? undefined : this.#stored(row).job;
  }

  /** Ids of jobs in the phase that ended before the time and whose files are not marked as removed. */
  removable(clusterKey: number, phase: FinalPhase, endedBefore: number, limit: number): JobId[] {
    return this.#removable.all(clusterKey, phase, endedBefore, limit)
      .map((row) => this.#rows.jobId(row, "a job with files"));
  }

  /** Ids of the jobs of the cluster without a final event, oldest first. */
  liveJobIds(clusterKey: number): readonly JobId[] {
    return this.#liveIds.all(clusterKey).map((row) => this.#rows.jobId(row, "a live job"));
  }

  /** One page of jobs. @param indexed What else they are found by. Default: nothing. */
  list(request: JobListRequest, clusterKey: number | undefined, indexed?: Indexed): JobPage {
    const { rows, nextCursor } = listRows(this.#connection, request, clusterKey, indexed);
    const jobs = rows.map((row) => this.#rows.summary(row));
    return nextCursor === undefined ? { jobs } : { jobs, nextCursor };
  }

  /** How many jobs that are found so are in each phase. */
  indexedPhases(indexed: Indexed): ReadonlyMap<JobPhase, number> {
    const where = "the number of jobs";
    return new Map(
      this.#indexedPhases.all(indexText(indexed)).map((row) => [
        this.#phase(row, where),
        this.#rows.number(row, "jobs", where),
      ]),
    );
  }

  /** All events of the job with the key. */
  history(jobKey: number): readonly JobEvent[] {
    return this.#history.all(jobKey).map((row) => this.#rows.jobEvent(row));
  }

  /** Events of jobs after `cursor`: of one job, of one cluster, or of all. */
  jobEvents(
    of: { readonly job: number } | { readonly cluster: number } | "all",
    cursor: number,
    limit: number,
  ): Events<JobEvent> {
    const read = (row: Row) => this.#rows.jobEvent(row);
    if (of === "all") return this.#page(this.#allJobEvents, [cursor, limit], limit, read);
    return "job" in of
      ? this.#page(this.#jobsEvents, [of.job, cursor, limit], limit, read)
      : this.#page(this.#clustersJobEvents, [of.cluster, cursor, limit], limit, read);
  }

  /** Events of clusters after `cursor`: of one, or of all. */
  clusterEvents(
    of: { readonly cluster: number } | "all",
    cursor: number,
    limit: number,
  ): Events<ClusterEvent> {
    const read = (row: Row) => this.#rows.clusterEvent(row);
    return of === "all"
      ? this.#page(this.#allClusterEvents, [cursor, limit], limit, read)
      : this.#page(this.#clustersEvents, [of.cluster, cursor, limit], limit, read);
  }

  #page<Event>(
    statement: StatementSync,
    values: readonly SQLInputValue[],
    limit: number,
    read: (row: Row) => Event,
  ): Events<Event> {
    const events: Event[] = [];
    let bytes = 0;
    for (const row of statement.iterate(...values)) {
      events.push(read(row));
      bytes += typeof row.fact === "string" ? row.fact.length : 0;
      if (bytes >= pageBytes) return { events, complete: false };
    }
    return { events, complete: events.length < limit };
  }

  #stored(row: Row): SizedJob {
    const summary = this.#rows.summary(row);
    const where = `the first event of job ${summary.id}`;
    const fact = this.#rows.json(jobFactSchema, row, "fact", where);
    if (fact.type !== "accepted") {
      throw new JournalCorruptError(this.#path, `${where}: its type is '${fact.type}'`);
    }
    const { spec } = fact;
    if (summary.taskPhases === undefined) {
      return { job: { view: summary, spec }, characters: characters([row]) };
    }
    const name = `job ${summary.id}`;
    const rows = this.#tasks.all(this.#rows.number(row, "key", name));
    const tasks = rows.map((task) => this.#rows.task(task, name));
    return { job: { view: { ...summary, tasks }, spec }, characters: characters([row, ...rows]) };
  }

  #phase(row: Row, where: string): JobPhase {
    const phase = jobPhaseSchema.safeParse(row.phase);
    if (!phase.success) throw new JournalCorruptError(this.#path, `${where}: ${row.phase}`);
    return phase.data;
  }
}

/** How much text rows hold. */
function characters(rows: readonly Row[]): number {
  let sum = 0;
  for (const row of rows) {
    for (const value of Object.values(row)) sum += typeof value === "string" ? value.length : 0;
  }
  return sum;
}

/** Some events in order. */
export interface Events<Event> {
  readonly events: readonly Event[];
  /** Whether these are all that there are. */
  readonly complete: boolean;
}
