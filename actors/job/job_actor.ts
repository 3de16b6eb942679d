/**
 * The actor of one job: it turns what it hears into facts, has them journaled, and acts on them.
 *
 * @module
 */

import { attemptId, isFinal } from "../../model/mod.ts";
import type { AttemptId, JobFact, JobId, JobSpec, JobView } from "../../model/mod.ts";
import type { Cancellation, Watched } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import type { ActorContext, ActorRef, Behavior, Cancellable, Reply } from "../kernel/mod.ts";
import { nextForceAt, wantedEnds } from "./cancel.ts";
import { decide, decideAll } from "./decide.ts";
import type { JobInput } from "./decide.ts";
import { UnknownJobError } from "./errors.ts";
import { foldJob } from "./fold.ts";
import { lostParts } from "./lost.ts";
import { emptyMemory, givingUp } from "./memory.ts";
import type { JobMemory } from "./memory.ts";
import { persist } from "./persist.ts";
import { attemptSpec, isTriedAgain } from "./retry.ts";
import { saysMoreLater } from "./sighted.ts";

/** What a job can be told: what {@linkcode decide} takes, and requests that want an answer. */
export type JobMessage =
  | Exclude<JobInput, { type: "cancel" }>
  /** Those it works with have been started anew: say again what is wanted of them. */
  | { readonly type: "resync" }
  /** A time has come that it waited for. */
  | { readonly type: "due" }
  /** What its script wrote and it has heard is to be taken. */
  | { readonly type: "take_pushed" }
  /** It has ended, and nothing more comes. */
  | { readonly type: "dismiss" }
  | Extract<JobInput, { type: "cancel" }> & { readonly reply: Reply<JobView> };

/** Through what a job acts. */
export interface JobEffects {
  /** Hands an attempt at the job to the submitter. */
  readonly enqueue: (job: {
    readonly attemptId: AttemptId;
    readonly spec: JobSpec;
    readonly maybeSent: boolean;
    readonly job: ActorRef<JobMessage>;
  }) => void;
  /** Takes an attempt back from the submitter, if nothing of it was sent. */
  readonly withdraw: (attemptId: AttemptId) => void;
  /**
   * Has the poller look at it, in the place of what was said of the attempt before, and tell what it sees
   * next even if it has told the same before.
   */
  readonly watch: (watched: Watched, job: ActorRef<JobMessage>) => void;
  /** Has the poller look no more at an attempt that another one follows. */
  readonly unwatch: (attemptId: AttemptId) => void;
  /**
   * Gives up the job, or the tasks of it that are named; answered by `given_up`, or not at all where nothing
   * can be told.
   */
  readonly giveUp: (watched: Watched, job: ActorRef<JobMessage>) => void;
  /** Asks for a poll soon, or no later than in `withinMs`. */
  readonly nudge: (withinMs?: number) => void;
  /** Has the scheduler end it, or signal it; answered by `cancelled` when the scheduler took it. */
  readonly cancel: (cancellation: Cancellation, job: ActorRef<JobMessage>) => void;
  /**
   * Says that it has ended, and with which attempt; answered by `dismiss` when nobody has anything more
   * to tell it.
   */
  readonly ended: (attemptId: AttemptId, job: ActorRef<JobMessage>) => void;
  /** Says that a task of it has ended for good. */
  readonly taskEnded: (jobId: JobId, task: number) => void;
}

type Pushed = Extract<JobMessage, { type: "pushed" }>;

interface JobState {
  readonly view: JobView;
  readonly spec: JobSpec;
  readonly memory: JobMemory;
  /** What its script wrote that is to be taken together: many tasks of an array may end at once. */
  readonly pushed: readonly Pushed[];
  /** When the scheduler was last asked to do what it is to do so that the job ends. */
  readonly cancelsSent: ReadonlyMap<string, number>;
  /** The wait before the scheduler is asked again for a verdict, in ms. */
  readonly verdictMs: number;
  /** What rings when the next attempt or the end of a grace period is due, and when. */
  readonly alarm: Cancellable | undefined;
  readonly dueAt: number | undefined;
}

