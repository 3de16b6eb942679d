/**
 * The actor of one session: it sees to it that the session closes when it is to, and tells in time that it
 * will.
 *
 * What happens to the session is in the history of the job that holds its nodes, which the actor of that job
 * writes; all that this one knows beside it may be lost.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { allocationJob, isFinal } from "../../model/mod.ts";
import type {
  AllocationTerms,
  JobId,
  JobPhase,
  JobSummary,
  JobView,
  SessionCloseReason,
  SessionId,
} from "../../model/mod.ts";
import type { Scheduler, SessionSighting, WatchedSession } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import { neverHeld } from "../job/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import { NoLeaseError, SessionClosingError, UnknownSessionError } from "./errors.ts";
import { isClosing } from "./placement.ts";

/** What the actor of a session can be told. */
export type SessionMessage =
  | { readonly type: "up"; readonly scheduler: Scheduler }
  | { readonly type: "down" }
  /** How the job stands that holds its nodes, and what was seen of the session if somebody has looked. */
  | {
    readonly type: "allocation";
    readonly view: JobView;
    readonly sighting: SessionSighting | undefined;
  }
  /** Somebody wants it closed, and hears the job as it stands then. */
  | { readonly type: "close"; readonly drain: boolean; readonly reply: Reply<JobView> }
  /** Its lease begins anew. */
  | { readonly type: "renew"; readonly reply: Reply<undefined> }
  /** What was seen of it last. */
  | { readonly type: "sighting"; readonly reply: Reply<SessionSighting | undefined> }
  | { readonly type: "lease_over" }
  | { readonly type: "owner_ended" }
  | { readonly type: "idle" }
  | { readonly type: "notice"; readonly expiresAt: number }
  | { readonly type: "tick" }
  | { readonly type: "told"; readonly scheduler: Scheduler }
  | { readonly type: "not_told"; readonly scheduler: Scheduler; readonly error: unknown };

/** Through what a session acts. */
export interface SessionEffects {
  /** The actor of the job that holds its nodes. */
  readonly job: () => ActorRef<JobMessage>;
  /** Has the poller inspect it. */
  readonly inspect: (session: WatchedSession, job: ActorRef<JobMessage>) => void;
  /** Has the poller inspect it no more. */
  readonly uninspect: (sessionId: SessionId) => void;
  /** Asks that a job of the cluster be ended, which may be asked again. */
  readonly cancel: (jobId: JobId) => void;
  /** Has steps look again whether there is anything for them to run in. */
  readonly resync: (jobIds: readonly JobId[]) => void;
}

interface SessionState {
  readonly view: JobSummary;
  readonly terms: AllocationTerms;
  readonly scheduler: Scheduler | undefined;
  readonly sighting: SessionSighting | undefined;
  readonly lease: Cancellable | undefined;
  readonly notice: { readonly expiresAt: number; readonly timer: Cancellable } | undefined;
  /** What rings when nobody has used it for so long that it closes, and how many steps it had had before. */
  readonly idle: { readonly steps: number; readonly timer: Cancellable } | undefined;
  /** The next look at a session that closes. */
  readonly timer: Cancellable | undefined;
  /** Whether the scheduler is being told that it takes no more steps. */
  readonly telling: boolean;
  /** When the scheduler had been told. */
  readonly toldAt: number | undefined;
}

const log = getLogger(["sluice", "session"]);

/** How often is looked whether a session that closes can go on with it, in ms. */
const TICK_MS = 1_000;
/** What the scheduler was told and is not seen to have done is told again after this long, in ms. */
const TELL_AGAIN_MS = 30_000;
/** How long steps that were cancelled may take to end before the nodes are given back all the same, in ms. */
const CANCEL_GRACE_MS = 60_000;

const beforeTheScheduler: readonly JobPhase[] = ["accepted", "staging", "submitting"];

/**
 * The behaviour of a session's actor.
 *
 * @throws {UnknownSessionError} When it is started: the journal has no such session.
 */
