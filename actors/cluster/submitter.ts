/**
 * The actor through which jobs reach the scheduler, and requests to end them: what arrives together
 * travels together.
 *
 * When the scheduler takes nothing again and again, the jobs wait and one of them is tried now and then;
 * as soon as the scheduler has an answer for one, all go on.
 *
 * @module
 */

import type { AttemptId, ErrorInfo, SluiceError, SubmissionsView } from "../../model/mod.ts";
import { asSluiceError, UnexpectedError } from "../../model/mod.ts";
import type { Cancellation, SubmitOutcome, Submitted } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import { nextBatchSize } from "./batch_size.ts";
import { WaitingCancellations } from "./cancellations.ts";
import type { WaitingCancellation } from "./cancellations.ts";
import type { Connection } from "./connection.ts";
import { afterFruitless, FREE, tryingNow, viewOfFlow, withNewcomer } from "./flow.ts";
import type { Flow } from "./flow.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Tokens } from "./rate_limit.ts";
import type { Release } from "./release.ts";
import { SubmissionQueue } from "./submission_queue.ts";
import type { Entry, Newcomer } from "./submission_queue.ts";

/** What a submitter can be told. */
export type SubmitterMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  /** Hand the attempt over; its job's actor hears of every outcome. */
  | { readonly type: "enqueue" } & Newcomer
  /** Take the attempt back if nothing of it can have been sent; its job's actor hears whether. */
  | { readonly type: "withdraw"; readonly attemptId: AttemptId }
  /** End it; its job's actor hears when the scheduler took the request. */
  | {
    readonly type: "cancel";
    readonly cancellation: Cancellation;
    readonly job: ActorRef<JobMessage>;
  }
  | Release
  /** Try at once, also where submissions are paused. */
  | { readonly type: "resume" }
  | { readonly type: "view"; readonly reply: Reply<SubmissionsView> }
  | { readonly type: "flush" }
  | { readonly type: "tell_news" }
  /** The scheduler has it, while others of the same request are still on their way. */
  | {
    readonly type: "submitted";
    readonly outcome: Submitted;
    readonly connection: Connection;
  }
  | {
    readonly type: "outcomes";
    readonly request: number;
    readonly outcomes: readonly SubmitOutcome[];
    readonly connection: Connection;
  }
  | {
    readonly type: "unsent";
    readonly request: number;
    readonly error: unknown;
    readonly connection: Connection;
  }
  | {
    readonly type: "cancelled";
    readonly sent: readonly WaitingCancellation[];
    readonly connection: Connection;
  }
  | { readonly type: "uncancelled"; readonly connection: Connection };

/** What a submitter reports: submissions wait, or go on. */
export type SubmitterReport =
  | { readonly type: "submissions_paused"; readonly error: ErrorInfo; readonly retryAt: number }
  | { readonly type: "submissions_resumed" };

interface SubmitterState {
  readonly connection: Connection | undefined;
  readonly queue: SubmissionQueue;
  /** What the scheduler has taken of requests that are under way, and their jobs have not heard. */
  readonly news: Submitted[];
  /** When the last answer came; until then the scheduler was at work on that request. */
  readonly answeredAt: number;
  /** How many jobs the next request may hold. */
  readonly batchSize: number;
  /** How many jobs may go now. */
  readonly tokens: Tokens;
  readonly flow: Flow;
  readonly cancels: WaitingCancellations;
  readonly cancelling: boolean;
  /** The flush that is to come, and when. */
  readonly timer: Cancellable | undefined;
  readonly dueAt: number;
}

/** How many jobs the first request may hold. */
const FIRST_BATCH = 64;
/** Requests under way at a time: the next is there when the scheduler is done with the one before. */
const REQUESTS = 2;
/** What the scheduler takes within this time is told, and so journaled, together, in ms. */
const NEWS_MS = 50;
/** Jobs that arrive within this time travel together, in ms. */
const GATHER_MS = 5;
/** Wait before requests to end jobs are sent again, in ms. */
const CANCEL_AGAIN_MS = 1_000;

/** What a submitter needs. */
export interface SubmitterOptions {
  /** Hears when submissions are paused and when they go on. */
  readonly report: (report: SubmitterReport) => void;
  /** Most jobs handed over in a second, on average. Default: as many as the scheduler takes. */
  readonly perSecond?: number | undefined;
}