/** A cancellation that the scheduler has not carried out is sent again after this long, in ms. */
const CANCEL_AGAIN_MS = 10_000;

/** First and longest wait for the verdict on a payload that has ended, in ms. */
const VERDICT_MIN_MS = 100;
const VERDICT_MAX_MS = 5_000;

/** The id of the present attempt at the job. */
function presentAttempt({ id, attempt }: JobView): AttemptId {
  return attemptId(id, attempt);
}

/** Whether a payload has ended on which the scheduler has not given its verdict. */
function awaitsVerdict(view: JobView): boolean {
  return (view.tasks ?? [view]).some(({ phase, exitCode }) =>
    phase === "running" && exitCode !== undefined
  );
}

/** Whether it, or a task of it, is to be ended: the request is made again while that does not happen. */
function awaitsEnd(view: JobView): boolean {
  return view.cancelRequested ||
    view.tasks?.some((task) => task.cancelRequested === true && !isFinal(task.phase)) === true;
}

/** What the poller must look for. */
function watched(view: JobView, { options }: JobSpec): Watched | undefined {
  const { schedulerId, startedAt, submittedAt } = view;
  if (schedulerId === undefined || isFinal(view.phase)) return undefined;
  const job = {
    attemptId: presentAttempt(view),
    schedulerId,
    ...(submittedAt === undefined ? {} : { submittedAt }),
    ...(options["no-requeue"] === true ? { requeues: false } : {}),
  };
  const open = view.tasks?.filter(({ phase }) => !isFinal(phase));
  if (open === undefined) return startedAt === undefined ? job : { ...job, startedAt };
  const starts = open.flatMap(({ task, startedAt }) =>
    startedAt === undefined ? [] : [[task, startedAt] as const]
  );
  const tasks = open.map(({ task }) => task);
  return starts.length === 0
    ? { ...job, tasks }
    : { ...job, tasks, startedAt: Object.fromEntries(starts) };
}

/** When something is to be done of which nobody else tells the job. */
function nextDueAt(view: JobView, now: number): number | undefined {
  return isFinal(view.phase) ? undefined : view.retryAt ?? nextForceAt(view, now);
}

/**
 * The behaviour of a job's actor. It takes the job up from the journal, at its first start as at any
 * later one, and carries on from there.
 */
