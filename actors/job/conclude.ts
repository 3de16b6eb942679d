/**
 * What follows when an attempt at a job has ended: its end, or another attempt. Pure.
 *
 * @module
 */

import { arrayPhase, isFinal } from "../../model/mod.ts";
import type { JobFact, JobView, Retry, TaskView } from "../../model/mod.ts";
import type { Facts } from "./facts.ts";
import {
  attemptsLeft,
  countedAttempt,
  covers,
  isLost,
  isTriedAgain,
  retryDelayMs,
} from "./retry.ts";

/** The fact that a job or a task of it has ended. */
export type Ended = Extract<JobFact, { type: "ended" }>;

function attemptEnded(
  { task: _task, error: _error, ...end }: Ended,
  view: JobView,
  retry: Retry | undefined,
  now: number,
  tasks: number[] | undefined,
): JobFact {
  return {
    ...end,
    type: "attempt_ended",
    attempt: view.attempt,
    tasks,
    retryAt: retry === undefined || isLost(end)
      ? now
      : now + retryDelayMs(retry, countedAttempt(view)),
  };
}

/** The end of a job that is no array, or of the present attempt at it. */
export function concludeJob(
  facts: Facts,
  end: Ended,
  retry: Retry | undefined,
  now: number,
): void {
  const { view } = facts;
  const again = isLost(end)
    ? !view.cancelRequested
    : attemptsLeft(view, retry) && covers(retry, end);
  facts.add(again ? attemptEnded(end, view, retry, now, undefined) : end);
}

/** The verdict on an array whose last task has ended. */
function arrayVerdict(view: JobView, now: number): Ended | undefined {
  if (view.tasks === undefined || isFinal(view.phase)) return undefined;
  const phase = arrayPhase(view.taskPhases ?? {});
  if (!isFinal(phase)) return undefined;
  const decisive = view.tasks.find((task) => task.phase === phase);
  const endings = view.tasks.flatMap((task) => task.endedAt === undefined ? [] : [task.endedAt]);
  const starts = view.tasks.flatMap((task) => task.startedAt === undefined ? [] : [task.startedAt]);
  return {
    type: "ended",
    phase,
    state: decisive?.state,
    reason: decisive?.reason,
    exitCode: decisive?.exitCode,
    signal: decisive?.signal,
    nodes: [],
    // Not as arguments of one call, which has room for so many only.
    startedAt: starts.length > 0 ? starts.reduce((a, b) => Math.min(a, b)) : undefined,
    endedAt: endings.length > 0 ? endings.reduce((a, b) => Math.max(a, b)) : now,
  };
}

/**
 * The end of the present attempt at an array some tasks of which are tried again. Where some of those were
 * lost it is that of the others: the attempt is lost only if nothing else is tried again.
 */
function endOfAttempt(end: Ended, again: readonly TaskView[]): Ended {
  if (!again.some(isLost)) return end;
  const decisive = again.find((task) => !isLost(task)) ?? again[0];
  if (decisive === undefined || !isFinal(decisive.phase)) return end;
  const { phase, state, reason, exitCode, signal } = decisive;
  return { ...end, phase, state, reason, exitCode, signal };
}

/** The end of an array, or of the present attempt at it, once all of its tasks have ended. */
export function concludeArray(facts: Facts, retry: Retry | undefined, now: number): void {
  const { view } = facts;
  const end = arrayVerdict(view, now);
  if (end === undefined) return;
  const again = view.tasks?.filter((task) => isTriedAgain(view, retry, task)) ?? [];
  facts.add(
    again.length > 0
      ? attemptEnded(endOfAttempt(end, again), view, retry, now, again.map(({ task }) => task))
      : end,
  );
}
