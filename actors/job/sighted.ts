/**
 * What a job makes of what a poll saw of it. Pure.
 *
 * @module
 */

import { DUPLICATE_EXIT_CODE } from "../../launchers/mod.ts";
import { attemptId, isFinal } from "../../model/mod.ts";
import type { JobFact, JobView, Reason, Retry } from "../../model/mod.ts";
import type { Observation, Sighting } from "../../schedulers/mod.ts";
import { endOfAllocation } from "./allocation.ts";
import { endedOnRequest } from "./cancel.ts";
import type { Wish } from "./cancel.ts";
import { concludeArray, concludeJob } from "./conclude.ts";
import type { Ended } from "./conclude.ts";
import type { Facts } from "./facts.ts";
import type { Standing } from "./fold.ts";
import { JOB_ITSELF, MemoryDraft } from "./memory.ts";
import type { JobMemory } from "./memory.ts";
import { retryOutcome } from "./retry.ts";
import { taskOf } from "./tasks.ts";

/**
 * How long a job may be missing from the queue and all records before it is called unknown, and how long
 * an end after which it may return must last before it is believed, in ms.
 */
export const MISSING_GRACE_MS = 30_000;

/**
 * Whether this may be the end of an attempt that was given up before it began, which ran nothing: a payload
 * may end with the same status.
 */
export function mayNotHaveRun(sighting: Sighting): boolean {
  return sighting.kind === "ended" && sighting.exitCode === DUPLICATE_EXIT_CODE;
}

/** What a poll that began at `askedAt` saw of a job and its tasks. */
export interface Sighted {
  /** When the poll began, in milliseconds since the epoch. */
  readonly askedAt: number;
  /** What it saw. */
  readonly observations: readonly Observation[];
}

type Clear = Exclude<Sighting, { kind: "missing" }>;

function sameReason(part: Standing, sighting: { readonly reason?: { readonly code: string } }) {
  return part.reason?.code === sighting.reason?.code;
}

function endOf(
  part: Standing & Wish,
  task: number | undefined,
  sighting: Extract<Sighting, { kind: "ended" }>,
): Ended {
  const exitCode = sighting.exitCode ?? part.exitCode;
  const { state, reason, signal, nodes, startedAt, endedAt } = sighting;
  const onRequest = retryOutcome(sighting) === "failed" &&
    endedOnRequest(part, { exitCode, signal });
  const phase = onRequest ? "cancelled" : sighting.phase;
  return {
    type: "ended",
    task,
    phase,
    state,
    reason,
    exitCode,
    signal,
    nodes: [...nodes],
    startedAt,
    endedAt,
  };
}

/** The fact that it waits for the run after so many restarts, or none where that is known. */
function queued(
  part: Standing,
  task: number | undefined,
  sighting: { readonly state: string; readonly reason?: Reason },
  restarts: number,
): JobFact | undefined {
  const { state, reason } = sighting;
  const same = part.phase === "queued" && part.state === state && part.restarts === restarts &&
    sameReason(part, sighting);
  return same ? undefined : { type: "queued", task, state, reason, nodes: [], restarts };
}

/** Whether what is completing is the run before: the one after so many restarts was not heard of yet. */
function completesFormerRun(part: Standing, state: string, restarts: number): boolean {
  if (restarts > part.restarts) return true;
  // It was said before, and nothing has happened since.
  return restarts > 0 && part.phase === "queued" && part.state === state;
}

/** The fact that a sighting of something that lives amounts to, or none where it says nothing new. */
function factOfSighting(
  part: Standing,
  task: number | undefined,
  sighting: Exclude<Clear, { kind: "ended" }>,
  stale: boolean,
): JobFact | undefined {
  // What was asked before the scheduler put it back once more is out of date.
  if ((sighting.restarts ?? part.restarts) < part.restarts) return undefined;
  switch (sighting.kind) {
    case "waiting": {
      const wasRunning = part.phase === "running";
      const restarts = sighting.restarts ?? (wasRunning ? part.restarts + 1 : part.restarts);
      // A poll that was asked before the job's script reported its start still saw it waiting.
      if (wasRunning && (stale || restarts <= part.restarts)) return undefined;
      return queued(part, task, sighting, restarts);
    }
    case "active": {
      const restarts = sighting.restarts ?? part.restarts;
      if (sighting.completing === true && completesFormerRun(part, sighting.state, restarts)) {
        return queued(part, task, sighting, restarts);
      }
      const same = part.phase === "running" && part.state === sighting.state &&
        sameReason(part, sighting) && part.restarts === restarts &&
        part.nodes.join() === sighting.nodes.join();
      return same ? undefined : {
        type: "running",
        task,
        state: sighting.state,
        reason: sighting.reason,
        nodes: [...sighting.nodes],
        startedAt: sighting.startedAt,
        restarts,
      };
    }
  }
}

