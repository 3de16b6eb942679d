/**
 * What a job asks of others so that it, or a part of it, ends: on request, or since it was missing for too long.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type { ActorContext } from "../kernel/mod.ts";
import { wantedEnds } from "./cancel.ts";
import type { JobEffects } from "./job_effects.ts";
import type { JobMessage } from "./job_messages.ts";
import { isWished, presentAttempt } from "./job_state.ts";
import type { JobState } from "./job_state.ts";
import { lostParts } from "./lost.ts";
import { givingUp } from "./memory.ts";

type Context = Pick<ActorContext<JobMessage>, "clock" | "self">;

/** A cancellation that the scheduler has not carried out is sent again after this long, in ms. */
const CANCEL_AGAIN_MS = 10_000;

/** No end has been sent for yet. */
export const NOTHING_SENT: ReadonlyMap<string, number> = new Map();

/** Has what is to be ended ended: what is new at once, what was asked for before now and then. */
export function cancelWhereWanted(
  effects: JobEffects,
  state: JobState,
  ctx: Context,
): JobState {
  const { view } = state;
  const { schedulerId, components } = view;
  if (isFinal(view.phase)) return state;
  if (!isWished(state)) {
    return state.cancelsSent.size === 0 ? state : { ...state, cancelsSent: NOTHING_SENT };
  }
  if (schedulerId === undefined) {
    if (view.cancelRequested) effects.withdraw(presentAttempt(view));
    return state;
  }
  const now = ctx.clock.now();
  const cancelsSent = new Map<string, number>();
  for (const wanted of wantedEnds(view, now)) {
    const key = JSON.stringify(wanted);
    const sentAt = state.cancelsSent.get(key);
    const again = sentAt === undefined || now - sentAt >= CANCEL_AGAIN_MS;
    cancelsSent.set(key, again ? now : sentAt);
    if (!again) continue;
    const ofComponent = components === undefined ? {} : { components };
    effects.cancel(
      { attemptId: presentAttempt(view), schedulerId, ...wanted, ...ofComponent },
      ctx.self,
    );
    effects.nudge();
  }
  return { ...state, cancelsSent };
}

/** Gives up what has been missing for too long. */
export function giveUpWhereLost(
  effects: JobEffects,
  state: JobState,
  message: Extract<JobMessage, { type: "sighted" }>,
  ctx: Context,
): JobState {
  const { view, memory } = state;
  const lost = lostParts(view, memory, message);
  if (lost.length === 0 || view.schedulerId === undefined) return state;
  const job = { attemptId: presentAttempt(view), schedulerId: view.schedulerId };
  effects.giveUp(view.tasks === undefined ? job : { ...job, tasks: lost }, ctx.self);
  return { ...state, memory: givingUp(memory, lost, message.askedAt) };
}
