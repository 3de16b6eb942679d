/**
 * Whether a job is tried again, when, and with what. Pure.
 *
 * @module
 */

import { isFinal } from "../../model/mod.ts";
import type {
  AttemptView,
  JobPhase,
  JobSpec,
  JobView,
  Reason,
  Retry,
  RetryOutcome,
  TaskView,
} from "../../model/mod.ts";

/** How a job, an attempt at it or a task of it ended. */
export type Ending =
  & { readonly phase: JobPhase }
  & Partial<Pick<AttemptView, "state" | "reason" | "exitCode" | "signal">>;

/** Slurm's words for ends that are not the payload's doing. */
const outcomes: Readonly<Record<string, RetryOutcome>> = {
  PREEMPTED: "preempted",
  NODE_FAIL: "node_failed",
  BOOT_FAIL: "node_failed",
  LAUNCH_FAILED: "node_failed",
  RECONFIG_FAIL: "node_failed",
  OUT_OF_MEMORY: "out_of_memory",
};

/** Slurm's reasons for a failure before the payload's first step. */
const notLaunched: readonly (string | undefined)[] = ["JobLaunchFailure", "NodeDown"];

/** The word of a retry policy for an end; `undefined` for one after which nothing is tried again. */
export function retryOutcome({ phase, state, reason }: Ending): RetryOutcome | undefined {
  switch (phase) {
    case "timed_out":
      return "timed_out";
    case "failed":
      return outcomes[state ?? ""] ??
        (notLaunched.includes(reason?.code) ? "node_failed" : "failed");
    case "accepted":
    case "staging":
    case "submitting":
    case "queued":
    case "running":
    case "succeeded":
    case "cancelled":
      return undefined;
  }
}

/** Why an attempt, or a task of it, has ended that the scheduler lost before it began, and never will. */
export const LOST: Reason = {
  code: "SchedulerLostJob",
  text: "The scheduler lost it before it began.",
};

/** Whether an attempt or a task of it has ended so: then another follows, whatever the policy says. */
export function isLost({ phase, reason }: Pick<Ending, "phase" | "reason">): boolean {
  return phase === "failed" && reason?.code === LOST.code;
}

/** Which attempt the present one is for the policy: those that were lost before they began do not count. */
export function countedAttempt({ attempt, attempts }: JobView): number {
  return attempt - attempts.filter(isLost).length;
}

/** Whether the policy has another attempt follow such an end. */
export function covers(retry: Retry, ending: Ending): boolean {
  const outcome = retryOutcome(ending);
  if (outcome === undefined || !retry.on.includes(outcome)) return false;
  if (outcome !== "failed" || retry.exitCodes === undefined) return true;
  const { exitCode, signal } = ending;
  const status = signal === undefined || (exitCode ?? 0) > 0 ? exitCode : 128 + signal;
  return status !== undefined && retry.exitCodes.includes(status);
}

/** Whether the policy has an attempt left that may follow the present one. */
export function attemptsLeft(view: JobView, retry: Retry | undefined): retry is Retry {
  return retry !== undefined && !view.cancelRequested && countedAttempt(view) <= retry.times;
}

/**
 * Whether the task has ended, and is to be tried again once the others have ended too. Components start together
 * or not at all: one is only where nothing of the whole job ever began.
 */
export function isTriedAgain(view: JobView, retry: Retry | undefined, task: TaskView): boolean {
  if (view.cancelRequested || task.cancelRequested === true) return false;
  if (view.components === true) return view.tasks?.every(isLost) === true;
  return isLost(task) || (attemptsLeft(view, retry) && covers(retry, task));
}

/** The wait between an attempt and the next one, in ms. */
export function retryDelayMs(
  { delaySeconds, factor, maxDelaySeconds }: Retry,
  attempt: number,
): number {
  return Math.round(1000 * Math.min(maxDelaySeconds, delaySeconds * factor ** (attempt - 1)));
}

/** Numbers as Slurm takes them for an array, those in a row as a range: `0-3,7`. */
function ranges(numbers: readonly number[]): string {
  const rows: { first: number; last: number }[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const row = rows.at(-1);
    if (row?.last === number - 1) row.last = number;
    else rows.push({ first: number, last: number });
  }
  return rows.map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`).join(",");
}

/** What the present attempt at the job asks for: of an array, from the second on, the open tasks only. */
export function attemptSpec(spec: JobSpec, view: JobView): JobSpec {
  if (view.attempt === 1 || view.tasks === undefined || view.components === true) return spec;
  const open = view.tasks.filter(({ phase }) => !isFinal(phase)).map(({ task }) => task);
  const limit = /%\d+$/.exec(spec.resources.array ?? "")?.[0] ?? "";
  return {
    ...spec,
    count: undefined,
    resources: { ...spec.resources, array: ranges(open) + limit },
  };
}
