/**
 * What the journal is given of a job.
 *
 * @module
 */

import type { JobFact, JobView } from "../../model/mod.ts";
import type { JobEntry } from "../../store/mod.ts";
import { changedTasks } from "./tasks.ts";

/**
 * The entries of facts that one input led to, with the job after the last of them and, of an array, the
 * tasks that have changed.
 *
 * @param before The job before the first fact; `undefined` where that is its acceptance.
 * @param after The job after the last one.
 */
export function jobEntries(
  before: JobView | undefined,
  facts: readonly JobFact[],
  after: JobView,
): readonly JobEntry[] {
  const { id: jobId, cluster, updatedAt: at } = after;
  const first = (before?.events ?? 0) + 1;
  return facts.map((fact, place): JobEntry => {
    const entry = { kind: "job", jobId, cluster, index: first + place, at, fact } as const;
    if (place < facts.length - 1) return entry;
    const tasks = before === undefined ? after.tasks ?? [] : changedTasks(before, after);
    return { ...entry, view: after, tasks };
  });
}
