/**
 * The commands that end jobs. Pure.
 *
 * @module
 */

import type { SchedulerId } from "../../model/mod.ts";
import { schedulerIdSchema } from "../../model/mod.ts";
import { formatJobId, scancelArguments, stateMeaning } from "../../slurm/mod.ts";
import type { ScancelMode, SqueueJob } from "../../slurm/mod.ts";
import type { Cancellation } from "../scheduler.ts";
import { forAll } from "./command_lines.ts";

/** Slurm's id of an array task. */
export function taskId(schedulerId: SchedulerId, task: number): SchedulerId {
  return schedulerIdSchema.parse(`${schedulerId}_${task}`);
}

/** Whether it takes a look at the queue to know what is to be ended. */
export function asksQueue({ means, task }: Cancellation): boolean {
  return means.kind === "end_if_waiting" && task !== undefined;
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

/**
 * The lines of shell that end the jobs, one for all that are ended by the same means.
 *
 * @param queue The queue, where {@linkcode asksQueue} says so of any; scancel itself cannot be trusted to
 * tell a task that waits from its neighbours.
 */
export function cancelLines(
  cancellations: readonly Cancellation[],
  queue: readonly SqueueJob[],
): string[] {
  const waiting = new Set(
    queue.filter(({ state }) => state !== undefined && stateMeaning(state).kind === "waiting")
      .map(({ id }) => formatJobId(id)),
  );
  const groups = new Map<string, { readonly mode: ScancelMode; readonly ids: SchedulerId[] }>();
  for (const cancellation of cancellations) {
    const { schedulerId, task } = cancellation;
    const id = task === undefined ? schedulerId : taskId(schedulerId, task);
    const looked = asksQueue(cancellation);
    if (looked && !waiting.has(id)) continue;
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
