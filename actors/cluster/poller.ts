/**
 * The actor that asks the scheduler: one round for all jobs of a cluster, however many they are.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { asSluiceError } from "../../model/mod.ts";
import type { AttemptId, SessionId, SluiceError } from "../../model/mod.ts";
import type {
  GivenUp,
  Observation,
  SessionSighting,
  Watched,
  WatchedSession,
} from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";
import { GiveUps } from "./give_ups.ts";
import { Inspections } from "./inspections.ts";
import { nextInterval } from "./poll_interval.ts";
import type { Release } from "./release.ts";
import { WatchList } from "./watch_list.ts";

const log = getLogger(["sluice", "cluster"]);

/** What a poller can be told. */
export type PollerMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  /**
   * Look at this attempt from now on, in the place of what was said of it before, and tell the job what is
   * seen next, also if it was told the same before. After that it is told what is new, and each time what
   * has to last to be believed: that it is missing, or has ended.
   */
  | { readonly type: "watch"; readonly watched: Watched; readonly job: ActorRef<JobMessage> }
  /** Look at it no more. */
  | { readonly type: "unwatch"; readonly attemptId: AttemptId }
  | Release
  /** Inspect this session at every poll from now on; the job that holds its nodes is told what is seen. */
  | {
    readonly type: "inspect";
    readonly session: WatchedSession;
    readonly job: ActorRef<JobMessage>;
  }
  /** Inspect it no more. */
  | { readonly type: "uninspect"; readonly sessionId: SessionId }
  /** Give up this attempt, or the tasks of it that are named, which the scheduler has lost. */
  | { readonly type: "give_up"; readonly watched: Watched; readonly job: ActorRef<JobMessage> }
  /** Something is known to have moved: ask soon, or no later than in so many ms. */
  | { readonly type: "nudge"; readonly withinMs: number }
  | { readonly type: "view"; readonly reply: Reply<PollerView> }
  | { readonly type: "tick" }
  | { readonly type: "give_up_tick" }
  | {
    readonly type: "given_up";
    readonly asked: readonly Watched[];
    readonly given: readonly GivenUp[];
    readonly connection: Connection;
  }
  | { readonly type: "not_given_up"; readonly error: unknown; readonly connection: Connection }
  | {
    readonly type: "answered";
    readonly observations: readonly Observation[];
    readonly sightings: readonly SessionSighting[];
    readonly askedAt: number;
    readonly connection: Connection;
  }
  | {
    readonly type: "unanswered";
    readonly error: unknown;
    readonly askedAt: number;
    readonly connection: Connection;
  };

/** What is to be seen of a poller. */
export interface PollerView {
  /** Time of the last answer, in milliseconds since the epoch. */
  readonly lastPollAt: number | undefined;
  /** The wait until the next poll, in ms. */
  readonly intervalMs: number;
  /** Polls that were answered. */
  readonly polls: number;
}

/** What a poller needs. */
export interface PollerOptions {
  /** Shortest wait between polls, in ms. */
  readonly minMs: number;
  /** Longest wait between polls, in ms. */
  readonly maxMs: number;
  /** Hears that the scheduler has not answered since `since`, in milliseconds since the epoch. */
  readonly onSilence: (since: number, error: SluiceError) => void;
}

interface PollerState {
  readonly connection: Connection | undefined;
  readonly watched: WatchList;
  /** The sessions to be inspected. */
  readonly sessions: Inspections;
  readonly asking: boolean;
  /** The shortest wait that was asked for while a poll was under way. */
  readonly nudgedMs: number | undefined;
  readonly timer: Cancellable | undefined;
  readonly dueAt: number;
  readonly intervalMs: number;
  readonly lastPollAt: number | undefined;
  /** When the first of the polls was asked that have not been answered since. */
  readonly silentSince: number | undefined;
  readonly lastTookMs: number;
  readonly polls: number;
  /** What waits to be given up. */
  readonly giveUps: GiveUps;
  readonly givingUp: boolean;
  readonly giveUpTimer: Cancellable | undefined;
  /** When it was last asked that something be given up. */
  readonly gaveUpAt: number;
}

/** Shortest time between two requests to give something up, in ms. */
const GIVE_UP_MS = 1_000;

