/**
 * The actor through which jobs reach the scheduler, and requests to end them: what arrives together
 * travels together.
 *
 * @module
 */

import type { JobId, JobSpec } from "../../model/mod.ts";
import { asSluiceError } from "../../model/mod.ts";
import type { Cancellation, SubmitOutcome } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";

/** What a submitter can be told. */
export type SubmitterMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  /** Hand the job over; its actor hears of every outcome. */
  | {
    readonly type: "enqueue";
    readonly jobId: JobId;
    readonly spec: JobSpec;
    /** Whether an earlier attempt may have got through. */
    readonly maybeSent: boolean;
    readonly job: ActorRef<JobMessage>;
  }
  /** Take the job back if nothing of it can have been sent; its actor hears whether. */
  | { readonly type: "withdraw"; readonly jobId: JobId }
  | { readonly type: "cancel"; readonly cancellation: Cancellation }
  | { readonly type: "view"; readonly reply: Reply<SubmitterView> }
  | { readonly type: "flush" }
  | {
    readonly type: "outcomes";
    readonly outcomes: readonly SubmitOutcome[];
    readonly connection: Connection;
  }
  | {
    readonly type: "unsent";
    readonly jobIds: readonly JobId[];
    readonly error: unknown;
    readonly connection: Connection;
  }
  | { readonly type: "cancelled"; readonly keys: readonly string[] }
  | { readonly type: "uncancelled"; readonly error: unknown };

/** What is to be seen of a submitter. */
export interface SubmitterView {
  /** Jobs that are not handed over yet. */
  readonly waiting: number;
}

interface Entry {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  readonly job: ActorRef<JobMessage>;
  /** Whether the scheduler may have it, so that it can no longer be withdrawn. */
  readonly maybeSent: boolean;
  /** Whether it was tried before, so that its directory may hold a lock. */
  readonly tried: boolean;
  /** Not to be tried before this time. */
  readonly notBefore: number;
  readonly delayMs: number;
}

interface SubmitterState {
  readonly connection: Connection | undefined;
  /** In the order of arrival. */
  readonly queue: Map<JobId, Entry>;
  readonly inFlight: ReadonlySet<JobId>;
  readonly cancels: Map<string, Cancellation>;
  readonly cancelling: boolean;
  /** The flush that is to come, and when. */
  readonly timer: Cancellable | undefined;
  readonly dueAt: number;
}

