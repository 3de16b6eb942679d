/**
 * What can be appended to the journal.
 *
 * @module
 */

import type { ClusterFact, ClusterName, JobFact, JobId, JobView } from "../model/mod.ts";

/** A fact of a job, with the job as it stands after the fact. */
export interface JobEntry {
  readonly kind: "job";
  /** The job; unknown to the journal where `index` is 1. */
  readonly jobId: JobId;
  /** The job's cluster, which never changes. */
  readonly cluster: ClusterName;
  /** Number of the event within the job: one more than it had. The first is `accepted`. */
  readonly index: number;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** What happened. After `ended` without a task nothing more may come. */
  readonly fact: JobFact;
  /** The job after the fact. Its labels and time of acceptance are those of the first event. */
  readonly view: JobView;
}

/** A fact of a cluster. The journal numbers it. */
export interface ClusterEntry {
  readonly kind: "cluster";
  /** The cluster. */
  readonly cluster: ClusterName;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** What happened. */
  readonly fact: ClusterFact;
}

/** What can be appended to the journal. */
export type JournalEntry = JobEntry | ClusterEntry;

/** Whether nothing can follow the fact in its job's history. */
export function isFinalFact(fact: JobFact): boolean {
  return fact.type === "ended" && fact.task === undefined;
}