export function sessionActor(
  sessionId: SessionId,
  journal: Journal,
  effects: SessionEffects,
): Behavior<SessionMessage, SessionState> {
  type Context = ActorContext<SessionMessage>;
  const allocation = allocationJob(sessionId);

  const close = (reason: SessionCloseReason, drain: boolean): void =>
    void effects.job().tell({ type: "closing", reason, drain });

  /** Watches for the end of the job with which it closes. */
  const watchOwner = (jobId: JobId, ctx: Context): void => {
    const after = journal.lastEventId();
    const owner = journal.summary(jobId);
    const ended = async () => {
      if (owner === undefined || isFinal(owner.phase)) return;
      // The feed of one job ends with the job.
      for await (const _ of journal.jobFeed({ jobId }, { after, signal: ctx.signal }));
    };
    ctx.pipe(
      ended(),
      (): SessionMessage => ({ type: "owner_ended" }),
      // A journal that is being closed takes Sluice with it.
      (): SessionMessage => ({ type: "tick" }),
    );
  };

  const beginLease = (state: SessionState, ctx: Context): SessionState => {
    const { owner } = state.terms;
    state.lease?.cancel();
    if (owner?.kind !== "lease" || isClosing(state.view)) return { ...state, lease: undefined };
    return { ...state, lease: ctx.after(owner.seconds * 1000, { type: "lease_over" }) };
  };

  /** Tells in time that the time limit is near. */
  const giveNotice = (state: SessionState, ctx: Context): SessionState => {
    const expiresAt = state.sighting?.expiresAt;
    const { view, notice, terms } = state;
    const known = notice?.expiresAt ?? view.allocation?.expiringAt;
    if (expiresAt === undefined || expiresAt === known) return state;
    notice?.timer.cancel();
    const delayMs = Math.max(0, expiresAt - terms.noticeSeconds * 1000 - ctx.clock.now());
    return {
      ...state,
      notice: { expiresAt, timer: ctx.after(delayMs, { type: "notice", expiresAt }) },
    };
  };

  /** How many steps it has had, and how many of them have not ended, clusters that stand for others aside. */
  const countSteps = (): { readonly all: number; readonly work: number } => {
    let all = 0;
    let live = 0;
    for (const [phase, steps] of journal.stepPhases(sessionId)) {
      all += steps;
      if (!isFinal(phase)) live += steps;
    }
    return { all, work: live === 0 ? 0 : live - journal.standing(sessionId).length };
  };

  /**
   * Begins to wait for the time after which it is to close, unless somebody uses it. The scheduler would close
   * it too, somewhat later: who closes it from here knows of the steps that are on their way there.
   */
  const watchIdleness = (state: SessionState, ctx: Context): SessionState => {
    const { idle, terms: { idleSeconds }, view } = state;
    if (idleSeconds === undefined || view.phase !== "running" || isClosing(view)) return state;
    const { all, work } = countSteps();
    if (work === 0 && idle?.steps === all) return state;
    idle?.timer.cancel();
    if (work > 0) return { ...state, idle: undefined };
    return {
      ...state,
      idle: { steps: all, timer: ctx.after(idleSeconds * 1000, { type: "idle" }) },
    };
  };

  /** Has the scheduler take no more steps into it, until that is seen. */
  const tell = (state: SessionState, ctx: Context): SessionState => {
    const { scheduler, sighting, telling, toldAt, view } = state;
    if (scheduler === undefined || telling || view.schedulerId === undefined) return state;
    if (sighting?.closed !== undefined && toldAt !== undefined) return state;
    if (toldAt !== undefined && ctx.clock.now() - toldAt < TELL_AGAIN_MS) return state;
    ctx.pipe(
      scheduler.closeSession(sessionId, ctx.signal),
      (): SessionMessage => ({ type: "told", scheduler }),
      (error): SessionMessage => ({ type: "not_told", scheduler, error }),
    );
    return { ...state, telling: true };
  };

  const cancelAll = (jobs: readonly JobSummary[]): void => {
    for (const { id, cancelRequested } of jobs) if (!cancelRequested) effects.cancel(id);
  };

  /** Lets what it has come to an end, then gives the nodes back. */
  const drain = (state: SessionState, steps: readonly JobSummary[], ctx: Context): SessionState => {
    const work = steps.filter(({ framework }) => framework === undefined);
    // Clusters stand for as long as somebody may use them.
    if (work.length === 0) cancelAll(steps);
    const begun = state.view.phase === "running";
    if (steps.length === 0 && !begun) {
      cancelAll([state.view]);
      return state;
    }
    // What the scheduler has not been given yet would find the session closed.
    return work.some(({ phase }) => beforeTheScheduler.includes(phase)) ? state : tell(state, ctx);
  };

  /** Ends what it has, then gives the nodes back. */
  const abandon = (
    state: SessionState,
    steps: readonly JobSummary[],
    since: number,
    ctx: Context,
  ): SessionState => {
    cancelAll(steps);
    const patient = ctx.clock.now() - since < CANCEL_GRACE_MS;
    if (steps.length === 0 || !patient) cancelAll([state.view]);
    return tell(state, ctx);
  };

  /** Does what is to be done, given how the session stands. */
  const act = (state: SessionState, ctx: Context): SessionState => {
    const { view, terms } = state;
    const { closing, failedNodes = [] } = view.allocation ?? {};
    if (isFinal(view.phase)) {
      effects.uninspect(sessionId);
      if (neverHeld(view)) effects.resync(journal.liveSteps(sessionId).map(({ id }) => id));
      ctx.stop();
      return state;
    }
    if (closing === undefined) {
      if (view.cancelRequested) close("asked", false);
      else if (terms.onNodeFailure === "end" && failedNodes.length > 0) {
        close("node_failure", false);
      }
      return giveNotice(state, ctx);
    }
    state.lease?.cancel();
    const steps = journal.liveSteps(sessionId);
    const gentle = closing.drain && !view.cancelRequested;
    const next = gentle ? drain(state, steps, ctx) : abandon(state, steps, closing.at, ctx);
    const timer = next.timer ?? ctx.after(TICK_MS, { type: "tick" });
    return { ...giveNotice(next, ctx), lease: undefined, timer };
  };

  const inspect = ({ nodes, schedulerId }: JobSummary): void => {
    if (schedulerId === undefined) return;
    effects.inspect({ sessionId, nodes, schedulerId }, effects.job());
  };

  return {
    init(ctx) {
      const job = journal.job(allocation);
      if (job?.spec.payload.kind !== "allocation") throw new UnknownSessionError(sessionId);
      const { payload: terms } = job.spec;
      if (terms.owner?.kind === "job") watchOwner(terms.owner.jobId, ctx);
      inspect(job.view);
      const state: SessionState = {
        view: job.view,
        terms,
        scheduler: undefined,
        sighting: undefined,
        lease: undefined,
        notice: undefined,
        idle: undefined,
        timer: undefined,
        telling: false,
        toldAt: undefined,
      };
      return act(beginLease(state, ctx), ctx);
    },

    receive(state, message, ctx) {
      switch (message.type) {
        case "up":
          return act({ ...state, scheduler: message.scheduler, telling: false }, ctx);
        case "down":
          return { ...state, scheduler: undefined, telling: false };
        case "allocation": {
          const { view, sighting = state.sighting } = message;
          if (!isFinal(view.phase)) inspect(view);
          return act(watchIdleness({ ...state, view, sighting }, ctx), ctx);
        }
        case "close": {
          const { drain, reply } = message;
          effects.job().tell({ type: "closing", reason: "asked", drain, reply });
          return state;
        }
        case "renew":
          if (state.terms.owner?.kind !== "lease") {
            message.reply.fail(new NoLeaseError(sessionId));
            return state;
          }
          if (isClosing(state.view) || isFinal(state.view.phase)) {
            message.reply.fail(new SessionClosingError(sessionId));
            return state;
          }
          message.reply.ok(undefined);
          return beginLease(state, ctx);
        case "sighting":
          message.reply.ok(state.sighting);
          return state;
        case "lease_over":
        case "owner_ended":
          close("owner", true);
          return state;
        case "idle": {
          // Whatever has come meanwhile has it wait anew.
          const { all, work } = countSteps();
          const unused = work === 0 && all === state.idle?.steps;
          if (unused) close("idle", true);
          return unused ? state : watchIdleness({ ...state, idle: undefined }, ctx);
        }
        case "notice":
          effects.job().tell({ type: "expiring", expiresAt: message.expiresAt });
          return state;
        case "tick":
          return act({ ...state, timer: undefined }, ctx);
        case "told":
          return message.scheduler === state.scheduler
            ? { ...state, telling: false, toldAt: ctx.clock.now() }
            : state;
        case "not_told":
          if (message.scheduler !== state.scheduler) return state;
          log.warn("session {sessionId} could not be told to close, and is told again: {error}", {
            sessionId,
            error: message.error,
          });
          return { ...state, telling: false };
      }
    },
  };
}
