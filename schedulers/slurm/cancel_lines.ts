/**
 * The commands that end jobs. Pure.
 *
 * @module
 */

import type { AttemptId, SchedulerId } from "../../model/mod.ts";
import { schedulerIdSchema } from "../../model/mod.ts";
import { formatJobId, parseComment, scancelArguments, stateMeaning } from "../../slurm/mod.ts";
import type { ScancelMode, SqueueJob } from "../../slurm/mod.ts";
import type { Cancellation } from "../scheduler.ts";
import { forAll } from "./command_lines.ts";

/** Slurm's id of an array task, or of a component of a heterogeneous job. */
export function partId(
  schedulerId: SchedulerId,
  task: number,
  kind: "task" | "component",
): SchedulerId {
  return schedulerIdSchema.parse(`${schedulerId}${kind === "task" ? "_" : "+"}${task}`);
}

function modeOf({ means }: Cancellation): ScancelMode {
  switch (means.kind) {
    case "end":
    case "end_if_waiting":
      return means.kind;
    case "signal":
      return { signal: means.signal };
  }
}

/** An attempt with an id of Slurm's: ids are used again, and then are another job's. */
function marked(attemptId: AttemptId, id: SchedulerId): string {
  return `${attemptId} ${id}`;
}

/** The attempts and tasks that the queue has: of an array with any task in it, the array too. */
function inQueue(jobs: readonly SqueueJob[]): ReadonlySet<string> {
  return new Set(jobs.flatMap(({ id, comment }) => {
    const attemptId = parseComment(comment);
    if (attemptId === undefined) return [];
    const whole = schedulerIdSchema.parse(String(id.job));
    return [marked(attemptId, whole), marked(attemptId, formatJobId(id))];
  }));
}

/**
 * The lines of shell that end the jobs, one for all that are ended by the same means. What the queue does
 * not have, or has under the mark of another job, is left alone.
 *
 * @param queue The queue as it is now.
 */
export function cancelLines(
  cancellations: readonly Cancellation[],
  queue: readonly SqueueJob[],
): string[] {
  const present = inQueue(queue);
  const waiting = inQueue(
    queue.filter(({ state }) => state !== undefined && stateMeaning(state).kind === "waiting"),
  );
  const groups = new Map<string, { readonly mode: ScancelMode; readonly ids: SchedulerId[] }>();
  for (const cancellation of cancellations) {
    const { attemptId, schedulerId, task, means } = cancellation;
    const id = task === undefined ? schedulerId : partId(schedulerId, task, "task");
    // scancel itself cannot be trusted to tell a task that waits from its neighbours.
    const looked = means.kind === "end_if_waiting" && task !== undefined;
    if (!(looked ? waiting : present).has(marked(attemptId, id))) continue;
    const mode = looked ? "end" : modeOf(cancellation);
    const key = JSON.stringify(mode);
    const group = groups.get(key) ?? { mode, ids: [] };
    groups.set(key, group);
    group.ids.push(id);
  }
  return [...groups.values()].flatMap(({ mode, ids }) =>
    forAll(ids, (some) => scancelArguments(some, mode))
  );
}