export function jobActor(
  jobId: JobId,
  journal: Journal,
  effects: JobEffects,
): Behavior<JobMessage, JobState> {
  type Context = ActorContext<JobMessage>;

  /** The job once the facts are in the journal, and whether that had to be waited for. */
  const record = async (
    view: JobView,
    facts: readonly JobFact[],
    at: number,
    ctx: Context,
  ): Promise<{ readonly view: JobView; readonly waited: boolean }> => {
    if (facts.length === 0) return { view, waited: false };
    const entries = facts.map((fact) => {
      view = foldJob(view, { jobId, cluster: view.cluster, at, fact });
      return {
        kind: "job",
        jobId,
        cluster: view.cluster,
        index: view.events,
        at,
        fact,
        view,
      } as const;
    });
    const waited = await persist(journal, entries, ctx);
    return { view, waited };
  };

  /** Has what is to be ended ended: what is new at once, what was asked for before now and then. */
  const cancelWhereWanted = (state: JobState, ctx: Context): JobState => {
    const { view } = state;
    const { schedulerId } = view;
    if (isFinal(view.phase)) return state;
    if (schedulerId === undefined) {
      if (view.cancelRequested) effects.withdraw(presentAttempt(view));
      return state;
    }
    const now = ctx.clock.now();
    const cancelsSent = new Map<string, number>();
    for (const wanted of wantedEnds(view, now)) {
      const key = JSON.stringify(wanted);
      const sentAt = state.cancelsSent.get(key);
      const again = sentAt === undefined || now - sentAt >= CANCEL_AGAIN_MS;
      cancelsSent.set(key, again ? now : sentAt);
      if (!again) continue;
      effects.cancel({ attemptId: presentAttempt(view), schedulerId, ...wanted }, ctx.self);
      effects.nudge();
    }
    return { ...state, cancelsSent };
  };

  /** Gives up what has been missing for too long. */
  const giveUpWhereLost = (
    state: JobState,
    message: Extract<JobMessage, { type: "sighted" }>,
    ctx: Context,
  ): JobState => {
    const { view, memory } = state;
    const lost = lostParts(view, memory, message);
    if (lost.length === 0 || view.schedulerId === undefined) return state;
    const job = { attemptId: presentAttempt(view), schedulerId: view.schedulerId };
    effects.giveUp(view.tasks === undefined ? job : { ...job, tasks: lost }, ctx.self);
    return { ...state, memory: givingUp(memory, lost, message.askedAt) };
  };

  /**
   * Asks to be told at the next poll too, unless the same words would say nothing to it then. What has to
   * last to be believed is told each time without being asked for.
   */
  const hearAgainUnlessContent = (
    { view, spec }: JobState,
    message: Extract<JobMessage, { type: "sighted" }>,
    ctx: Context,
  ): void => {
    const wanted = watched(view, spec);
    if (wanted === undefined) return;
    const waits = awaitsVerdict(view) || awaitsEnd(view) || view.unknownSince !== undefined;
    if (waits || saysMoreLater(view, message)) effects.watch(wanted, ctx.self);
  };

  /**
   * Tells those it works with what is new about the job.
   *
   * @param seen Whether a poll has told it, so that what the poller has said last is what it knows.
   */
  const announce = (
    before: JobView,
    { view, spec }: JobState,
    seen: boolean,
    ctx: Context,
  ): void => {
    if (isFinal(view.phase)) return effects.ended(presentAttempt(view), ctx.self);
    if (before.attempt !== view.attempt) effects.unwatch(presentAttempt(before));
    for (const [index, task] of (view.tasks ?? []).entries()) {
      const earlier = before.tasks?.[index]?.phase;
      if (!isFinal(task.phase) || earlier === task.phase) continue;
      if (!isTriedAgain(view, spec.retry, task)) effects.taskEnded(jobId, task.task);
    }
    const wanted = watched(view, spec);
    const same = seen && JSON.stringify(wanted) === JSON.stringify(watched(before, spec));
    if (wanted !== undefined && !same) effects.watch(wanted, ctx.self);
    if (before.schedulerId === undefined && view.schedulerId !== undefined) effects.nudge();
  };

  const take = (state: JobState, input: JobInput, ctx: Context): Promise<JobState> =>
    takeAll(state, [input], ctx);

  const takeAll = async (
    state: JobState,
    inputs: readonly JobInput[],
    ctx: Context,
  ): Promise<JobState> => {
    // What is still under way when it ends is no news, and its end is told once.
    if (isFinal(state.view.phase)) return state;
    const now = ctx.clock.now();
    const { facts, memory } = decideAll(state, state.memory, inputs, now);
    if (facts.length === 0) return cancelWhereWanted({ ...state, memory }, ctx);
    const { view, waited } = await record(state.view, facts, now, ctx);
    const next = { ...state, view, memory };
    announce(state.view, next, inputs.every(({ type }) => type === "sighted"), ctx);
    if (isFinal(view.phase)) return next;
    // While it waited, its mailbox may have overflowed: what it missed is told again to who asks again.
    return waited
      ? introduce({ ...next, cancelsSent: new Map() }, ctx)
      : cancelWhereWanted(next, ctx);
  };

  const takePushed = async (state: JobState, ctx: Context): Promise<JobState> => {
    const { pushed } = state;
    const next = await takeAll({ ...state, pushed: [] }, pushed, ctx);
    const ends = pushed.some(({ record }) => record.kind === "end");
    if (ends && !isFinal(next.view.phase)) effects.nudge();
    return next;
  };

  /** Tells those it works with what is wanted of them, given the job as it stands. */
  const introduce = async (state: JobState, ctx: Context): Promise<JobState> => {
    const { view, spec } = state;
    const wanted = watched(view, spec);
    if (wanted !== undefined) {
      effects.watch(wanted, ctx.self);
      return cancelWhereWanted(state, ctx);
    }
    const now = ctx.clock.now();
    if (view.retryAt !== undefined && now < view.retryAt) return state;
    const maybeSent = view.tries > 0;
    const { facts } = maybeSent
      ? { facts: [] }
      : decide(state, state.memory, { type: "submitting" }, now);
    const begun = { ...state, view: (await record(view, facts, now, ctx)).view };
    effects.enqueue({
      attemptId: presentAttempt(view),
      spec: attemptSpec(spec, view),
      maybeSent,
      job: ctx.self,
    });
    return cancelWhereWanted(begun, ctx);
  };

  /** Sees to it that it is rung for when something is due. */
  const setAlarm = (state: JobState, ctx: Context): JobState => {
    const now = ctx.clock.now();
    const dueAt = nextDueAt(state.view, now);
    if (dueAt === state.dueAt) return state;
    state.alarm?.cancel();
    const alarm = dueAt === undefined
      ? undefined
      : ctx.after(Math.max(0, dueAt - now), { type: "due" });
    return { ...state, alarm, dueAt };
  };

  const handle = async (
    state: JobState,
    message: JobMessage,
    ctx: Context,
  ): Promise<JobState> => {
    switch (message.type) {
      case "resync":
        return isFinal(state.view.phase)
          ? state
          : await introduce({ ...state, cancelsSent: new Map() }, ctx);
      case "due": {
        const awake = { ...state, alarm: undefined, dueAt: undefined };
        return awake.view.retryAt === undefined
          ? cancelWhereWanted(awake, ctx)
          : await introduce(awake, ctx);
      }
      case "dismiss":
        ctx.stop();
        return state;
      case "cancel": {
        const { reply, ...input } = message;
        const next = await take(state, input, ctx);
        reply.ok(next.view);
        return next;
      }
      case "pushed": {
        const pushed = [...state.pushed, message];
        const first = state.pushed.length === 0;
        // What has arrived by now is written down together, so that a hundred ends cost little more than one.
        const later = !first || ctx.self.tell({ type: "take_pushed" }) === "accepted";
        const next = { ...state, pushed };
        return later ? next : await takePushed(next, ctx);
      }
      case "take_pushed":
        return await takePushed(state, ctx);
      case "sighted": {
        const next = giveUpWhereLost(await take(state, message, ctx), message, ctx);
        hearAgainUnlessContent(next, message, ctx);
        if (!awaitsVerdict(next.view)) return { ...next, verdictMs: VERDICT_MIN_MS };
        // Slurm cleans up before it says how a job ended; asked ever more seldom, it is not pressed.
        effects.nudge(next.verdictMs);
        return { ...next, verdictMs: Math.min(VERDICT_MAX_MS, next.verdictMs * 2) };
      }
      case "given_up": {
        const next = await take(state, message, ctx);
        // What had begun has its verdict as soon as it is looked at once more.
        if (message.given.some(({ begun }) => begun)) effects.nudge();
        return next;
      }
      case "submitting":
      case "outcome":
      case "withdrawn":
      case "cancelled":
      case "silenced":
        return await take(state, message, ctx);
    }
  };

  return {
    async init(ctx) {
      const stored = journal.job(jobId);
      if (stored === undefined) throw new UnknownJobError(jobId);
      const state: JobState = {
        ...stored,
        memory: emptyMemory,
        pushed: [],
        cancelsSent: new Map(),
        verdictMs: VERDICT_MIN_MS,
        alarm: undefined,
        dueAt: undefined,
      };
      if (isFinal(state.view.phase)) {
        announce(state.view, state, false, ctx);
        return state;
      }
      // Whoever failed between two attempts has not said that the one before is over.
      const { attempt } = state.view;
      if (attempt > 1) effects.unwatch(attemptId(jobId, attempt - 1));
      return setAlarm(await introduce(state, ctx), ctx);
    },

    async receive(state, message, ctx) {
      return setAlarm(await handle(state, message, ctx), ctx);
    },
  };
}
