/**
 * The actor of one job: it turns what it hears into facts, has them journaled, and acts on them.
 *
 * @module
 */

import { attemptId, isFinal } from "../../model/mod.ts";
import type { AttemptId, JobFact, JobId, JobSpec, JobView } from "../../model/mod.ts";
import type { Cancellation, Watched } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import type { ActorContext, ActorRef, Behavior, Reply } from "../kernel/mod.ts";
import { decide, emptyMemory } from "./decide.ts";
import type { JobInput, JobMemory } from "./decide.ts";
import { UnknownJobError } from "./errors.ts";
import { foldJob } from "./fold.ts";

/** What a job can be told: what {@linkcode decide} takes, and requests that want an answer. */
export type JobMessage =
  | Exclude<JobInput, { type: "cancel" }>
  /** Those it works with have been started anew: say again what is wanted of them. */
  | { readonly type: "resync" }
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
  /** Has the poller look at it; replaces what was said of the attempt before. */
  readonly watch: (watched: Watched, job: ActorRef<JobMessage>) => void;
  /** Has the poller look no more at an attempt that another one follows. */
  readonly unwatch: (attemptId: AttemptId) => void;
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

interface JobState {
  readonly view: JobView;
  readonly spec: JobSpec;
  readonly memory: JobMemory;
  /** When the scheduler was last asked to end it. */
  readonly cancelSentAt: number;
  /** The wait before the scheduler is asked again for a verdict, in ms. */
  readonly verdictMs: number;
}

/** A cancellation that the scheduler has not carried out is sent again after this long, in ms. */
const CANCEL_AGAIN_MS = 10_000;

/** First and longest wait for the verdict on a payload that has ended, in ms. */
const VERDICT_MIN_MS = 100;
const VERDICT_MAX_MS = 5_000;

/** Whether a payload has ended on which the scheduler has not given its verdict. */
function awaitsVerdict(view: JobView): boolean {
  return (view.tasks ?? [view]).some(({ phase, exitCode }) =>
    phase === "running" && exitCode !== undefined
  );
}

/** Numbers of the tasks that somebody wants ended and that have not. */
function tasksToCancel(view: JobView): number[] {
  return (view.tasks ?? []).flatMap(({ task, phase, cancelRequested }) =>
    cancelRequested === true && !isFinal(phase) ? [task] : []
  );
}

/** Whether the scheduler has something to end. */
function cancelWanted(view: JobView): boolean {
  return view.cancelRequested || tasksToCancel(view).length > 0;
}

/** Whether the same was asked for before. */
function cancelledBefore(view: JobView, task: number | undefined): boolean {
  const part = task === undefined ? view : view.tasks?.find((one) => one.task === task);
  return part?.cancelRequested ?? false;
}

