/**
 * Finds copies of jobs in the queue that would run nothing. Pure.
 *
 * @module
 */

import type { SchedulerId } from "../../model/mod.ts";
import { attemptParts, schedulerIdSchema } from "../../model/mod.ts";
import { parseComment, stateMeaning } from "../../slurm/mod.ts";
import type { SqueueJob } from "../../slurm/mod.ts";
import type { Watched } from "../scheduler.ts";

/**
 * Slurm's ids of jobs that carry the mark of a watched attempt and are not the one on record, or that of an
 * attempt before it, which was given up. None of them ever runs anything: it would wait for its turn, take a
 * place, and end at once.
 */
export function strayCopies(
  queue: readonly SqueueJob[],
  watched: readonly Watched[],
): SchedulerId[] {
  const onRecord = new Map(
    watched.map(({ attemptId, schedulerId }) => {
      const { jobId, attempt } = attemptParts(attemptId);
      return [jobId, { attempt, schedulerId }];
    }),
  );
  const strays = new Set<SchedulerId>();
  for (const { id, comment, state } of queue) {
    const mark = parseComment(comment);
    const live = state === undefined || stateMeaning(state).kind !== "ended";
    if (mark === undefined || !live) continue;
    const { jobId, attempt } = attemptParts(mark);
    const known = onRecord.get(jobId);
    const own = known?.attempt === attempt && known.schedulerId === String(id.job);
    if (known === undefined || own || attempt > known.attempt) continue;
    strays.add(schedulerIdSchema.parse(String(id.job)));
  }
  return [...strays];
}
