/**
 * What is to be known of a job for its figures to be found. Pure.
 *
 * @module
 */

import { attemptId, isFinal } from "../model/mod.ts";
import type { JobPhase, JobView, SchedulerId } from "../model/mod.ts";
import type { MeteredJob, MeteredPart } from "../schedulers/mod.ts";

/** A job or a part of it, as its history has it. */
interface Part {
  readonly task?: number;
  readonly schedulerId?: SchedulerId | undefined;
  readonly phase: JobPhase;
  readonly nodes: readonly string[];
  readonly startedAt?: number | undefined;
}

/** A job whose figures are wanted; `undefined` for one that no scheduler has taken yet. */
export function meteredJob(view: JobView): MeteredJob | undefined {
  const { id, session, components, tasks } = view;
  const attempts = [
    ...view.attempts,
    { attempt: view.attempt, schedulerId: view.schedulerId },
  ];
  /** The attempt that a part ran in last: a task that was not tried again ran in an earlier one. */
  const attemptOf = ({ task, schedulerId }: Part) =>
    attempts.find((attempt) =>
      attempt.schedulerId !== undefined &&
      schedulerId ===
        `${attempt.schedulerId}${
          task === undefined ? "" : `${components === true ? "+" : "_"}${task}`
        }`
    );
  const parts = (tasks ?? [single(view)]).flatMap((part: Part): MeteredPart[] => {
    const attempt = attemptOf(part);
    if (attempt?.schedulerId === undefined) return [];
    const { task, phase, nodes, startedAt } = part;
    return [{
      ...(task === undefined ? {} : { task }),
      attemptId: attemptId(id, attempt.attempt),
      schedulerId: attempt.schedulerId,
      running: phase === "running",
      final: isFinal(phase),
      succeeded: phase === "succeeded",
      nodes: nodes.length,
      ...(startedAt === undefined ? {} : { startedAt }),
    }];
  });
  if (parts.length === 0) return undefined;
  return {
    ...(session === undefined ? {} : { session }),
    ...(components === undefined ? {} : { components }),
    parts,
  };
}

/** A job without parts, as its only part. */
function single({ schedulerId, phase, nodes, startedAt }: JobView): Part {
  return { schedulerId, phase, nodes, startedAt };
}
