/**
 * What can be appended to the journal.
 *
 * @module
 */

import type {
  ClusterFact,
  ClusterName,
  JobFact,
  JobId,
  JobSummary,
  TaskView,
} from "../model/mod.ts";

/**
 * A fact of a job, with the job as it stands after the fact. Of an array only those tasks come with it that
 * have changed, so that what one task does costs no more in an array of thousands.
 */
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
  /**
   * The job after the fact, without its tasks. Its labels and time of acceptance are those of the first
   * event. Where more facts of the job follow in the same call, only the last one needs it.
   */
  readonly view?: JobSummary;
  /** The tasks of an array that are new, or not as they were at the last entry that had tasks. */
  readonly tasks?: readonly TaskView[];
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
