/**
 * What a job can be told, and what of that says anything to it as it stands. Pure.
 *
 * @module
 */

import { attemptId, isFinal } from "../../model/mod.ts";
import type {
  AttemptId,
  ErrorInfo,
  JobView,
  Reason,
  SluiceError,
  Staged,
} from "../../model/mod.ts";
import type { Cancellation, GivenUp, RunRecord, SubmitOutcome } from "../../schedulers/mod.ts";
import { contradictsAllocation } from "./allocation.ts";
import type { AllocationInput } from "./allocation.ts";
import type { CancelRequest } from "./cancel.ts";
import type { HeardMessages } from "./messages.ts";
import type { Sighted } from "./sighted.ts";

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
  /** The session whose step it is, or the cluster there that it runs on, has ended without ever having been there. */
  | { readonly type: "stranded"; readonly error: ErrorInfo }
  /** It was taken back before anything of it was sent. */
  | { readonly type: "withdrawn" }
  /** Nobody has answered for it since `since` or, where that is not known, since its last event. */
  | {
    readonly type: "silenced";
    readonly since: number | undefined;
    readonly reason: Reason;
  };

/**
 * Whether the input counts: not what is about an earlier attempt, nor what the job's own history rules out, nor
 * anything once the job has ended.
 *
 * @param now Milliseconds since the epoch.
 */
export function counts(view: JobView, input: JobInput, now: number): boolean {
  return !isFinal(view.phase) && !isOfAnotherAttempt(view, input) &&
    !contradicts(view, input, now);
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
    case "stranded":
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
    case "stranded":
      return view.session === undefined;
    case "pushed":
    case "messages":
    case "cancel":
    case "silenced":
      return false;
  }
}
