/**
 * What the journal is given of a job.
 *
 * @module
 */

import type { JobFact, JobView, TaskView } from "../../model/mod.ts";
import type { JobEntry } from "../../store/mod.ts";

/**
 * The entries of facts that one input led to.
 *
 * @param after The job after the last fact.
 * @param changed Its tasks that are not as they were before the first one.
 */
export function jobEntries(
  facts: readonly JobFact[],
  after: JobView,
  changed: readonly TaskView[],
): readonly JobEntry[] {
  const { id: jobId, cluster, updatedAt: at } = after;
  const first = after.events - facts.length + 1;
  return facts.map((fact, place): JobEntry => {
    const entry = { kind: "job", jobId, cluster, index: first + place, at, fact } as const;
    return place < facts.length - 1 ? entry : { ...entry, view: after, tasks: changed };
  });
}
