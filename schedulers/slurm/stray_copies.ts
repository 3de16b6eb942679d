/**
 * Finds copies of jobs in the queue that would run nothing. Pure.
 *
 * @module
 */

import type { JobId, SchedulerId } from "../../model/mod.ts";
import { attemptParts, schedulerIdSchema } from "../../model/mod.ts";
import type { Watched } from "../scheduler.ts";
import type { Queue } from "./queue.ts";

interface OnRecord {
  readonly attempt: number;
  readonly schedulerId: SchedulerId;
}

/** The jobs that are watched, so that they are not gone through at every poll while they are the same. */
const records = new WeakMap<readonly Watched[], ReadonlyMap<JobId, OnRecord>>();

function onRecord(watched: readonly Watched[]): ReadonlyMap<JobId, OnRecord> {
  let jobs = records.get(watched);
  if (jobs === undefined) {
    jobs = new Map(watched.map(({ attemptId, schedulerId }) => {
      const { jobId, attempt } = attemptParts(attemptId);
      return [jobId, { attempt, schedulerId }];
    }));
    records.set(watched, jobs);
  }
  return jobs;
}

/**
 * Slurm's ids of jobs that carry the mark of a watched attempt and are not the one on record, or that of an
 * attempt before it, which was given up. None of them ever runs anything: it would wait for its turn, take a
 * place, and end at once.
 */
export function strayCopies(queue: Queue, watched: readonly Watched[]): SchedulerId[] {
  const known = onRecord(watched);
  const strays = new Set<SchedulerId>();
  for (const { job: { id }, jobId, attempt, live } of queue.lines()) {
    const present = live ? known.get(jobId) : undefined;
    const own = present?.attempt === attempt && present.schedulerId === String(id.job);
    if (present === undefined || own || attempt > present.attempt) continue;
    strays.add(schedulerIdSchema.parse(String(id.job)));
  }
  return [...strays];
}
