/**
 * What a job makes of what it is told: the facts that follow, and nothing else. Pure.
 *
 * @module
 */

import { attemptId, errorInfo, isFinal } from "../../model/mod.ts";
import type { JobFact, JobSpec, JobView, Retry, SluiceError } from "../../model/mod.ts";
import type { Cancellation, RunRecord, SubmitOutcome } from "../../schedulers/mod.ts";
import { decideAllocation } from "./allocation.ts";
import { awaitsSignal, changesWish } from "./cancel.ts";
import { concludeArray } from "./conclude.ts";
import { Facts } from "./facts.ts";
import { counts } from "./job_input.ts";
import type { JobInput } from "./job_input.ts";
import { endForgotten, partsGivenUp } from "./lost.ts";
import { emptyMemory, JOB_ITSELF, MemoryDraft } from "./memory.ts";
import type { JobMemory } from "./memory.ts";
import { addMessages } from "./messages.ts";
import { isTriedAgain } from "./retry.ts";
import { sighted } from "./sighted.ts";
import { taskOf } from "./tasks.ts";

/** A job as it stands, with what was asked for. */
export interface Job {
  /** As it stands. */
  readonly view: JobView;
  /** What was asked for, as far as it says what follows. */
  readonly terms: Pick<JobSpec, "retry">;
}

/** What follows from an input. */
export interface Decision {
  /** Facts to be recorded, in this order. */
  readonly facts: readonly JobFact[];
  /** The job after them. */
  readonly view: JobView;
  /** The memory afterwards. */
  readonly memory: JobMemory;
}

/** Adds the facts that follow from one line of the job's script; says whether it was news. */
function spoken(facts: Facts, draft: MemoryDraft, record: RunRecord, now: number): boolean {
  const { task } = record;
  const part = facts.part(task);
  if (part === undefined || isFinal(part.phase) || record.restart < part.restarts) return false;
  const again = part.phase === "running" && part.restarts === record.restart;
  const runs = (startedAt?: number) => {
    facts.heard();
    facts.add({
      type: "running",
      task,
      state: "RUNNING",
      nodes: [],
      startedAt,
      restarts: record.restart,
    });
  };
  switch (record.kind) {
    case "start":
      if (again) return false;
      runs(record.at);
      break;
    case "end":
      if (part.exitCode !== undefined && part.restarts === record.restart) return false;
      // The line of its start was lost.
      if (!again) runs();
      else facts.heard();
      facts.add({
        type: "exited",
        task,
        exitCode: record.exitCode,
        ...(record.caught === undefined ? {} : { caught: record.caught }),
        exitedAt: now,
      });
      break;
  }
  draft.forgetTrouble(task ?? JOB_ITSELF);
  return true;
}

function pushed(
  facts: Facts,
  memory: JobMemory,
  records: readonly RunRecord[],
  now: number,
): JobMemory {
  const present = attemptId(facts.view.id, facts.view.attempt);
  const own = records.filter((record) => record.attemptId === present);
  if (facts.view.schedulerId === undefined) return { ...memory, early: [...memory.early, ...own] };
  const draft = new MemoryDraft(memory);
  const news = own.filter((record) => spoken(facts, draft, record, now));
  return news.length === 0 ? memory : { ...draft.memory, pushedAt: now };
}

function outcome(
  facts: Facts,
  memory: JobMemory,
  result: SubmitOutcome,
  now: number,
): JobMemory {
  switch (result.kind) {
    case "submitted":
      // Asked again after a cut, the remote side names the same id; it is no news.
      if (facts.view.schedulerId !== undefined) return memory;
      facts.heard();
      facts.add({ type: "submitted", schedulerId: result.schedulerId });
      return pushed(facts, { ...memory, early: [] }, memory.early, now);
    case "rejected":
      neverRuns(facts, result.error);
      return memory;
    case "postponed":
      if (facts.view.error?.code !== result.error.code) {
        facts.add({
          type: "submitting",
          tries: facts.view.tries + 1,
          error: errorInfo(result.error),
        });
      }
      return memory;
  }
}

/** Adds the end of a job that the error keeps from ever running. */
function neverRuns(facts: Facts, error: SluiceError): void {
  facts.add({
    type: "ended",
    phase: "failed",
    nodes: [],
    reason: { code: error.code, text: error.message },
    error: errorInfo(error),
  });
}

