/**
 * The small closed set of phases a job goes through.
 *
 * @module
 */

import { z } from "zod";

/** Phases in the order in which a job meets them; the last four are final. */
export const jobPhases = [
  "accepted",
  "staging",
  "submitting",
  "queued",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "timed_out",
] as const;

/** Where a job stands. Slurm's own word for it is kept beside, as `state`. */
export const jobPhaseSchema = z.enum(jobPhases).describe("Where the job stands.");
/** See {@linkcode jobPhaseSchema}. */
export type JobPhase = z.infer<typeof jobPhaseSchema>;

/** Phases that a job never leaves. */
export const finalPhaseSchema = jobPhaseSchema.extract([
  "succeeded",
  "failed",
  "cancelled",
  "timed_out",
]);
/** See {@linkcode finalPhaseSchema}. */
export type FinalPhase = z.infer<typeof finalPhaseSchema>;

/** Whether the phase is one that a job never leaves. */
export function isFinal(phase: JobPhase): phase is FinalPhase {
  switch (phase) {
    case "succeeded":
    case "failed":
    case "cancelled":
    case "timed_out":
      return true;
    case "accepted":
    case "staging":
    case "submitting":
    case "queued":
    case "running":
      return false;
  }
}

/**
 * The phase of a whole array, from the phases of its tasks: running while one runs, queued while one
 * waits, and then the worst of the verdicts.
 *
 * @param tasks How many tasks are in each phase.
 */
export function arrayPhase(tasks: Readonly<Partial<Record<JobPhase, number>>>): JobPhase {
  const order: readonly JobPhase[] = [
    "running",
    "queued",
    "submitting",
    "staging",
    "accepted",
    "failed",
    "timed_out",
    "cancelled",
  ];
  return order.find((phase) => (tasks[phase] ?? 0) > 0) ?? "succeeded";
}