/** The behaviour of a submitter. */
export function submitter(
  { report, perSecond }: SubmitterOptions,
): Behavior<SubmitterMessage, SubmitterState> {
  type Context = ActorContext<SubmitterMessage>;
  const rate = new RateLimit(perSecond);

  /** Sees to it that a flush comes no later than in `delayMs`: a retry far off holds up nobody else. */
  const flushIn = (state: SubmitterState, delayMs: number, ctx: Context): SubmitterState => {
    const dueAt = ctx.clock.now() + delayMs;
    if (state.timer !== undefined && state.dueAt <= dueAt) return state;
    state.timer?.cancel();
    return { ...state, dueAt, timer: ctx.after(delayMs, { type: "flush" }) };
  };

  const sendCancels = (
    state: SubmitterState,
    connection: Connection,
    ctx: Context,
  ): SubmitterState => {
    if (state.cancelling || state.cancels.empty) return state;
    const sent = state.cancels.all();
    ctx.pipe(
      connection.scheduler.cancel(sent.map(({ cancellation }) => cancellation), ctx.signal),
      (): SubmitterMessage => ({ type: "cancelled", sent, connection }),
      (): SubmitterMessage => ({ type: "uncancelled", connection }),
    );
    return { ...state, cancelling: true };
  };

  /** Those whose turn it is: while submissions are paused, the one whose last try is the longest ago. */
  const nextBatch = (state: SubmitterState, now: number): readonly Entry[] => {
    const { queue, flow: { pause } } = state;
    const most = Math.min(state.batchSize, Math.floor(state.tokens.left));
    if (most < 1) return [];
    if (pause === undefined) return queue.due(now, most);
    const next = pause.retryAt > now ? undefined : queue.longestUntried();
    return next === undefined ? [] : [next];
  };

  /** Whether another request may be made: in trouble one at a time tells enough. */
  const hasRoom = ({ queue, flow: { fruitless } }: SubmitterState): boolean =>
    queue.underWay < (fruitless === 0 ? REQUESTS : 1);

  const sendBatch = (
    state: SubmitterState,
    connection: Connection,
    batch: readonly Entry[],
    ctx: Context,
  ): SubmitterState => {
    const request = state.queue.send(batch, ctx.clock.now(), state.batchSize);
    ctx.pipe(
      connection.scheduler.submit(
        batch.map(({ attemptId, spec, place, tried, maybeSent }) => ({
          attemptId,
          spec,
          ...place,
          recheck: tried || maybeSent,
        })),
        ctx.signal,
        (outcome) => void ctx.self.tell({ type: "submitted", outcome, connection }),
      ),
      (outcomes): SubmitterMessage => ({ type: "outcomes", request, outcomes, connection }),
      (error): SubmitterMessage => ({ type: "unsent", request, error, connection }),
    );
    return { ...state, tokens: { ...state.tokens, left: state.tokens.left - batch.length } };
  };

  const sendJobs = (
    before: SubmitterState,
    connection: Connection,
    ctx: Context,
  ): SubmitterState => {
    const now = ctx.clock.now();
    let state = { ...before, tokens: rate.refilled(before.tokens, now) };
    while (hasRoom(state)) {
      const batch = nextBatch(state, now);
      if (batch.length === 0) break;
      state = sendBatch(state, connection, batch, ctx);
    }
    return state;
  };

  const flush = (state: SubmitterState, ctx: Context): SubmitterState => {
    const { connection } = state;
    if (connection === undefined) return state;
    const sent = sendJobs(sendCancels(state, connection, ctx), connection, ctx);
    // The next answer makes room for others.
    if (!hasRoom(sent)) return sent;
    const due = sent.queue.nextDueAt();
    if (due === undefined) return sent;
    const next = sent.flow.pause?.retryAt ?? due;
    const delayMs = Math.max(GATHER_MS, next - ctx.clock.now(), rate.waitMs(sent.tokens));
    return flushIn(sent, delayMs, ctx);
  };

  /** Tells jobs that the scheduler has them, while others of their requests are on their way. */
  const tellNews = ({ queue, news }: SubmitterState): void => {
    for (const outcome of news.splice(0)) {
      const entry = queue.get(outcome.attemptId);
      if (entry === undefined || entry.told) continue;
      if (entry.job.tell({ type: "outcome", outcome }) === "accepted") {
        queue.noteTold(outcome.attemptId);
      }
    }
  };

  /** Takes what came of a request, whole or in part. */
  const take = (
    state: SubmitterState,
    number: number,
    outcomes: readonly SubmitOutcome[],
    ctx: Context,
  ): SubmitterState => {
    const { queue } = state;
    const sent = queue.answered(number);
    if (sent === undefined) return state;
    const now = ctx.clock.now();
    const unheardOf = new Set(sent.attempts);
    let error: SluiceError | undefined;
    let taken = false;
    for (const outcome of outcomes) {
      const { attemptId } = outcome;
      unheardOf.delete(attemptId);
      const entry = queue.get(attemptId);
      const known = outcome.kind === "submitted" && entry?.told === true;
      const told = known ? "accepted" : entry?.job.tell({ type: "outcome", outcome });
      if (outcome.kind === "postponed") {
        queue.postpone(attemptId, outcome.maybeSent, now);
        error = outcome.error;
      } else taken = true;
      // A job whose actor has stopped comes back with another, which enqueues it anew.
      if (outcome.kind !== "postponed" || told === "stopped") queue.remove(attemptId);
    }
    for (const attemptId of unheardOf) queue.postpone(attemptId, true, now);
    const landed: SubmitterState = { ...state, answeredAt: now };
    if (taken) {
      const batchSize = nextBatchSize({
        size: sent.size,
        jobs: sent.attempts.length,
        tookMs: now - Math.max(sent.sentAt, state.answeredAt),
      });
      return flowing({ ...landed, batchSize }, FREE);
    }
    const request = {
      tried: sent.attempts,
      cause: error ?? new UnexpectedError("the scheduler said nothing of the jobs"),
      now,
    };
    return flowing(landed, afterFruitless(state.flow, request, ctx.random));
  };

  /** Goes on as told, and reports where that begins or ends a pause. */
  const flowing = (state: SubmitterState, flow: Flow): SubmitterState => {
    const { pause: before } = state.flow;
    const { pause } = flow;
    if (before === undefined && pause !== undefined) {
      const { error, retryAt } = pause;
      report({ type: "submissions_paused", error, retryAt });
    } else if (before !== undefined && pause === undefined) report({ type: "submissions_resumed" });
    return { ...state, flow };
  };

  /** Whatever kept jobs back may be over: all are tried, or one where submissions are paused. */
  const tryNow = (state: SubmitterState, ctx: Context): SubmitterState => {
    state.queue.hurry();
    return flush({ ...state, flow: tryingNow(state.flow, ctx.clock.now()) }, ctx);
  };

  return {
    init: () => ({
      connection: undefined,
      queue: new SubmissionQueue(),
      news: [],
      answeredAt: -Infinity,
      batchSize: FIRST_BATCH,
      tokens: rate.full,
      flow: FREE,
      cancels: new WaitingCancellations(),
      cancelling: false,
      timer: undefined,
      dueAt: 0,
    }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          state.queue.giveUpRequests(ctx.clock.now());
          return tryNow({ ...state, connection: message.connection, cancelling: false }, ctx);
        case "down":
          tellNews(state);
          state.queue.giveUpRequests(ctx.clock.now());
          return { ...state, connection: undefined, cancelling: false };
        case "resume":
          return tryNow(state, ctx);
        case "enqueue": {
          state.queue.add(message);
          const flow = withNewcomer(state.flow, message.attemptId, ctx.clock.now());
          return flushIn({ ...state, flow }, GATHER_MS, ctx);
        }
        case "withdraw": {
          const { attemptId } = message;
          const entry = state.queue.get(attemptId);
          if (entry === undefined || entry.maybeSent || state.queue.isUnderWay(entry)) return state;
          state.queue.remove(attemptId);
          entry.job.tell({ type: "withdrawn", errand: entry.errand });
          return state;
        }
        case "cancel": {
          const { cancellation, job } = message;
          state.cancels.add({ cancellation, job });
          return flushIn(state, GATHER_MS, ctx);
        }
        case "release":
          if (message.attemptId !== undefined) {
            state.queue.remove(message.attemptId);
            state.cancels.forget(message.attemptId);
          }
          message.released();
          return state;
        case "flush":
          return flush({ ...state, timer: undefined }, ctx);
        case "submitted":
          if (message.connection !== state.connection) return state;
          if (state.news.length === 0) ctx.after(NEWS_MS, { type: "tell_news" });
          state.news.push(message.outcome);
          return state;
        case "tell_news":
          tellNews(state);
          return state;
        case "outcomes":
          if (message.connection !== state.connection) return state;
          return flush(take(state, message.request, message.outcomes, ctx), ctx);
        case "unsent": {
          if (message.connection !== state.connection) return state;
          const error = asSluiceError(message.error);
          const attempts = state.queue.carriedBy(message.request);
          const outcomes = attempts.map((attemptId) =>
            ({ kind: "postponed", attemptId, error, maybeSent: true }) as const
          );
          return flush(take(state, message.request, outcomes, ctx), ctx);
        }
        case "cancelled": {
          if (message.connection !== state.connection) return state;
          for (const waiting of message.sent) {
            if (!state.cancels.remove(waiting)) continue;
            const { job, cancellation } = waiting;
            job.tell({ type: "cancelled", cancellation });
          }
          return flush({ ...state, cancelling: false }, ctx);
        }
        case "uncancelled":
          if (message.connection !== state.connection) return state;
          return flushIn({ ...state, cancelling: false }, CANCEL_AGAIN_MS, ctx);
        case "view":
          message.reply.ok(viewOfFlow(state.flow, state.queue.size));
          return state;
      }
    },
  };
}
