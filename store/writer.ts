/**
 * Writes a plan in one transaction.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
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
      `INSERT INTO jobs (key, id, cluster, phase, accepted_at, events, ended, view)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#updateJob = prepare(
      "UPDATE jobs SET phase = ?, events = ?, ended = ?, view = ? WHERE key = ?",
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
    this.#begin.run();
    try {
      for (const [name, { state, isNew }] of plan.clusters) {
        if (isNew) this.#insertCluster.run(state.key, name, state.events);
        else this.#updateCluster.run(state.events, state.key);
      }
      for (const job of plan.jobs.values()) {
        if (job.phaseBefore === undefined) this.#writeNew(job);
        else this.#writeChanged(job);
      }
      for (const event of plan.events) this.#writeEvent(event);
      this.#commit.run();
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#connection.isTransaction) this.#rollback.run();
      throw error;
    }
  }

  /** Records that the end of the history was set aside, and that ids up to `lastId` are spent. */
  recordSetAside({ file }: SetAsideTail, lastId: number): void {
    this.#connection.prepare("INSERT INTO set_aside (last_id, file) VALUES (?, ?)")
      .run(lastId, file);
  }

  #writeNew({ id, state, entry }: PlannedJob): void {
    const { key, clusterKey, phase, events, ended = null } = state;
    const { acceptedAt, labels } = entry.view;
    this.#insertJob.run(key, id, clusterKey, phase, acceptedAt, events, ended, entry.viewJson);
    for (const [name, value] of Object.entries(labels)) {
      this.#insertLabel.run(labelText(name, value), acceptedAt, key, clusterKey, phase);
    }
  }

  #writeChanged({ state, phaseBefore, entry }: PlannedJob): void {
    const { key, phase, events, ended = null } = state;
    this.#updateJob.run(phase, events, ended, entry.viewJson, key);
    if (phase === phaseBefore) return;
    for (const [name, value] of Object.entries(entry.view.labels)) {
      this.#updateLabel.run(phase, labelText(name, value), key);
    }
  }

  #writeEvent({ committed, factJson, jobKey, clusterKey }: PlannedEvent): void {
    const { id, index, at } = committed.event;
    if (jobKey === undefined) this.#insertClusterEvent.run(id, clusterKey, index, at, factJson);
    else this.#insertJobEvent.run(id, jobKey, clusterKey, index, at, factJson);
  }
}
