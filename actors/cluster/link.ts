/**
 * The actor that holds a cluster's connection: connects, waits and tries again when it goes, and stops
 * trying when the login is refused.
 *
 * @module
 */

import { asSluiceError, errorInfo } from "../../model/mod.ts";
import type { LinkView, SluiceError } from "../../model/mod.ts";
import { Backoff } from "../kernel/mod.ts";
import type { ActorContext, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import type { Connect, Connection } from "./connection.ts";

/** What the link tells its cluster. */
export type LinkReport =
  | { readonly type: "link_up"; readonly connection: Connection }
  | { readonly type: "link_lost"; readonly error: SluiceError }
  | {
    readonly type: "link_refused";
    readonly error: SluiceError;
    /** Whether this was reported before, and is told to one who has been started anew. */
    readonly known: boolean;
  };

/** A refusal that stands. */
export interface Refusal {
  /** When it came, in milliseconds since the epoch. */
  readonly since: number;
  /** Why. */
  readonly error: SluiceError;
  /** Whether it was reported. */
  readonly told: boolean;
}

/**
 * What a link remembers beyond its own failure: that the login was refused. Without it, each new start
 * would try the login again, and sites lock accounts that do.
 */
export interface LinkMemory {
  /** The refusal, until somebody says to try again. */
  refusal: Refusal | undefined;
}

/** What a link can be told. */
export type LinkMessage =
  /** Try now, also where a login had been refused. */
  | { readonly type: "connect" }
  /** The wait after a lost connection is over. */
  | { readonly type: "retry" }
  /** Tell how the connection stands. */
  | { readonly type: "view"; readonly reply: Reply<LinkView> }
  | { readonly type: "connected"; readonly connection: Connection }
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "closed"; readonly connection: Connection; readonly error: Error | undefined };

/** What a link needs. */
export interface LinkOptions {
  /** Makes a connection. */
  readonly connect: Connect;
  /** Hears what the connection does. */
  readonly report: (report: LinkReport) => void;
  /** Outlives the link. */
  readonly memory: LinkMemory;
}

interface LinkState {
  readonly view: LinkView;
  readonly attempts: number;
  readonly connectedAt: number;
  /** When the connection was lost that is not back yet. */
  readonly lostSince: number | undefined;
  /** The next try, where one is to come by itself. */
  readonly retry: Cancellable | undefined;
}

/** Waits between attempts: from one second to one minute, with chance, so that a site's users do not return all at once. */
const BACKOFF = { minMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0.3, resetAfterMs: 60_000 };

/** The behaviour of a link. */
export function link(options: LinkOptions): Behavior<LinkMessage, LinkState> {
  const { memory } = options;
  // Outside of the state, so that one that is made while the actor ends is closed as well.
  let open: Connection | undefined;
  let backoff: Backoff | undefined;

  const begin = (
    ctx: ActorContext<LinkMessage>,
    attempts: number,
    lostSince: number | undefined,
  ): LinkState => {
    ctx.pipe(
      options.connect(ctx.signal).then(async (connection) => {
        if (ctx.signal.aborted) {
          await connection.host.close();
          ctx.signal.throwIfAborted();
        }
        open = connection;
        return connection;
      }).catch((error) => {
        const refusal = asSluiceError(error);
        // Kept before anything else can go wrong. What is aborted was not refused.
        if (!refusal.retryable && !ctx.signal.aborted) {
          memory.refusal = { since: ctx.clock.now(), error: refusal, told: false };
        }
        throw error;
      }),
      (connection): LinkMessage => ({ type: "connected", connection }),
      (error): LinkMessage => ({ type: "failed", error }),
    );
    return {
      view: { status: "connecting", since: ctx.clock.now() },
      attempts: attempts + 1,
      connectedAt: 0,
      lostSince,
      retry: undefined,
    };
  };

  const refuse = ({ since, error, told }: Refusal, attempts: number): LinkState => {
    memory.refusal = { since, error, told: true };
    options.report({ type: "link_refused", error, known: told });
    return {
      view: { status: "refused", since, error: errorInfo(error) },
      attempts,
      connectedAt: 0,
      lostSince: since,
      retry: undefined,
    };
  };

  const lose = (
    state: LinkState,
    thrown: unknown,
    ctx: ActorContext<LinkMessage>,
  ): LinkState => {
    const now = ctx.clock.now();
    const error = asSluiceError(thrown);
    const since = state.lostSince ?? now;
    if (!error.retryable) return refuse({ since, error, told: false }, state.attempts);
    backoff ??= new Backoff(BACKOFF, ctx.random);
    const delay = Math.round(backoff.next(state.connectedAt === 0 ? 0 : now - state.connectedAt));
    const retry = ctx.after(delay, { type: "retry" });
    options.report({ type: "link_lost", error });
    return {
      view: {
        status: "lost",
        since,
        retryAt: now + delay,
        attempts: state.attempts,
        error: errorInfo(error),
      },
      attempts: state.attempts,
      connectedAt: 0,
      lostSince: since,
      retry,
    };
  };

  return {
    init(ctx) {
      const { refusal } = memory;
      return refusal === undefined ? begin(ctx, 0, undefined) : refuse(refusal, 0);
    },

    async receive(state, message, ctx) {
      switch (message.type) {
        case "view":
          message.reply.ok(state.view);
          return state;
        case "connect":
          if (state.view.status === "up" || state.view.status === "connecting") return state;
          state.retry?.cancel();
          memory.refusal = undefined;
          return begin(ctx, state.attempts, state.lostSince);
        case "retry":
          return state.view.status === "lost" ? begin(ctx, state.attempts, state.lostSince) : state;
        case "connected": {
          const { connection } = message;
          ctx.pipe(
            connection.host.closed,
            (error): LinkMessage => ({ type: "closed", connection, error }),
            (error): LinkMessage => ({ type: "failed", error }),
          );
          options.report({ type: "link_up", connection });
          const now = ctx.clock.now();
          return {
            view: { status: "up", since: now },
            attempts: 0,
            connectedAt: now,
            lostSince: undefined,
            retry: undefined,
          };
        }
        case "failed":
          return lose(state, message.error, ctx);
        case "closed":
          if (open !== message.connection || message.error === undefined) return state;
          open = undefined;
          await message.connection.host.close();
          return lose(state, message.error, ctx);
      }
    },

    async stopped() {
      const last = open;
      open = undefined;
      await last?.host.close();
    },
  };
}
