/**
 * What polls see of simulated jobs, and what the jobs' scripts say.
 *
 * @module
 */

import { attemptId } from "../../model/mod.ts";
import type { JobFact } from "../../model/mod.ts";
import type { Observation, RunRecord, Sighting } from "../../schedulers/mod.ts";
import { EPOCH, jobNumber } from "./simulated_job.ts";
import type { SimulatedJob } from "./simulated_job.ts";

/** A job that waits in the queue. */
export const waiting = {
  kind: "waiting",
  state: "PENDING",
  reason: { code: "Resources", text: "It waits for resources." },
} as const satisfies Sighting;

/** A job that runs. */
export const active = {
  kind: "active",
  state: "RUNNING",
  nodes: ["n1"],
  startedAt: EPOCH,
} as const satisfies Sighting;

/** A job that has left the queue. */
export const missing = {
  kind: "missing",
  reason: { code: "LeftQueue", text: "It is gone." },
} as const satisfies Sighting;

/** A job that has ended well. */
export const succeeded = {
  kind: "ended",
  phase: "succeeded",
  state: "COMPLETED",
  exitCode: 0,
  nodes: ["n1"],
} as const satisfies Sighting;

/** Has a poll that began at `askedAt` see the job. @param askedAt Milliseconds since {@linkcode EPOCH}. Default: now. */
export function see(job: SimulatedJob, sighting: Sighting, askedAt = job.time): readonly JobFact[] {
  return seeAll(job, [{ attemptId: attemptId(job.id, 1), sighting }], askedAt);
}

/** Has a poll see parts of the job. */
export function seeAll(
  job: SimulatedJob,
  observations: readonly Observation[],
  askedAt = job.time,
): readonly JobFact[] {
  return job.tell({ type: "sighted", askedAt: EPOCH + askedAt, observations });
}

/** What a poll sees of a task of the first attempt. */
export const seeTask = (task: number, sighting: Sighting): Observation => ({
  attemptId: attemptId(jobNumber(1), 1),
  task,
  sighting,
});

/** Has a line of the job's script come: that of its start, or that of its end with status 3. */
export function push(job: SimulatedJob, kind: "start" | "end", more: Partial<RunRecord> = {}) {
  const head = { attemptId: attemptId(job.id, 1), restart: 0, ...more };
  const record: RunRecord = kind === "start"
    ? { ...head, kind: "start", at: EPOCH + job.time }
    : { ...head, kind: "end", exitCode: 3 };
  return job.tell({ type: "pushed", records: [record] });
}