/** Waits this long after a nudge, so that what moves together is seen together, in ms. */
const NUDGE_MS = 50;

/** After an answer, nudges wait for so many times as long as it took. */
const NUDGE_REST = 4;

/** The scheduler counts as silent when it has not answered for this long, in ms. */
export const SILENCE_MS = 30_000;

function forget(state: PollerState, attemptId: AttemptId): void {
  state.watched.forget(attemptId);
  state.giveUps.drop(attemptId);
}

/** The behaviour of a poller. */
export function poller(options: PollerOptions): Behavior<PollerMessage, PollerState> {
  /** Sees to it that a tick comes no later than in `delayMs`. */
  const schedule = (
    state: PollerState,
    delayMs: number,
    ctx: ActorContext<PollerMessage>,
  ): PollerState => {
    const dueAt = ctx.clock.now() + delayMs;
    if (state.connection === undefined || state.asking) return state;
    if (state.timer !== undefined && state.dueAt <= dueAt) return state;
    state.timer?.cancel();
    return { ...state, dueAt, timer: ctx.after(delayMs, { type: "tick" }) };
  };

  /**
   * However many nudges there are, the scheduler is busy with answers for a fifth of the time at the most,
   * unless one takes so long that the rest after it would be longer than any wait between polls.
   */
  const nudgeDelay = (
    state: PollerState,
    withinMs: number,
    ctx: ActorContext<PollerMessage>,
  ): number => {
    const rest = state.lastPollAt === undefined
      ? 0
      : state.lastPollAt + Math.min(options.maxMs, state.lastTookMs * NUDGE_REST) - ctx.clock.now();
    return Math.max(NUDGE_MS, rest, withinMs);
  };

  const ask = (state: PollerState, ctx: ActorContext<PollerMessage>): PollerState => {
    const { connection, watched, sessions } = state;
    if (connection === undefined || state.asking) return state;
    const idle = { ...state, timer: undefined, nudgedMs: undefined };
    if (watched.size === 0) return idle;
    const askedAt = ctx.clock.now();
    ctx.pipe(
      sessions.after(
        connection.scheduler.observe(watched.all, ctx.signal),
        connection.scheduler,
        ctx.signal,
      ),
      (seen): PollerMessage => ({ type: "answered", ...seen, askedAt, connection }),
      (error): PollerMessage => ({ type: "unanswered", error, askedAt, connection }),
    );
    return { ...idle, asking: true };
  };

  const answered = (
    state: PollerState,
    message: Extract<PollerMessage, { type: "answered" }>,
    ctx: ActorContext<PollerMessage>,
  ): PollerState => {
    const { askedAt, observations, sightings } = message;
    // Before the ends of jobs are told: why a session closes comes before the end of its job.
    state.sessions.tell(sightings);
    state.giveUps.see(observations);
    const news = state.watched.see(observations);
    for (const attemptId of state.watched.tell(news, askedAt)) state.giveUps.drop(attemptId);
    const now = ctx.clock.now();
    const tookMs = now - askedAt;
    const intervalMs = nextInterval({
      minMs: options.minMs,
      maxMs: options.maxMs,
      previousMs: state.intervalMs,
      moved: news.moved,
      tookMs,
    });
    const next = {
      ...state,
      asking: false,
      intervalMs,
      lastPollAt: now,
      silentSince: undefined,
      lastTookMs: tookMs,
      polls: state.polls + 1,
    };
    const { nudgedMs } = state;
    const delayMs = nudgedMs === undefined
      ? intervalMs
      : Math.min(intervalMs, nudgeDelay(next, nudgedMs, ctx));
    return schedule(next, delayMs, ctx);
  };

  const unanswered = (
    state: PollerState,
    message: Extract<PollerMessage, { type: "unanswered" }>,
    ctx: ActorContext<PollerMessage>,
  ): PollerState => {
    // Counted from the first question, not from the last answer: nobody asks while there are no jobs.
    const silentSince = state.silentSince ?? message.askedAt;
    if (ctx.clock.now() - silentSince >= SILENCE_MS) {
      options.onSilence(silentSince, asSluiceError(message.error));
    }
    const intervalMs = nextInterval({
      minMs: options.minMs,
      maxMs: options.maxMs,
      previousMs: state.intervalMs,
      moved: false,
      tookMs: 0,
    });
    return schedule({ ...state, asking: false, intervalMs, silentSince }, intervalMs, ctx);
  };

  /** Sees to it that what waits is given up in `delayMs`, unless that is under way or due already. */
  const scheduleGiveUp = (
    state: PollerState,
    delayMs: number,
    ctx: ActorContext<PollerMessage>,
  ): PollerState => {
    const { connection, givingUp, giveUpTimer, giveUps } = state;
    if (connection === undefined || givingUp || giveUpTimer !== undefined) return state;
    if (giveUps.all.length === 0) return state;
    const rest = state.gaveUpAt + GIVE_UP_MS - ctx.clock.now();
    const timer = ctx.after(Math.max(delayMs, rest), { type: "give_up_tick" });
    return { ...state, giveUpTimer: timer };
  };

  const giveUp = (state: PollerState, ctx: ActorContext<PollerMessage>): PollerState => {
    const { connection } = state;
    const asked = state.giveUps.all;
    const idle = { ...state, giveUpTimer: undefined };
    if (connection === undefined || state.givingUp || asked.length === 0) return idle;
    ctx.pipe(
      connection.scheduler.giveUp(asked, ctx.signal),
      (given): PollerMessage => ({ type: "given_up", asked, given, connection }),
      (error): PollerMessage => ({ type: "not_given_up", error, connection }),
    );
    return { ...idle, givingUp: true, gaveUpAt: ctx.clock.now() };
  };

  return {
    init: () => ({
      connection: undefined,
      watched: new WatchList(),
      sessions: new Inspections(),
      asking: false,
      nudgedMs: undefined,
      timer: undefined,
      dueAt: 0,
      intervalMs: options.minMs,
      lastPollAt: undefined,
      silentSince: undefined,
      lastTookMs: 0,
      polls: 0,
      giveUps: new GiveUps(),
      givingUp: false,
      giveUpTimer: undefined,
      gaveUpAt: -Infinity,
    }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up": {
          const connected = {
            ...state,
            connection: message.connection,
            asking: false,
            intervalMs: options.minMs,
            silentSince: undefined,
            givingUp: false,
          };
          return scheduleGiveUp(schedule(connected, 0, ctx), NUDGE_MS, ctx);
        }
        case "down":
          state.timer?.cancel();
          state.giveUpTimer?.cancel();
          return {
            ...state,
            connection: undefined,
            timer: undefined,
            asking: false,
            giveUpTimer: undefined,
            givingUp: false,
          };
        case "watch":
          state.watched.watch(message.watched, message.job);
          return schedule(state, state.intervalMs, ctx);
        case "inspect":
          state.sessions.watch(message.session, message.job);
          return state;
        case "uninspect":
          state.sessions.forget(message.sessionId);
          return state;
        case "unwatch":
          forget(state, message.attemptId);
          return state;
        case "release":
          if (message.attemptId !== undefined) forget(state, message.attemptId);
          message.released();
          return state;
        case "nudge":
          return state.asking
            ? { ...state, nudgedMs: Math.min(state.nudgedMs ?? Infinity, message.withinMs) }
            : schedule(state, nudgeDelay(state, message.withinMs, ctx), ctx);
        case "tick":
          return ask(state, ctx);
        case "answered":
          return message.connection === state.connection ? answered(state, message, ctx) : state;
        case "unanswered":
          return message.connection === state.connection ? unanswered(state, message, ctx) : state;
        case "give_up":
          state.giveUps.add(message.watched, message.job);
          return scheduleGiveUp(state, NUDGE_MS, ctx);
        case "give_up_tick":
          return giveUp(state, ctx);
        case "given_up":
          if (message.connection !== state.connection) return state;
          state.giveUps.answer(message.asked, message.given);
          return scheduleGiveUp({ ...state, givingUp: false }, NUDGE_MS, ctx);
        case "not_given_up":
          if (message.connection !== state.connection) return state;
          log.warn("what the scheduler has lost could not be given up: {error}", {
            error: message.error,
          });
          return scheduleGiveUp({ ...state, givingUp: false }, state.intervalMs, ctx);
        case "view":
          message.reply.ok({
            lastPollAt: state.lastPollAt,
            intervalMs: state.intervalMs,
            polls: state.polls,
          });
          return state;
      }
    },
  };
}
