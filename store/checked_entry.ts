/**
 * Entries that are fit to be written.
 *
 * @module
 */

import type { ClusterFact, ClusterName, JobFact, JobId, JobView } from "../model/mod.ts";
import { clusterFactSchema, jobFactSchema, jobViewSchema } from "../model/mod.ts";
import type { JournalEntry } from "./entry.ts";
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
  readonly view: JobView;
  readonly viewJson: string;
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
      const view = jobViewSchema.safeParse(entry.view);
      const error = fact.error ?? view.error;
      if (!fact.success || !view.success) {
        throw new JournalConflictError(
          `event ${index} of job ${jobId} does not fit its schema`,
          error,
        );
      }
      if (
        view.data.id !== jobId || view.data.cluster !== cluster || view.data.events !== index ||
        (index === 1) !== (fact.data.type === "accepted")
      ) {
        throw new JournalConflictError(
          `event ${index} of job ${jobId} (${fact.data.type}) and its view contradict each other`,
        );
      }
      return {
        kind,
        jobId,
        cluster,
        index,
        at,
        fact: fact.data,
        factJson: JSON.stringify(fact.data),
        view: view.data,
        viewJson: JSON.stringify(view.data),
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
