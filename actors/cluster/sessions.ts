/**
 * The actor that supervises the sessions of a cluster, each of which lives as long as the job that holds its
 * nodes.
 *
 * @module
 */

import { isFinal, sessionIdSchema, sessionOfAllocation } from "../../model/mod.ts";
import type { JobId, JobView, SessionId } from "../../model/mod.ts";
import type { SessionSighting } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Reply } from "../kernel/mod.ts";
import { sessionActor, SessionClosingError } from "../session/mod.ts";
import type { SessionMessage } from "../session/mod.ts";
import type { Connection } from "./connection.ts";
import type { PollerMessage } from "./poller.ts";

/** Something that a caller wants of a session. */
export type SessionRequest =
  /** Close it; the caller hears the job that holds its nodes, or nothing where it has closed. */
  | {
    readonly type: "close_session";
    readonly sessionId: SessionId;
    readonly drain: boolean;
    readonly reply: Reply<JobView | undefined>;
  }
  /** Have its lease begin anew. */
  | {
    readonly type: "renew_session";
    readonly sessionId: SessionId;
    readonly reply: Reply<undefined>;
  }
  /** Tell what was seen of it last. */
  | {
    readonly type: "session_sighting";
    readonly sessionId: SessionId;
    readonly reply: Reply<SessionSighting | undefined>;
  };

/** What the actor of the sessions can be told. */
export type SessionsMessage =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" }
  /** How a job stands that holds the nodes of a session, and what was seen of the session. */
  | {
    readonly type: "allocation";
    readonly view: JobView;
    readonly job: ActorRef<JobMessage>;
    readonly sighting: SessionSighting | undefined;
  }
  | SessionRequest;

/** What the actor of the sessions needs. */
export interface SessionsOptions {
  /** Where their history is. */
  readonly journal: Journal;
  /** Looks at them. */
  readonly poller: ActorRef<PollerMessage>;
  /** Asks that a job of the cluster be ended. */
  readonly cancel: (jobId: JobId) => void;
  /** Has jobs of the cluster look again how they stand. */
  readonly resync: (jobIds: readonly JobId[]) => void;
  /** Hears of each failure of a session's actor. */
  readonly onFailure: (actor: string, error: unknown) => void;
}

interface LiveSession {
  readonly ref: ActorRef<SessionMessage>;
  /** The present actor of the job that holds its nodes. */
  job: ActorRef<JobMessage>;
}

interface SessionsState {
  readonly connection: Connection | undefined;
  readonly sessions: Map<SessionId, LiveSession>;
}

/** Sessions' actors come back ever more slowly. */
const BACKOFF = { minMs: 200, maxMs: 30_000, factor: 2, jitter: 0.2 };

/** The behaviour of the actor of a cluster's sessions. */
export function sessions(options: SessionsOptions): Behavior<SessionsMessage, SessionsState> {
  type Context = ActorContext<SessionsMessage>;
  const { journal, poller, cancel, resync } = options;

  const start = (
    state: SessionsState,
    sessionId: SessionId,
    job: ActorRef<JobMessage>,
    ctx: Context,
  ): LiveSession => {
    const live: LiveSession = {
      job,
      ref: ctx.spawn(
        `session:${sessionId}`,
        sessionActor(sessionId, journal, {
          job: () => live.job,
          inspect: (session, of) => void poller.tell({ type: "inspect", session, job: of }),
          uninspect: (id) => void poller.tell({ type: "uninspect", sessionId: id }),
          cancel,
          resync,
        }),
        { restart: "transient", backoff: BACKOFF },
      ),
    };
    state.sessions.set(sessionId, live);
    connect(state, live);
    return live;
  };

  const connect = ({ connection }: SessionsState, { ref }: LiveSession): void => {
    if (connection !== undefined) ref.tell({ type: "up", scheduler: connection.scheduler });
  };

  const allocation = (
    state: SessionsState,
    { view, job, sighting }: Extract<SessionsMessage, { type: "allocation" }>,
    ctx: Context,
  ): void => {
    const sessionId = sessionOfAllocation(view.id);
    const over = isFinal(view.phase);
    const live = state.sessions.get(sessionId) ??
      (over ? undefined : start(state, sessionId, job, ctx));
    if (live === undefined) return;
    live.job = job;
    live.ref.tell({ type: "allocation", view, sighting });
    if (over) state.sessions.delete(sessionId);
  };

  return {
    init: () => ({ connection: undefined, sessions: new Map() }),

    signal(state, signal) {
      if (signal.type !== "child-failed") return state;
      const { path, error } = signal;
      options.onFailure(path, error);
      const id = sessionIdSchema.parse(path.slice(path.lastIndexOf(":") + 1));
      const live = state.sessions.get(id);
      // It comes back knowing nothing but what the journal has.
      if (live !== undefined) connect(state, live);
      return state;
    },

    receive(state, message, ctx) {
      switch (message.type) {
        case "up": {
          const next = { ...state, connection: message.connection };
          for (const live of state.sessions.values()) connect(next, live);
          return next;
        }
        case "down":
          for (const { ref } of state.sessions.values()) ref.tell(message);
          return { ...state, connection: undefined };
        case "allocation":
          allocation(state, message, ctx);
          return state;
        case "close_session": {
          const { sessionId, drain, reply } = message;
          const live = state.sessions.get(sessionId);
          if (live === undefined) reply.ok(undefined);
          else live.ref.tell({ type: "close", drain, reply });
          return state;
        }
        case "renew_session": {
          const { sessionId, reply } = message;
          const live = state.sessions.get(sessionId);
          if (live === undefined) reply.fail(new SessionClosingError(sessionId));
          else live.ref.tell({ type: "renew", reply });
          return state;
        }
        case "session_sighting": {
          const live = state.sessions.get(message.sessionId);
          if (live === undefined) message.reply.ok(undefined);
          else live.ref.tell({ type: "sighting", reply: message.reply });
          return state;
        }
      }
    },
  };
}
