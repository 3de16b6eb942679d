/**
 * Reads what the database returns: nothing leaves it that a schema has not accepted.
 *
 * @module
 */

import type { SQLOutputValue } from "node:sqlite";
import type { z } from "zod";
import type {
  ClusterEvent,
  ClusterName,
  JobEvent,
  JobId,
  JobSummary,
  TaskView,
} from "../model/mod.ts";
import {
  clusterFactSchema,
  clusterNameSchema,
  jobFactSchema,
  jobIdSchema,
  jobSummarySchema,
  taskViewSchema,
} from "../model/mod.ts";
import { JournalCorruptError } from "./errors.ts";

/** One row, by column. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Turns rows of one journal file into values, and says which row is damaged. */
export class RowReader {
  readonly #path: string;

  /** @param path File of the journal, for errors. */
  constructor(path: string) {
    this.#path = path;
  }

  /** A number column. `where` names the row for people. */
  number(row: Row | undefined, column: string, where: string): number {
    const value = row?.[column];
    if (typeof value !== "number") throw this.#damaged(where, `'${column}' is not a number`);
    return value;
  }

  /** A text column. */
  text(row: Row | undefined, column: string, where: string): string {
    const value = row?.[column];
    if (typeof value !== "string") throw this.#damaged(where, `'${column}' is not a text`);
    return value;
  }

  /** A job's event from the columns id, number, at, fact, job_id and cluster_name. */
  jobEvent(row: Row): JobEvent {
    const id = this.number(row, "id", "an event of a job");
    const where = `event ${id}`;
    return {
      id,
      at: this.number(row, "at", where),
      index: this.number(row, "number", where),
      cluster: this.clusterName(row, where),
      jobId: this.jobId(row, where),
      fact: this.json(jobFactSchema, row, "fact", where),
    };
  }

  /** A cluster's event from the columns id, number, at, fact and cluster_name. */
  clusterEvent(row: Row): ClusterEvent {
    const id = this.number(row, "id", "an event of a cluster");
    const where = `event ${id}`;
    return {
      id,
      at: this.number(row, "at", where),
      index: this.number(row, "number", where),
      cluster: this.clusterName(row, where),
      fact: this.json(clusterFactSchema, row, "fact", where),
    };
  }

  /** A job without its tasks from the columns job_id and view. */
  summary(row: Row): JobSummary {
    return this.json(jobSummarySchema, row, "view", `job ${this.text(row, "job_id", "a job")}`);
  }

  /** A task of an array from the columns task and view. @param job Names the array for people. */
  task(row: Row, job: string): TaskView {
    const where = `task ${this.number(row, "task", `a task of ${job}`)} of ${job}`;
    return this.json(taskViewSchema, row, "view", where);
  }

  /** The column cluster_name. */
  clusterName(row: Row, where: string): ClusterName {
    return this.#checked(clusterNameSchema, this.text(row, "cluster_name", where), where);
  }

  /** The column job_id. */
  jobId(row: Row, where: string): JobId {
    return this.#checked(jobIdSchema, this.text(row, "job_id", where), where);
  }

  /** A column of JSON that a schema describes. */
  json<Schema extends z.ZodType>(
    schema: Schema,
    row: Row,
    column: string,
    where: string,
  ): z.output<Schema> {
    const text = this.text(row, column, where);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.#damaged(where, `'${column}' is not JSON`, error);
    }
    return this.#checked(schema, value, where);
  }

  #checked<Schema extends z.ZodType>(
    schema: Schema,
    value: unknown,
    where: string,
  ): z.output<Schema> {
    const result = schema.safeParse(value);
    if (!result.success) {
      const [issue] = result.error.issues;
      const place = issue === undefined || issue.path.length === 0
        ? ""
        : `${issue.path.join(".")}: `;
      throw this.#damaged(where, `${place}${issue?.message ?? "invalid"}`, result.error);
    }
    return result.data;
  }

  #damaged(where: string, what: string, cause?: unknown): JournalCorruptError {
    return new JournalCorruptError(this.#path, `${where}: ${what}`, cause);
  }
}
