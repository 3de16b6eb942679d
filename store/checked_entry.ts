/**
 * Entries that are fit to be written.
 *
 * @module
 */

import type { ClusterFact, ClusterName, JobFact, JobId, JobSummary } from "../model/mod.ts";
import {
  clusterFactSchema,
  jobFactSchema,
  jobSummarySchema,
  taskViewSchema,
} from "../model/mod.ts";
import type { JobEntry, JournalEntry } from "./entry.ts";
import { JournalConflictError } from "./errors.ts";

/** A job's entry that the schemas have accepted, with its JSON. */
export interface CheckedJobEntry {
  readonly kind: "job";
  readonly jobId: JobId;
  readonly cluster: ClusterName;
  readonly index: number;
  readonly at: number;
  readonly fact: JobFact;
  readonly factJson: string;
  /** Undefined where a later entry of the same call has it. */
  readonly after: CheckedView | undefined;
  /** The JSON of the tasks that have changed, by their numbers. */
  readonly tasks: ReadonlyMap<number, string>;
}

/** A job after a fact, with its JSON. */
export interface CheckedView {
  readonly view: JobSummary;
  readonly json: string;
}

/** A cluster's entry that the schemas have accepted, with its JSON. */
export interface CheckedClusterEntry {
  readonly kind: "cluster";
  readonly cluster: ClusterName;
  readonly at: number;
  readonly fact: ClusterFact;
  readonly factJson: string;
}

/** An entry that the schemas have accepted. It shares nothing that its author could still change. */
export type CheckedEntry = CheckedJobEntry | CheckedClusterEntry;

/** The value as it will be read back: a key without a value, such as `task: undefined`, is gone. */
function asRead(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const noTasks: ReadonlyMap<number, string> = new Map();

function checkTasks({ jobId, index, tasks = [] }: JobEntry): ReadonlyMap<number, string> {
  if (tasks.length === 0) return noTasks;
  return new Map(tasks.map((task) => {
    const checked = taskViewSchema.safeParse(task);
    if (!checked.success) {
      throw new JournalConflictError(
        `task ${task.task} of job ${jobId} at event ${index} does not fit its schema`,
        checked.error,
      );
    }
    return [checked.data.task, JSON.stringify(checked.data)];
  }));
}

function checkView({ jobId, cluster, index, view }: JobEntry): CheckedView | undefined {
  if (view === undefined) return undefined;
  const checked = jobSummarySchema.safeParse(view);
  if (!checked.success) {
    throw new JournalConflictError(
      `the view of job ${jobId} at event ${index} does not fit its schema`,
      checked.error,
    );
  }
  const { id, cluster: of, events } = checked.data;
  if (id !== jobId || of !== cluster || events !== index) {
    throw new JournalConflictError(
      `event ${index} of job ${jobId} and its view contradict each other`,
    );
  }
  return { view: checked.data, json: JSON.stringify(checked.data) };
}

/**
 * Checks an entry as it will be checked when it is read back: what could not be read is not written.
 *
 * @throws {JournalConflictError} if it could not be.
 */
export function checkEntry(entry: JournalEntry): CheckedEntry {
  if (!Number.isFinite(entry.at)) throw new JournalConflictError(`'at' is ${entry.at}`);
  switch (entry.kind) {
    case "job": {
      const { kind, jobId, cluster, index, at } = entry;
      const fact = jobFactSchema.safeParse(asRead(entry.fact));
      if (!fact.success) {
        throw new JournalConflictError(
          `event ${index} of job ${jobId} does not fit its schema`,
          fact.error,
        );
      }
      if ((index === 1) !== (fact.data.type === "accepted")) {
        throw new JournalConflictError(`event ${index} of job ${jobId} is '${fact.data.type}'`);
      }
      return {
        kind,
        jobId,
        cluster,
        index,
        at,
        fact: fact.data,
        factJson: JSON.stringify(fact.data),
        after: checkView(entry),
        tasks: checkTasks(entry),
      };
    }
    case "cluster": {
      const { kind, cluster, at } = entry;
      const fact = clusterFactSchema.safeParse(asRead(entry.fact));
      if (!fact.success) {
        throw new JournalConflictError(
          `a fact of cluster ${cluster} does not fit its schema`,
          fact.error,
        );
      }
      return { kind, cluster, at, fact: fact.data, factJson: JSON.stringify(fact.data) };
    }
  }
}