/** Most jobs in one request. */
const BATCH = 64;
/** Jobs that arrive within this time travel together, in ms. */
const GATHER_MS = 5;
/** First wait after a job was postponed, in ms; doubles up to the longest. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

function cancelKey({ jobId, task }: Cancellation): string {
  return `${jobId} ${task ?? ""}`;
}

/** The behaviour of a submitter. */
export function submitter(): Behavior<SubmitterMessage, SubmitterState> {
  /** Sees to it that a flush comes no later than in `delayMs`: a retry far off holds up nobody else. */
  const flushIn = (
    state: SubmitterState,
    delayMs: number,
    ctx: ActorContext<SubmitterMessage>,
  ): SubmitterState => {
    const dueAt = ctx.clock.now() + delayMs;
    if (state.timer !== undefined && state.dueAt <= dueAt) return state;
    state.timer?.cancel();
    return { ...state, dueAt, timer: ctx.after(delayMs, { type: "flush" }) };
  };

  const sendCancels = (
    state: SubmitterState,
    connection: Connection,
    ctx: ActorContext<SubmitterMessage>,
  ): SubmitterState => {
    if (state.cancelling || state.cancels.size === 0) return state;
    const keys = [...state.cancels.keys()];
    ctx.pipe(
      connection.scheduler.cancel([...state.cancels.values()], ctx.signal),
      (): SubmitterMessage => ({ type: "cancelled", keys }),
      (error): SubmitterMessage => ({ type: "uncancelled", error }),
    );
    return { ...state, cancelling: true };
  };

  const sendJobs = (
    state: SubmitterState,
    connection: Connection,
    ctx: ActorContext<SubmitterMessage>,
  ): SubmitterState => {
    if (state.inFlight.size > 0) return state;
    const now = ctx.clock.now();
    const ready = [...state.queue.values()].filter(({ notBefore }) => notBefore <= now);
    const batch = ready.slice(0, BATCH);
    if (batch.length === 0) return state;
    const jobIds = batch.map(({ jobId }) => jobId);
    for (const entry of batch) state.queue.set(entry.jobId, { ...entry, tried: true });
    ctx.pipe(
      connection.scheduler.submit(
        batch.map(({ jobId, spec, tried, maybeSent }) => ({
          jobId,
          spec,
          recheck: tried || maybeSent,
        })),
        ctx.signal,
      ),
      (outcomes): SubmitterMessage => ({ type: "outcomes", outcomes, connection }),
      (error): SubmitterMessage => ({ type: "unsent", jobIds, error, connection }),
    );
    return { ...state, inFlight: new Set(jobIds) };
  };

  const flush = (state: SubmitterState, ctx: ActorContext<SubmitterMessage>): SubmitterState => {
    const { connection } = state;
    if (connection === undefined) return state;
    const sent = sendJobs(sendCancels(state, connection, ctx), connection, ctx);
    const waiting = [...sent.queue.values()].filter(({ jobId }) => !sent.inFlight.has(jobId));
    if (sent.inFlight.size > 0 || waiting.length === 0) return sent;
    const next = Math.min(...waiting.map(({ notBefore }) => notBefore));
    return flushIn(sent, Math.max(GATHER_MS, next - ctx.clock.now()), ctx);
  };

  const postpone = (
    state: SubmitterState,
    jobId: JobId,
    maybeSent: boolean,
    ctx: ActorContext<SubmitterMessage>,
  ): void => {
    const entry = state.queue.get(jobId);
    if (entry === undefined) return;
    const delayMs = Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, entry.delayMs * 2));
    state.queue.set(jobId, {
      ...entry,
      maybeSent: entry.maybeSent || maybeSent,
      notBefore: ctx.clock.now() + delayMs,
      delayMs,
    });
  };

  const take = (
    state: SubmitterState,
    outcome: SubmitOutcome,
    ctx: ActorContext<SubmitterMessage>,
  ): void => {
    state.queue.get(outcome.jobId)?.job.tell({ type: "outcome", outcome });
    if (outcome.kind === "postponed") postpone(state, outcome.jobId, outcome.maybeSent, ctx);
    else state.queue.delete(outcome.jobId);
  };

  return {
    init: () => ({
      connection: undefined,
      queue: new Map(),
      inFlight: new Set(),
      cancels: new Map(),
      cancelling: false,
      timer: undefined,
      dueAt: 0,
    }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          for (const entry of state.queue.values()) {
            state.queue.set(entry.jobId, { ...entry, notBefore: 0, delayMs: 0 });
          }
          return flush(
            { ...state, connection: message.connection, inFlight: new Set(), cancelling: false },
            ctx,
          );
        case "down":
          for (const jobId of state.inFlight) postpone(state, jobId, true, ctx);
          return { ...state, connection: undefined, inFlight: new Set(), cancelling: false };
        case "enqueue":
          state.queue.set(message.jobId, {
            jobId: message.jobId,
            spec: message.spec,
            job: message.job,
            maybeSent: message.maybeSent,
            tried: message.maybeSent,
            notBefore: 0,
            delayMs: 0,
          });
          return flushIn(state, GATHER_MS, ctx);
        case "withdraw": {
          const entry = state.queue.get(message.jobId);
          if (entry === undefined || entry.maybeSent || state.inFlight.has(message.jobId)) {
            return state;
          }
          state.queue.delete(message.jobId);
          entry.job.tell({ type: "withdrawn" });
          return state;
        }
        case "cancel":
          state.cancels.set(cancelKey(message.cancellation), message.cancellation);
          return flushIn(state, GATHER_MS, ctx);
        case "flush":
          return flush({ ...state, timer: undefined }, ctx);
        case "outcomes": {
          if (message.connection !== state.connection) return state;
          for (const outcome of message.outcomes) take(state, outcome, ctx);
          return flush({ ...state, inFlight: new Set() }, ctx);
        }
        case "unsent": {
          if (message.connection !== state.connection) return state;
          const error = asSluiceError(message.error);
          for (const jobId of message.jobIds) {
            take(state, { kind: "postponed", jobId, error, maybeSent: true }, ctx);
          }
          return flush({ ...state, inFlight: new Set() }, ctx);
        }
        case "cancelled":
          for (const key of message.keys) state.cancels.delete(key);
          return flush({ ...state, cancelling: false }, ctx);
        case "uncancelled":
          return flushIn({ ...state, cancelling: false }, RETRY_MIN_MS, ctx);
        case "view":
          message.reply.ok({ waiting: state.queue.size });
          return state;
      }
    },
  };
}
