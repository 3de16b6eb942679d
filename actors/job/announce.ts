/**
 * What a job tells those it works with when it has changed, and whether it asks to be told of itself again.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type { JobView, TaskView } from "../../model/mod.ts";
import type { ActorContext } from "../kernel/mod.ts";
import type { JobEffects } from "./job_effects.ts";
import type { JobMessage } from "./job_messages.ts";
import { awaitsVerdict, isWished, presentAttempt } from "./job_state.ts";
import type { JobState } from "./job_state.ts";
import { isTriedAgain } from "./retry.ts";
import { saysMoreLater } from "./sighted.ts";
import { taskOf } from "./tasks.ts";
import { isWatchedAnew, watched } from "./watched.ts";

type Context = Pick<ActorContext<JobMessage>, "self">;

/**
 * Tells those it works with what is new about the job.
 *
 * @param changed The tasks that have changed.
 * @param seen Whether a poll has told it, so that what the poller has said last is what it knows.
 */
export function announce(
  effects: JobEffects,
  before: JobView,
  { view, terms }: JobState,
  changed: readonly TaskView[],
  seen: boolean,
  ctx: Context,
): void {
  if (view.allocation !== undefined) effects.allocation(view, ctx.self);
  const taken = before.schedulerId === undefined && view.schedulerId !== undefined;
  if (view.framework !== undefined && (taken || isFinal(view.phase))) effects.clusterSettled(view);
  if (isFinal(view.phase)) return effects.ended(presentAttempt(view), ctx.self);
  if (before.attempt !== view.attempt) effects.unwatch(presentAttempt(before));
  for (const task of changed) {
    const earlier = taskOf(before, task.task)?.phase;
    if (!isFinal(task.phase) || earlier === task.phase) continue;
    if (!isTriedAgain(view, terms.retry, task)) effects.taskEnded(view.id, task.task);
  }
  const anew = !seen || isWatchedAnew(before, view, changed);
  const wanted = anew ? watched(view, terms) : undefined;
  if (wanted !== undefined) effects.watch(wanted, ctx.self);
  if (taken) effects.nudge();
}

/**
 * Asks to be told at the next poll too, unless the same words would say nothing to it then. What has to
 * last to be believed is told each time without being asked for.
 */
export function hearAgainUnlessContent(
  effects: JobEffects,
  state: JobState,
  message: Extract<JobMessage, { type: "sighted" }>,
  ctx: Context,
): void {
  const { view, terms } = state;
  const waits = awaitsVerdict(state) || isWished(state) || view.unknownSince !== undefined;
  if (!waits && !saysMoreLater(view, message)) return;
  const wanted = watched(view, terms);
  if (wanted !== undefined) effects.watch(wanted, ctx.self);
}