/** What the poller must look for. */
function watched(view: JobView): Watched | undefined {
  if (view.schedulerId === undefined || isFinal(view.phase)) return undefined;
  const tasks = view.tasks?.filter(({ phase }) => !isFinal(phase)).map(({ task }) => task);
  return {
    attemptId: attemptId(view.id, view.attempt),
    schedulerId: view.schedulerId,
    ...(tasks === undefined ? {} : { tasks }),
  };
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

  const record = async (
    state: JobState,
    facts: readonly JobFact[],
    at: number,
  ): Promise<JobState> => {
    if (facts.length === 0) return state;
    let { view } = state;
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
    await journal.append(entries);
    return { ...state, view };
  };

  /** Does what the job's new state asks for. */
  const act = (before: JobView, state: JobState, ctx: Context): JobState => {
    const { view } = state;
    if (isFinal(view.phase)) {
      effects.ended(attemptId(jobId, view.attempt), ctx.self);
      return state;
    }
    for (const [index, { task, phase }] of (view.tasks ?? []).entries()) {
      const earlier = before.tasks?.[index]?.phase;
      if (isFinal(phase) && earlier !== phase) effects.taskEnded(jobId, task);
    }
    const wanted = watched(view);
    const submitted = before.schedulerId === undefined && view.schedulerId !== undefined;
    if (wanted !== undefined) {
      const fewer = wanted.tasks?.length !== watched(before)?.tasks?.length;
      if (submitted || fewer) effects.watch(wanted, ctx.self);
    }
    if (submitted) effects.nudge();
    return cancelWhereWanted(state, ctx);
  };

  const cancelWhereWanted = (state: JobState, ctx: Context): JobState => {
    const { view, cancelSentAt } = state;
    const { schedulerId } = view;
    if (!cancelWanted(view)) return state;
    if (schedulerId === undefined) {
      if (view.cancelRequested) effects.withdraw(attemptId(jobId, view.attempt));
      return state;
    }
    const now = ctx.clock.now();
    if (now - cancelSentAt < CANCEL_AGAIN_MS) return state;
    const whole = {
      attemptId: attemptId(jobId, view.attempt),
      schedulerId,
      means: { kind: "end" },
    } as const;
    if (view.cancelRequested) effects.cancel(whole, ctx.self);
    else for (const task of tasksToCancel(view)) effects.cancel({ ...whole, task }, ctx.self);
    effects.nudge();
    return { ...state, cancelSentAt: now };
  };

  const take = async (state: JobState, input: JobInput, ctx: Context): Promise<JobState> => {
    // What is still under way when it ends is no news, and its end is told once.
    if (isFinal(state.view.phase)) return state;
    const now = ctx.clock.now();
    const { facts, memory } = decide(state.view, state.memory, input, now);
    if (facts.length === 0 && !cancelWanted(state.view)) return { ...state, memory };
    const next = await record({ ...state, memory }, facts, now);
    return act(state.view, next, ctx);
  };

  /** Tells those it works with what is wanted of them, given the job as it stands. */
  const introduce = async (state: JobState, ctx: Context): Promise<JobState> => {
    const { view, spec } = state;
    const wanted = watched(view);
    if (wanted !== undefined) {
      effects.watch(wanted, ctx.self);
      return cancelWhereWanted(state, ctx);
    }
    const maybeSent = view.tries > 0;
    const begun = maybeSent ? state : await take(state, { type: "submitting" }, ctx);
    effects.enqueue({ attemptId: attemptId(jobId, view.attempt), spec, maybeSent, job: ctx.self });
    return cancelWhereWanted(begun, ctx);
  };

  return {
    init(ctx) {
      const stored = journal.job(jobId);
      if (stored === undefined) throw new UnknownJobError(jobId);
      const state = { ...stored, memory: emptyMemory, cancelSentAt: 0, verdictMs: VERDICT_MIN_MS };
      return isFinal(stored.view.phase) ? act(stored.view, state, ctx) : introduce(state, ctx);
    },

    async receive(state, message, ctx) {
      switch (message.type) {
        case "resync":
          return isFinal(state.view.phase) ? state : introduce({ ...state, cancelSentAt: 0 }, ctx);
        case "dismiss":
          ctx.stop();
          return state;
        case "cancel": {
          const { task, reply } = message;
          // A new wish is told at once, whenever the one before was.
          const next = await take(
            { ...state, cancelSentAt: cancelledBefore(state.view, task) ? state.cancelSentAt : 0 },
            task === undefined ? { type: "cancel" } : { type: "cancel", task },
            ctx,
          );
          reply.ok(next.view);
          return next;
        }
        case "pushed": {
          const next = await take(state, message, ctx);
          if (message.record.kind === "end" && !isFinal(next.view.phase)) effects.nudge();
          return next;
        }
        case "sighted": {
          const next = await take(state, message, ctx);
          if (!awaitsVerdict(next.view)) return { ...next, verdictMs: VERDICT_MIN_MS };
          // Slurm cleans up before it says how a job ended; asked ever more seldom, it is not pressed.
          effects.nudge(next.verdictMs);
          return { ...next, verdictMs: Math.min(VERDICT_MAX_MS, next.verdictMs * 2) };
        }
        case "submitting":
        case "outcome":
        case "withdrawn":
        case "cancelled":
        case "silenced":
          return take(state, message, ctx);
      }
    },
  };
}
