/**
 * What a job makes of what it is told: the facts that follow, and nothing else. Pure.
 *
 * @module
 */

import { attemptId, errorInfo, isFinal } from "../../model/mod.ts";
import type {
  AttemptId,
  ErrorInfo,
  JobFact,
  JobSpec,
  JobView,
  Reason,
  Retry,
  SluiceError,
  Staged,
} from "../../model/mod.ts";
import type { Cancellation, GivenUp, RunRecord, SubmitOutcome } from "../../schedulers/mod.ts";
import { contradictsAllocation, decideAllocation } from "./allocation.ts";
import type { AllocationInput } from "./allocation.ts";
import { awaitsSignal, changesWish } from "./cancel.ts";
import type { CancelRequest } from "./cancel.ts";
import { concludeArray } from "./conclude.ts";
import { Facts } from "./facts.ts";
import { endForgotten, partsGivenUp } from "./lost.ts";
import { emptyMemory, JOB_ITSELF, MemoryDraft } from "./memory.ts";
import type { JobMemory } from "./memory.ts";
import { addMessages } from "./messages.ts";
import type { HeardMessages } from "./messages.ts";
import { isTriedAgain } from "./retry.ts";
import { sighted } from "./sighted.ts";
import type { Sighted } from "./sighted.ts";
import { taskOf } from "./tasks.ts";

/** What a job can be told. */
export type JobInput =
  /** What it needs on the cluster is about to be sent. */
  | { readonly type: "staging" }
  /** What it needs lies on the cluster. */
  | { readonly type: "staged"; readonly attemptId: AttemptId } & Staged
  /** What it needs could not be sent. */
  | {
    readonly type: "stage_failed";
    readonly attemptId: AttemptId;
    readonly error: SluiceError;
    /** Whether it is tried again. */
    readonly again: boolean;
  }
  /** It is about to be handed to the scheduler. */
  | { readonly type: "submitting" }
  /** What became of the submission. */
  | { readonly type: "outcome"; readonly outcome: SubmitOutcome }
  /** What a poll that began at `askedAt` saw of it and its tasks. */
  | ({ readonly type: "sighted" } & Sighted)
  /** Lines that its script wrote to the spool, in their order. */
  | { readonly type: "pushed"; readonly records: readonly RunRecord[] }
  /** What its payload, or that of each of some tasks, has to say next. */
  | { readonly type: "messages"; readonly heard: readonly HeardMessages[] }
  /** Somebody wants it, or one task of it, ended: by the scheduler or, to begin with, by a signal. */
  | ({ readonly type: "cancel"; readonly task?: number | undefined } & CancelRequest)
  /** The scheduler took a cancellation. */
  | { readonly type: "cancelled"; readonly cancellation: Cancellation }
  /** What became of the job or tasks of it that were given up. */
  | { readonly type: "given_up"; readonly given: readonly GivenUp[] }
  | AllocationInput
  /** The session whose step it is has ended without ever having had a place in the queue. */
  | { readonly type: "sessionless"; readonly error: ErrorInfo }
  /** It was taken back before anything of it was sent. */
  | { readonly type: "withdrawn" }
  /** Nobody has answered for it since `since` or, where that is not known, since its last event. */
  | {
    readonly type: "silenced";
    readonly since: number | undefined;
    readonly reason: Reason;
  };

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

/** Whether what is said is about another attempt than the present one, or about nobody's. */
function isOfAnotherAttempt(view: JobView, input: JobInput): boolean {
  const present = attemptId(view.id, view.attempt);
  switch (input.type) {
    case "outcome":
      return input.outcome.attemptId !== present;
    case "pushed":
      return input.records.every((record) => record.attemptId !== present);
    case "cancelled":
      return input.cancellation.attemptId !== present;
    case "sighted":
      return input.observations.every((observation) => observation.attemptId !== present);
    case "given_up":
      return input.given.every((one) => one.attemptId !== present);
    case "staged":
    case "stage_failed":
      return input.attemptId !== present;
    case "messages":
    case "staging":
    case "submitting":
    case "cancel":
    case "withdrawn":
    case "silenced":
    case "inspected":
    case "closing":
    case "expiring":
    case "sessionless":
      return false;
  }
}

/**
 * Whether the input is one that the job's own history rules out: once the scheduler has a job, nothing
 * that is said of its submission counts any more, and before that nobody can have seen it. What was not
 * handed over has no outcome.
 */
function contradicts(view: JobView, input: JobInput, now: number): boolean {
  const sent = view.schedulerId !== undefined;
  switch (input.type) {
    case "staging":
      return view.phase !== "accepted";
    case "staged":
    case "stage_failed":
      return view.phase !== "staging" || view.environments !== undefined;
    case "submitting":
      return sent || (view.retryAt !== undefined && now < view.retryAt);
    case "withdrawn":
      return sent;
    case "outcome":
      return sent ? input.outcome.kind !== "submitted" : view.tries === 0;
    case "sighted":
    case "cancelled":
    case "given_up":
      return !sent;
    case "inspected":
    case "closing":
    case "expiring":
      return contradictsAllocation(view, input);
    case "sessionless":
      return view.session === undefined;
    case "pushed":
    case "messages":
    case "cancel":
    case "silenced":
      return false;
  }
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
  if (
    isFinal(view.phase) || isOfAnotherAttempt(view, input) || contradicts(view, input, now)
  ) return { facts: [], view, memory };
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
    case "sessionless":
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
