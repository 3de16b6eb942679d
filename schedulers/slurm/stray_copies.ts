/**
 * Finds copies of jobs in the queue that would run nothing. Pure.
 *
 * @module
 */

import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import { schedulerIdSchema } from "../../model/mod.ts";
import { parseComment, stateMeaning } from "../../slurm/mod.ts";
import type { SqueueJob } from "../../slurm/mod.ts";
import type { Watched } from "../scheduler.ts";

/**
 * Slurm's ids of jobs that carry the mark of a watched attempt and are not the one on record. Only the one
 * on record ever runs; a copy would wait for its turn, take a place, and end at once.
 */
export function strayCopies(
  queue: readonly SqueueJob[],
  watched: readonly Watched[],
): SchedulerId[] {
  const onRecord = new Map<AttemptId, SchedulerId>(
    watched.map(({ attemptId, schedulerId }) => [attemptId, schedulerId]),
  );
  const strays = new Set<SchedulerId>();
  for (const { id, comment, state } of queue) {
    const attemptId = parseComment(comment);
    const known = attemptId === undefined ? undefined : onRecord.get(attemptId);
    const live = state === undefined || stateMeaning(state).kind !== "ended";
    if (known === undefined || !live || known === String(id.job)) continue;
    strays.add(schedulerIdSchema.parse(String(id.job)));
  }
  return [...strays];
}
