/**
 * The actor that sees to it that what jobs need lies on a cluster before they are submitted: jobs with the same
 * software wait for the same.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { asSluiceError } from "../../model/mod.ts";
import type { AttemptId, Staged, StagingTerms } from "../../model/mod.ts";
import type { Errand, JobMessage } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable } from "../kernel/mod.ts";
import type { Connection } from "./connection.ts";
import type { Release } from "./release.ts";
import { stagingNeeds } from "./staging_needs.ts";
import type { Need, StagingSources } from "./staging_needs.ts";

/** What a stager can be told. */
export type StagerMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  /** Send what the attempt needs; its job's actor hears what becomes of it. */
  | {
    readonly type: "stage";
    readonly attemptId: AttemptId;
    readonly errand: Errand;
    readonly spec: StagingTerms;
    readonly job: ActorRef<JobMessage>;
  }
  /** The attempt is wanted no more; its job's actor hears of that, if it was waiting here. */
  | { readonly type: "withdraw"; readonly attemptId: AttemptId }
  | Release
  | { readonly type: "begin"; readonly load: Load }
  | { readonly type: "sent"; readonly load: Load; readonly staged: Staged }
  | {
    readonly type: "unsent";
    readonly load: Load;
    readonly connection: Connection;
    readonly error: unknown;
  };

/** A job that waits. */
interface Waiting {
  readonly attemptId: AttemptId;
  readonly errand: Errand;
  readonly job: ActorRef<JobMessage>;
  /** What it needs, in the order in which its spec names it. */
  readonly loads: readonly Load[];
}

/** What is to be sent, for all jobs that wait for it. Changes in place. */
interface Load {
  readonly need: Need;
  /** The jobs that wait for it. */
  readonly waiting: Set<Waiting>;
  /** Ends the work when nobody waits any more. */
  readonly abort: AbortController;
  /** The connection over which it is being sent. */
  over: Connection | undefined;
  /** What it has come to. */
  staged: Staged | undefined;
  /** The wait before the last try, in ms. */
  delayMs: number;
  timer: Cancellable | undefined;
}

interface StagerState {
  readonly connection: Connection | undefined;
  readonly waiting: Map<AttemptId, Waiting>;
  readonly loads: Map<string, Load>;
}

const log = getLogger(["sluice", "cluster"]);

/** First wait after a failure, in ms; doubles up to the longest. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/** The behaviour of a stager. */
export function stager(
  sources: StagingSources,
): Behavior<StagerMessage, StagerState> {
  type Context = ActorContext<StagerMessage>;

  const begin = (load: Load, connection: Connection, ctx: Context): void => {
    load.timer?.cancel();
    load.timer = undefined;
    load.over = connection;
    ctx.pipe(
      load.need.send(connection, AbortSignal.any([ctx.signal, load.abort.signal])),
      (staged): StagerMessage => ({ type: "sent", load, staged }),
      (error): StagerMessage => ({ type: "unsent", load, connection, error }),
    );
  };

  const loadOf = (state: StagerState, need: Need, ctx: Context): Load => {
    const known = state.loads.get(need.key);
    if (known !== undefined) return known;
    const load: Load = {
      need,
      waiting: new Set(),
      abort: new AbortController(),
      over: undefined,
      staged: undefined,
      delayMs: 0,
      timer: undefined,
    };
    state.loads.set(need.key, load);
    if (state.connection !== undefined) begin(load, state.connection, ctx);
    return load;
  };

  /** The job waits no more, and work for which nobody waits ends. */
  const leave = (state: StagerState, waiting: Waiting): void => {
    if (state.waiting.get(waiting.attemptId) === waiting) state.waiting.delete(waiting.attemptId);
    for (const load of waiting.loads) {
      load.waiting.delete(waiting);
      if (load.waiting.size > 0 || state.loads.get(load.need.key) !== load) continue;
      state.loads.delete(load.need.key);
      load.timer?.cancel();
      load.abort.abort(new DOMException("Nobody waits for it any more.", "AbortError"));
    }
  };

  /** Tells the job if it has all that it needs. */
  const tellIfReady = (state: StagerState, waiting: Waiting): void => {
    const { attemptId, job, loads } = waiting;
    const staged = loads.flatMap((load) => load.staged ?? []);
    if (staged.length < loads.length) return;
    leave(state, waiting);
    const inputs = staged.flatMap((one) => one.inputs ?? []);
    const scripts = staged.flatMap((one) => one.scripts ?? []);
    job.tell({
      type: "staged",
      attemptId,
      environments: staged.flatMap(({ environments }) => environments),
      ...(inputs.length === 0 ? {} : { inputs }),
      ...(scripts.length === 0 ? {} : { scripts }),
    });
  };

  const failed = (
    state: StagerState,
    { load, connection, error: cause }: Extract<StagerMessage, { type: "unsent" }>,
    ctx: Context,
  ): void => {
    load.over = undefined;
    if (state.connection !== connection) {
      // The connection went, and nothing else is known of it.
      if (state.connection !== undefined) begin(load, state.connection, ctx);
      return;
    }
    const error = asSluiceError(cause);
    const again = error.retryable;
    log.warn("what jobs need could not be sent: {error}", { error });
    for (const waiting of [...load.waiting]) {
      const { attemptId, job } = waiting;
      if (!again) leave(state, waiting);
      job.tell({ type: "stage_failed", attemptId, error, again });
    }
    if (!again) return;
    load.delayMs = Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, load.delayMs * 2));
    load.timer = ctx.after(load.delayMs, { type: "begin", load });
  };

  return {
    init: () => ({ connection: undefined, waiting: new Map(), loads: new Map() }),

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          for (const load of state.loads.values()) {
            load.delayMs = 0;
            if (load.over === undefined && load.staged === undefined) {
              begin(load, message.connection, ctx);
            }
          }
          return { ...state, connection: message.connection };
        case "down":
          for (const load of state.loads.values()) load.timer?.cancel();
          return { ...state, connection: undefined };
        case "stage": {
          const { attemptId, errand, spec, job } = message;
          const before = state.waiting.get(attemptId);
          const loads = stagingNeeds(attemptId, spec, sources).map((need) =>
            loadOf(state, need, ctx)
          );
          const waiting = { attemptId, errand, job, loads };
          state.waiting.set(attemptId, waiting);
          for (const load of loads) load.waiting.add(waiting);
          if (before !== undefined) leave(state, before);
          tellIfReady(state, waiting);
          return state;
        }
        case "withdraw": {
          const waiting = state.waiting.get(message.attemptId);
          if (waiting === undefined) return state;
          leave(state, waiting);
          waiting.job.tell({ type: "withdrawn", errand: waiting.errand });
          return state;
        }
        case "release": {
          const { attemptId } = message;
          const waiting = attemptId === undefined ? undefined : state.waiting.get(attemptId);
          if (waiting !== undefined) leave(state, waiting);
          message.released();
          return state;
        }
        case "begin":
          if (state.loads.get(message.load.need.key) !== message.load) return state;
          if (state.connection !== undefined) begin(message.load, state.connection, ctx);
          return state;
        case "sent": {
          const { load, staged } = message;
          if (state.loads.get(load.need.key) !== load) return state;
          load.over = undefined;
          load.staged = staged;
          for (const waiting of [...load.waiting]) tellIfReady(state, waiting);
          return state;
        }
        case "unsent":
          if (state.loads.get(message.load.need.key) === message.load) failed(state, message, ctx);
          return state;
      }
    },
  };
}
