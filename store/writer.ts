/**
 * Writes a plan in one transaction.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JobId, JobSummary } from "../model/mod.ts";
import { indexTexts } from "./index_labels.ts";
import { labelText } from "./listing.ts";
import type { Plan, PlannedEvent, PlannedJob } from "./plan.ts";
import type { SetAsideTail } from "./wal_tail.ts";

/** Writes plans over one connection, with its statements prepared once. */
export class Writer {
  readonly #connection: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #insertCluster: StatementSync;
  readonly #updateCluster: StatementSync;
  readonly #insertJob: StatementSync;
  readonly #updateJob: StatementSync;
  readonly #insertIdempotencyKey: StatementSync;
  readonly #markRemoved: StatementSync;
  readonly #putTask: StatementSync;
  readonly #insertLabel: StatementSync;
  readonly #updateLabel: StatementSync;
  readonly #insertJobEvent: StatementSync;
  readonly #insertClusterEvent: StatementSync;

  /** @param connection The database. */
  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    const prepare = (sql: string) => connection.prepare(sql);
    this.#begin = prepare("BEGIN IMMEDIATE");
    this.#commit = prepare("COMMIT");
    this.#rollback = prepare("ROLLBACK");
    this.#insertCluster = prepare("INSERT INTO clusters (key, name, events) VALUES (?, ?, ?)");
    this.#updateCluster = prepare("UPDATE clusters SET events = ? WHERE key = ?");
    this.#insertJob = prepare(
      `INSERT INTO jobs (key, id, cluster, phase, accepted_at, events, ended, ended_at, view)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#updateJob = prepare(
      "UPDATE jobs SET phase = ?, events = ?, ended = ?, ended_at = ?, view = ? WHERE key = ?",
    );
    this.#insertIdempotencyKey = prepare(
      "INSERT INTO idempotency_keys (idempotency_key, job) VALUES (?, ?)",
    );
    this.#markRemoved = prepare(
      `UPDATE jobs SET files_removed_at = ?1, view = json_set(view, '$.filesRemovedAt', ?1)
        WHERE id = ?2 AND ended IS NOT NULL AND files_removed_at IS NULL`,
    );
    this.#putTask = prepare(
      `INSERT INTO job_tasks (job, task, view) VALUES (?, ?, ?)
        ON CONFLICT (job, task) DO UPDATE SET view = excluded.view`,
    );
    this.#insertLabel = prepare(
      "INSERT INTO job_labels (label, accepted_at, job, cluster, phase) VALUES (?, ?, ?, ?, ?)",
    );
    this.#updateLabel = prepare(
      `UPDATE job_labels SET phase = ?1 WHERE label = ?2 AND job = ?3
        AND accepted_at = (SELECT accepted_at FROM jobs WHERE key = ?3)`,
    );
    this.#insertJobEvent = prepare(
      "INSERT INTO job_events (id, job, cluster, number, at, fact) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#insertClusterEvent = prepare(
      "INSERT INTO cluster_events (id, cluster, number, at, fact) VALUES (?, ?, ?, ?, ?)",
    );
  }

  /** Writes all of the plan and returns when it is on the disk, or writes nothing and throws. */
  write(plan: Plan): void {
    this.#transaction(() => {
      for (const [name, { state, isNew }] of plan.clusters) {
        if (isNew) this.#insertCluster.run(state.key, name, state.events);
        else this.#updateCluster.run(state.events, state.key);
      }
      for (const job of plan.jobs.values()) {
        if (job.phaseBefore === undefined) this.#writeNew(job);
        else this.#writeChanged(job);
        for (const [task, view] of job.tasks) this.#putTask.run(job.state.key, task, view);
      }
      for (const [key, job] of plan.idempotencyKeys) this.#insertIdempotencyKey.run(key, job);
      for (const event of plan.events) this.#writeEvent(event);
    });
  }

  /** Writes that the files of jobs that have ended are gone. */
  markRemoved(jobs: readonly JobId[], at: number): void {
    this.#transaction(() => {
      for (const id of jobs) this.#markRemoved.run(at, id);
    });
  }

  /** Records that the end of the history was set aside, and that ids up to `lastId` are spent. */
  recordSetAside({ file }: SetAsideTail, lastId: number): void {
    this.#connection.prepare("INSERT INTO set_aside (last_id, file) VALUES (?, ?)")
      .run(lastId, file);
  }

  #transaction(work: () => void): void {
    this.#begin.run();
    try {
      work();
      this.#commit.run();
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#connection.isTransaction) this.#rollback.run();
      throw error;
    }
  }

  #writeNew({ id, state, after }: PlannedJob): void {
    const { key, clusterKey, phase, events, ended } = state;
    const { acceptedAt } = after.view;
    this.#insertJob.run(
      key,
      id,
      clusterKey,
      phase,
      acceptedAt,
      events,
      ended?.id ?? null,
      ended?.at ?? null,
      after.json,
    );
    for (const label of labelTexts(after.view)) {
      this.#insertLabel.run(label, acceptedAt, key, clusterKey, phase);
    }
  }

  #writeChanged({ state, phaseBefore, after }: PlannedJob): void {
    const { key, phase, events, ended } = state;
    this.#updateJob.run(phase, events, ended?.id ?? null, ended?.at ?? null, after.json, key);
    if (phase === phaseBefore) return;
    for (const label of labelTexts(after.view)) this.#updateLabel.run(phase, label, key);
  }

  #writeEvent({ committed, factJson, jobKey, clusterKey }: PlannedEvent): void {
    const { id, index, at } = committed.event;
    if (jobKey === undefined) this.#insertClusterEvent.run(id, clusterKey, index, at, factJson);
    else this.#insertJobEvent.run(id, jobKey, clusterKey, index, at, factJson);
  }
}

/** The labels of a job as they are kept: its user's, and the journal's own. */
function labelTexts(view: JobSummary): readonly string[] {
  const own = Object.entries(view.labels).map(([name, value]) => labelText(name, value));
  return [...own, ...indexTexts(view)];
}