/**
 * Whether the same words would say something if they came from a later poll: these may have been asked for
 * before the job's script spoke.
 *
 * @param view The job once it has heard them.
 */
export function saysMoreLater(view: JobView, { observations }: Sighted): boolean {
  const present = attemptId(view.id, view.attempt);
  return observations.some(({ attemptId, task, sighting }) => {
    const part = task === undefined ? view : taskOf(view, task);
    if (attemptId !== present || part === undefined || isFinal(part.phase)) return false;
    if (sighting.kind === "missing" || sighting.kind === "ended") return false;
    return factOfSighting(part, task, sighting, false) !== undefined;
  });
}

/** What is to be believed of what was seen. */
interface Belief {
  readonly seen: readonly (Observation & { readonly sighting: Clear })[];
  /** Something has been missing for so long that nothing is known of it. */
  readonly lost: { readonly since: number; readonly reason: Reason } | undefined;
  readonly memory: JobMemory;
}

/**
 * What was seen at first is dated by when it was heard, what was seen last by when it was asked for: words
 * that waited to be heard are no proof that anything has lasted.
 */
function believe(
  facts: Facts,
  before: JobMemory,
  { askedAt, observations }: Sighted,
  now: number,
): Belief {
  const draft = new MemoryDraft(before);
  let lost: Belief["lost"];
  const seen: (Observation & { readonly sighting: Clear })[] = [];
  for (const observation of observations) {
    const { task, sighting } = observation;
    const part = facts.part(task);
    if (part === undefined || isFinal(part.phase)) continue;
    const key = task ?? JOB_ITSELF;
    if (sighting.kind === "missing") {
      const since = draft.missed(key, now, sighting.lost === true);
      if (askedAt - since >= MISSING_GRACE_MS) lost ??= { since, reason: sighting.reason };
      continue;
    }
    const { endedSince, givingUpSince, begun } = draft.memory;
    const ended = endedSince.get(key);
    const asked = givingUpSince.get(key);
    const unsure = mayNotHaveRun(sighting) && !begun.has(key);
    draft.forgetTrouble(key);
    if (unsure && asked !== undefined) draft.givingUp(key, asked);
    if (sighting.kind === "ended" && (sighting.mayReturn === true || unsure)) {
      const run = `${sighting.state} ${sighting.startedAt ?? ""}`;
      const since = ended?.run === run ? ended.since : now;
      draft.ended(key, run, since);
      if (askedAt - since < MISSING_GRACE_MS) continue;
    }
    seen.push({ ...observation, sighting });
  }
  return { seen, lost, memory: draft.memory };
}

/** Adds the facts that follow from what a poll saw; gives what is to be remembered. */
export function sighted(
  facts: Facts,
  before: JobMemory,
  input: Sighted,
  retry: Retry | undefined,
  now: number,
): JobMemory {
  const present = attemptId(facts.view.id, facts.view.attempt);
  const { seen, lost, memory } = believe(
    facts,
    before,
    {
      ...input,
      observations: input.observations.filter((one) => one.attemptId === present),
    },
    now,
  );
  // One task that is nowhere to be found keeps the array unknown, whatever is seen of the others.
  if (lost === undefined && seen.length > 0) facts.heard();
  if (lost !== undefined && facts.view.unknownSince === undefined) {
    facts.add({ type: "unknown", ...lost });
  }
  for (const { task, sighting } of seen) {
    const part = facts.part(task);
    if (part === undefined || isFinal(part.phase)) continue;
    if (sighting.kind !== "ended") {
      const fact = factOfSighting(part, task, sighting, input.askedAt <= memory.pushedAt);
      if (fact !== undefined) facts.add(fact);
      continue;
    }
    const end = endOf(part, task, sighting);
    if (task !== undefined) facts.add(end);
    else {
      concludeJob(facts, endOfAllocation(facts.view, end), retry, now);
      return memory;
    }
  }
  concludeArray(facts, retry, now);
  return memory;
}
