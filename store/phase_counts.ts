/**
 * Numbers of jobs, kept up to date, so that asking costs nothing.
 *
 * @module
 */

import type { ClusterName, JobPhase } from "../model/mod.ts";

/** How many jobs each cluster has in each phase. */
export class PhaseCounts {
  readonly #byCluster = new Map<ClusterName, Map<JobPhase, number>>();

  /** @param counted What the journal holds. */
  constructor(
    counted: Iterable<{
      readonly cluster: ClusterName;
      readonly phase: JobPhase;
      readonly jobs: number;
    }>,
  ) {
    for (const { cluster, phase, jobs } of counted) this.#add(cluster, phase, jobs);
  }

  /** The numbers; phases without a job are absent. */
  get byCluster(): ReadonlyMap<ClusterName, ReadonlyMap<JobPhase, number>> {
    return this.#byCluster;
  }

  /** Counts a job's step from one phase to another; from undefined where it is new. */
  move(cluster: ClusterName, from: JobPhase | undefined, to: JobPhase): void {
    if (from === to) return;
    if (from !== undefined) this.#add(cluster, from, -1);
    this.#add(cluster, to, 1);
  }

  #add(cluster: ClusterName, phase: JobPhase, jobs: number): void {
    const phases = this.#byCluster.get(cluster) ?? new Map<JobPhase, number>();
    this.#byCluster.set(cluster, phases);
    const sum = (phases.get(phase) ?? 0) + jobs;
    if (sum === 0) phases.delete(phase);
    else phases.set(phase, sum);
  }
}