function stageFailed(
  facts: Facts,
  memory: JobMemory,
  { error, again }: Extract<JobInput, { type: "stage_failed" }>,
): JobMemory {
  if (!again) {
    neverRuns(facts, error);
    return memory;
  }
  const stagingTries = memory.stagingTries + 1;
  if (facts.view.error?.code !== error.code) {
    facts.add({ type: "staging", tries: stagingTries, error: errorInfo(error) });
  }
  return { ...memory, stagingTries };
}

type Cancel = Extract<JobInput, { type: "cancel" }>;

const cancelledInTime = {
  type: "ended",
  phase: "cancelled",
  nodes: [],
  reason: { code: "Cancelled", text: "It was cancelled before it was submitted." },
} as const;

function cancel(facts: Facts, input: Cancel, retry: Retry | undefined, now: number): void {
  const { view } = facts;
  const { task, signal, graceSeconds } = input;
  const open = view.tasks?.filter((part) =>
    !isFinal(part.phase) || isTriedAgain(view, retry, part)
  );
  const parts = task === undefined
    ? [view, ...(open ?? [])]
    : open?.filter((part) => part.task === task) ?? [];
  if (!parts.some((part) => changesWish(part, { signal, graceSeconds }, now))) return;
  facts.add({ type: "cancel_requested", task, signal, graceSeconds });
  // Between two attempts there is nothing that the scheduler would have to end.
  if (view.retryAt === undefined) return;
  facts.add({ ...cancelledInTime, task, nodes: [], endedAt: now });
  concludeArray(facts, retry, now);
}

function cancelled(facts: Facts, { task, means }: Cancellation): void {
  const { view } = facts;
  const part = task === undefined
    ? view.tasks === undefined ? view : undefined
    : taskOf(view, task);
  if (part === undefined || isFinal(part.phase) || means.kind !== "signal") return;
  const { signal } = means;
  if (awaitsSignal(part, signal)) facts.add({ type: "signalled", task, signal });
}

/**
 * The facts that follow from an input, given the job as it stands.
 *
 * What the input repeats, what is out of date or about an earlier attempt, and whatever reaches a job
 * that has ended gives no fact.
 *
 * @param now Milliseconds since the epoch.
 */
export function decide(
  { view, terms: { retry } }: Job,
  memory: JobMemory,
  input: JobInput,
  now: number,
): Decision {
  if (!counts(view, input, now)) return { facts: [], view, memory };
  const facts = new Facts(view, now);
  switch (input.type) {
    case "staging":
      facts.add({ type: "staging", tries: memory.stagingTries });
      break;
    case "staged":
      facts.add({
        type: "staged",
        environments: [...input.environments],
        ...(input.inputs === undefined ? {} : { inputs: [...input.inputs] }),
        ...(input.scripts === undefined ? {} : { scripts: [...input.scripts] }),
      });
      break;
    case "stage_failed":
      memory = stageFailed(facts, memory, input);
      break;
    case "submitting":
      facts.add({ type: "submitting", tries: view.tries + 1 });
      break;
    case "outcome":
      memory = outcome(facts, memory, input.outcome, now);
      break;
    case "sighted":
      memory = sighted(facts, memory, input, retry, now);
      break;
    case "pushed":
      memory = pushed(facts, memory, input.records, now);
      break;
    case "messages":
      for (const heard of input.heard) addMessages(facts, heard);
      break;
    case "cancel":
      cancel(facts, input, retry, now);
      endForgotten(facts, memory, retry, now);
      break;
    case "cancelled":
      cancelled(facts, input.cancellation);
      break;
    case "given_up":
      memory = partsGivenUp(facts, memory, input.given, retry, now);
      break;
    case "inspected":
    case "closing":
    case "expiring":
      decideAllocation(facts, input);
      break;
    case "stranded":
      facts.add({
        type: "ended",
        phase: "failed",
        nodes: [],
        reason: { code: input.error.code, text: input.error.message },
        error: input.error,
        endedAt: now,
      });
      break;
    case "withdrawn":
      facts.add({ ...cancelledInTime, nodes: [], endedAt: now });
      break;
    case "silenced":
      if (view.unknownSince === undefined && view.schedulerId !== undefined) {
        const since = input.since ?? view.updatedAt;
        facts.add({ type: "unknown", since, reason: input.reason });
      }
      break;
  }
  // What was remembered of an attempt says nothing of the next one.
  const after = facts.view;
  return {
    facts: facts.facts,
    view: after,
    memory: after.attempt === view.attempt ? memory : emptyMemory,
  };
}
