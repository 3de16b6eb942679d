/**
 * What becomes of parts of a job that the scheduler has lost: they are given up, so that those that have
 * not begun never will. Pure.
 *
 * @module
 */

import { attemptId, isFinal } from "../../model/mod.ts";
import type { JobView, Reason, Retry } from "../../model/mod.ts";
import type { GivenUp } from "../../schedulers/mod.ts";
import { concludeArray, concludeJob } from "./conclude.ts";
import type { Ended } from "./conclude.ts";
import type { Facts } from "./facts.ts";
import { JOB_ITSELF, MemoryDraft } from "./memory.ts";
import type { JobMemory } from "./memory.ts";
import { LOST } from "./retry.ts";
import { mayNotHaveRun, MISSING_GRACE_MS } from "./sighted.ts";
import type { Sighted } from "./sighted.ts";
import { taskOf } from "./tasks.ts";

const CANCELLED: Reason = {
  code: "Cancelled",
  text: "It was cancelled before it began: the scheduler had lost it.",
};

const FORGOTTEN: Reason = {
  code: "Forgotten",
  text:
    "It was cancelled. It had begun, but the scheduler no longer knows it, and how it ended cannot be told.",
};

type Part = Pick<JobView, "phase" | "exitCode"> & {
  readonly cancelRequested?: boolean | undefined;
};

/** The job, or a task of it, that has not ended; `undefined` where there is none of that number. */
function openPart(view: JobView, task: number | undefined): Part | undefined {
  if ((task === undefined) !== (view.tasks === undefined)) return undefined;
  const part: Part | undefined = task === undefined ? view : taskOf(view, task);
  return part === undefined || isFinal(part.phase) ? undefined : part;
}

/**
 * Which tasks (or -1, the job itself) are to be given up after a poll: those that have been missing for
 * so long that nothing is known of them, that the scheduler has lost or somebody wants ended, and about
 * which nobody has been asked of late.
 *
 * @param view The job once the poll has been heard. @param memory Its memory then.
 */
export function lostParts(
  view: JobView,
  memory: JobMemory,
  { askedAt, observations }: Sighted,
): number[] {
  const present = attemptId(view.id, view.attempt);
  return observations.flatMap((observation) => {
    const { task, sighting } = observation;
    const key = task ?? JOB_ITSELF;
    const part = openPart(view, task);
    if (observation.attemptId !== present || part === undefined) return [];
    if (memory.begun.has(key)) return [];
    if (mayNotHaveRun(sighting)) {
      // Whether it was given up is told by who gives it up.
      const asked = memory.givingUpSince.get(key) ?? -Infinity;
      return askedAt - asked >= MISSING_GRACE_MS ? [key] : [];
    }
    // What the queue has is not lost, however little is understood of it.
    if (sighting.kind !== "missing" || sighting.queued === true) return [];
    // It may have been ended while it waited, and is not to run against somebody's will.
    if (sighting.lost !== true && part.cancelRequested !== true) return [];
    const since = Math.max(
      memory.missingSince.get(key) ?? askedAt,
      memory.givingUpSince.get(key) ?? -Infinity,
      // Accounting that is back after an outage is told of ends a little later.
      part.cancelRequested === true ? -Infinity : memory.doubtedAt.get(key) ?? -Infinity,
    );
    return askedAt - since >= MISSING_GRACE_MS ? [key] : [];
  });
}

function endPart(
  facts: Facts,
  key: number,
  end: Pick<Ended, "phase" | "reason">,
  retry: Retry | undefined,
  now: number,
): void {
  const ended: Ended = { type: "ended", ...end, nodes: [], endedAt: now };
  if (key === JOB_ITSELF) concludeJob(facts, ended, retry, now);
  else facts.add({ ...ended, task: key });
}

/** Ends what is to be cancelled of what had begun and is not known any more. */
export function endForgotten(
  facts: Facts,
  memory: JobMemory,
  retry: Retry | undefined,
  now: number,
): void {
  for (const key of memory.begun) {
    const part = openPart(facts.view, key === JOB_ITSELF ? undefined : key);
    if (part?.cancelRequested !== true) continue;
    endPart(facts, key, { phase: "cancelled", reason: FORGOTTEN }, retry, now);
  }
  concludeArray(facts, retry, now);
}

/**
 * Adds the facts that follow from what became of parts that were given up; gives what is to be remembered.
 *
 * A part that had not begun never will, even if it has been seen since: it has ended. Of one that had
 * begun nobody knows how it ended.
 */
export function partsGivenUp(
  facts: Facts,
  memory: JobMemory,
  given: readonly GivenUp[],
  retry: Retry | undefined,
  now: number,
): JobMemory {
  const present = attemptId(facts.view.id, facts.view.attempt);
  const draft = new MemoryDraft(memory);
  for (const { attemptId: id, task, begun } of given) {
    const part = id === present ? openPart(facts.view, task) : undefined;
    if (part === undefined) continue;
    const key = task ?? JOB_ITSELF;
    if (!begun && part.exitCode === undefined) {
      draft.forgetTrouble(key);
      const end = part.cancelRequested === true
        ? { phase: "cancelled", reason: CANCELLED } as const
        : { phase: "failed", reason: LOST } as const;
      endPart(facts, key, end, retry, now);
      // Another attempt, or the end.
      if (key === JOB_ITSELF) return draft.memory;
      continue;
    }
    const { missingSince, endedSince } = draft.memory;
    if (missingSince.has(key) || endedSince.has(key)) draft.hadBegun(key);
  }
  const after = draft.memory;
  endForgotten(facts, after, retry, now);
  return after;
}
