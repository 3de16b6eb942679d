/**
 * Planning a batch of submissions. Pure.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import type { AttemptId, JobSpec } from "../model/mod.ts";
import type { Submission, SubmitOutcome } from "./scheduler.ts";

/** A batch with those of its jobs set apart that cannot be run as they are. */
export interface PlannedBatch<Planned> {
  /** The jobs that can be handed over. */
  readonly planned: readonly Planned[];
  /** The outcomes of those that cannot. */
  readonly rejected: readonly SubmitOutcome[];
}

/** Plans every job of a batch; a job that cannot be planned is rejected and holds up no other. */
export function planBatch<Planned>(
  batch: readonly Submission[],
  plan: (attemptId: AttemptId, spec: JobSpec) => Planned,
): PlannedBatch<Planned> {
  const planned: Planned[] = [];
  const rejected: SubmitOutcome[] = [];
  for (const { attemptId, spec } of batch) {
    try {
      planned.push(plan(attemptId, spec));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      rejected.push({ kind: "rejected", attemptId, error });
    }
  }
  return { planned, rejected };
}
