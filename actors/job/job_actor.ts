/**
 * The actor of one job: it turns what it hears into facts, has them journaled, and acts on them.
 *
 * @module
 */

import { asStaged, attemptId, isFinal, needsStaging } from "../../model/mod.ts";
import type { JobId, JobView, TaskView } from "../../model/mod.ts";
import type { RunRecord } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import type { ActorContext, Behavior } from "../kernel/mod.ts";
import { announce, hearAgainUnlessContent } from "./announce.ts";
import { cancelWhereWanted, giveUpWhereLost, NOTHING_SENT } from "./ask_to_end.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decide.ts";
import { jobEntries } from "./entries.ts";
import { UnknownJobError } from "./errors.ts";
import type { JobEffects } from "./job_effects.ts";
import type { JobInput } from "./job_input.ts";
import type { JobMessage } from "./job_messages.ts";
import { awaitsVerdict, isHeldBack, nextDueAt, placeOf, presentAttempt } from "./job_state.ts";
import type { JobState } from "./job_state.ts";
import { emptyMemory } from "./memory.ts";
import {
  followedTasks,
  followRunning,
  gateGivenUp,
  gateSighted,
  hearPieces,
  nothingFollowed,
  speakersOf,
  wantedAgain,
} from "./messages.ts";
import type { WantedMessages } from "./messages.ts";
import { persist } from "./persist.ts";
import { attemptSpec } from "./retry.ts";
import { awaitsCluster, strandedBy } from "./stranded.ts";
import { changedTasks, tallied, tallyOf } from "./tasks.ts";
import { watched } from "./watched.ts";

/** First and longest wait for the verdict on a payload that has ended, in ms. */
const VERDICT_MIN_MS = 100;
const VERDICT_MAX_MS = 5_000;

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

  const stored = () => {
    const job = journal.job(jobId);
    if (job === undefined) throw new UnknownJobError(jobId);
    return job;
  };

  /** Has the facts journaled; gives the tasks that have changed, and whether the journal had to be waited for. */
  const record = async (
    before: JobView,
    { facts, view }: Decision,
    ctx: Context,
  ): Promise<{ readonly changed: readonly TaskView[]; readonly waited: boolean }> => {
    const changed = changedTasks(before, view);
    const waited = await persist(journal, jobEntries(facts, view, changed), ctx);
    return { changed, waited };
  };

  const askFor = (wanted: readonly WantedMessages[], ctx: Context): void => {
    for (const question of wanted) effects.followMessages({ jobId, ...question }, ctx.self);
  };

  /** Follows what the parts that run have to say, and nobody else. @param tasks Those that have changed. */
  const follow = (
    before: JobView,
    state: JobState,
    tasks: readonly number[] | undefined,
    ctx: Context,
  ): JobState => {
    const { view, terms } = state;
    const anew = before.attempt !== view.attempt || isFinal(view.phase);
    const parts = anew ? followedTasks(state.messages) : [];
    if (parts.length > 0) effects.unfollowMessages(jobId, parts);
    const kept = anew ? nothingFollowed : state.messages;
    const { state: messages, wanted } = followRunning(kept, terms.speakers, view, tasks);
    askFor(wanted, ctx);
    return { ...state, messages };
  };

  const take = async (state: JobState, input: JobInput, ctx: Context): Promise<JobState> => {
    // What is still under way when it ends is no news, and its end is told once.
    if (isFinal(state.view.phase)) return state;
    const now = ctx.clock.now();
    const decision = decide(state, state.memory, input, now);
    const { view, memory } = decision;
    if (decision.facts.length === 0) return cancelWhereWanted(effects, { ...state, memory }, ctx);
    const { changed, waited } = await record(state.view, decision, ctx);
    const tally = tallied(state.tally, state.view, changed);
    const told = { ...state, view, memory, tally };
    announce(effects, state.view, told, changed, input.type === "sighted", ctx);
    const next = follow(state.view, told, changed.map(({ task }) => task), ctx);
    if (isFinal(view.phase)) return next;
    // While it waited, its mailbox may have overflowed: what it missed is told again to who asks again.
    return waited
      ? introduce({ ...next, cancelsSent: NOTHING_SENT }, ctx)
      : cancelWhereWanted(effects, next, ctx);
  };

  const look = (id: JobId) => journal.summary(id);

  /** Has sent to the cluster what the job needs there. */
  const stage = async (state: JobState, ctx: Context): Promise<JobState> => {
    const { view } = state;
    const decision = decide(state, state.memory, { type: "staging" }, ctx.clock.now());
    if (decision.facts.length > 0) await record(view, decision, ctx);
    const { payload, software, components, resources, inputs, workingDirectory } = stored().spec;
    const errand = Symbol("staging");
    effects.stage({
      attemptId: presentAttempt(view),
      errand,
      spec: { payload, software, components, resources, inputs, workingDirectory },
      job: ctx.self,
    });
    return cancelWhereWanted(effects, { ...state, view: decision.view, errand }, ctx);
  };

  /** Tells those it works with what is wanted of them, given the job as it stands. */
  const introduce = async (state: JobState, ctx: Context): Promise<JobState> => {
    const { view, terms } = state;
    const trouble = strandedBy(view, look);
    if (trouble !== undefined) return await take(state, { type: "stranded", error: trouble }, ctx);
    if (view.allocation !== undefined) effects.allocation(view, ctx.self);
    const wanted = watched(view, terms);
    if (wanted !== undefined) {
      // Whoever failed when the scheduler had just taken it has not said so.
      if (view.framework !== undefined) effects.clusterSettled(view);
      effects.watch(wanted, ctx.self);
      askFor(wantedAgain(state.messages), ctx);
      return cancelWhereWanted(effects, follow(view, state, undefined, ctx), ctx);
    }
    const now = ctx.clock.now();
    if (view.retryAt !== undefined && now < view.retryAt) return state;
    if (terms.needsStaging && view.environments === undefined) return await stage(state, ctx);
    if (awaitsCluster(view, look)) {
      // Nobody else has it who would give it back.
      if (view.cancelRequested) return await take(state, { type: "withdrawn" }, ctx);
      return { ...state, awaitsCluster: true };
    }
    const maybeSent = view.tries > 0;
    let begun = state;
    if (!maybeSent) {
      const decision = decide(state, state.memory, { type: "submitting" }, now);
      await record(view, decision, ctx);
      begun = { ...state, view: decision.view };
    }
    const errand = Symbol("submission");
    effects.enqueue({
      attemptId: presentAttempt(view),
      errand,
      spec: asStaged(attemptSpec(stored().spec, view), view),
      place: placeOf(view),
      maybeSent,
      job: ctx.self,
    });
    return cancelWhereWanted(effects, { ...begun, errand, awaitsCluster: false }, ctx);
  };

  /** Sees to it that it is rung for when something is due. */
  const setAlarm = (state: JobState, ctx: Context): JobState => {
    const now = ctx.clock.now();
    const dueAt = nextDueAt(state, now);
    if (dueAt === state.dueAt) return state;
    state.alarm?.cancel();
    const alarm = dueAt === undefined
      ? undefined
      : ctx.after(Math.max(0, dueAt - now), { type: "due" });
    return { ...state, alarm, dueAt };
  };

  /**
   * Keeps a line until those behind it in the mailbox are here too: the tasks of an array begin and end by the
   * hundred, and each wait for the disk is for all that have spoken meanwhile.
   */
  const keep = (
    state: JobState,
    record: RunRecord,
    ctx: Context,
  ): JobState | Promise<JobState> => {
    // It is no news any more, and what it would tell itself comes too late once it is dismissed.
    if (isFinal(state.view.phase)) return state;
    if (state.lines.length > 0) {
      state.lines.push(record);
      return state;
    }
    const next = { ...state, lines: [record] };
    return ctx.self.tell({ type: "hear" }) === "accepted" ? next : hear(next, ctx);
  };

  /** Takes the lines that were kept. */
  const hear = async (state: JobState, ctx: Context): Promise<JobState> => {
    const { lines: records } = state;
    if (records.length === 0) return state;
    const next = await take({ ...state, lines: [] }, { type: "pushed", records }, ctx);
    if (records.some(({ kind }) => kind === "end") && !isFinal(next.view.phase)) effects.nudge();
    return next;
  };

  const handle = async (
    before: JobState,
    message: Exclude<JobMessage, { type: "pushed" }>,
    ctx: Context,
  ): Promise<JobState> => {
    // What was said before this came counts before it.
    const state = await hear(before, ctx);
    switch (message.type) {
      case "hear":
        return state;
      case "resync":
        return isFinal(state.view.phase)
          ? state
          : await introduce({ ...state, cancelsSent: NOTHING_SENT }, ctx);
      case "due": {
        const awake = { ...state, alarm: undefined, dueAt: undefined };
        return awake.view.retryAt === undefined
          ? cancelWhereWanted(effects, awake, ctx)
          : await introduce(awake, ctx);
      }
      case "dismiss":
        ctx.stop();
        return state;
      case "cluster_settled":
        return isHeldBack(state) ? await introduce(state, ctx) : state;
      case "cancel": {
        const { reply, ...input } = message;
        const asked = await take(state, input, ctx);
        const next = isHeldBack(asked) ? await introduce(asked, ctx) : asked;
        reply.ok(next.view);
        return next;
      }
      case "messages_read": {
        const { state: messages, heard, wanted, released } = hearPieces(
          state.messages,
          message.pieces,
        );
        let next = await take({ ...state, messages }, { type: "messages", heard }, ctx);
        askFor(wanted, ctx);
        const { sighted, given } = released;
        if (sighted !== undefined) next = await handle(next, { type: "sighted", ...sighted }, ctx);
        return given.length === 0 ? next : await handle(next, { type: "given_up", given }, ctx);
      }
      case "sighted": {
        const gated = gateSighted(state.messages, state.terms.speakers, state.view, message);
        askFor(gated.wanted, ctx);
        const heard = await take({ ...state, messages: gated.state }, gated.news, ctx);
        const next = giveUpWhereLost(effects, heard, message, ctx);
        hearAgainUnlessContent(effects, next, message, ctx);
        if (!awaitsVerdict(next)) return { ...next, verdictMs: VERDICT_MIN_MS };
        // Slurm cleans up before it says how a job ended; asked ever more seldom, it is not pressed.
        effects.nudge(next.verdictMs);
        return { ...next, verdictMs: Math.min(VERDICT_MAX_MS, next.verdictMs * 2) };
      }
      case "given_up": {
        const gated = gateGivenUp(state.messages, state.terms.speakers, state.view, message);
        askFor(gated.wanted, ctx);
        const next = await take({ ...state, messages: gated.state }, gated.news, ctx);
        // What had begun has its verdict as soon as it is looked at once more.
        if (message.given.some(({ begun }) => begun)) effects.nudge();
        return next;
      }
      case "staged": {
        const next = await take(state, message, ctx);
        const news = next.view.environments !== state.view.environments;
        return news && !isFinal(next.view.phase) ? await introduce(next, ctx) : next;
      }
      case "inspected": {
        const next = await take(state, message, ctx);
        effects.allocation(next.view, ctx.self, message.sighting);
        return next;
      }
      case "closing": {
        const { reply, ...input } = message;
        const next = await take(state, input, ctx);
        reply?.ok(next.view);
        return next;
      }
      case "withdrawn":
        // Since then it may have been handed over again, and be on its way.
        return message.errand === state.errand ? await take(state, message, ctx) : state;
      case "staging":
      case "stage_failed":
      case "expiring":
      case "stranded":
      case "submitting":
      case "outcome":
      case "cancelled":
      case "silenced":
        return await take(state, message, ctx);
    }
  };

  return {
    async init(ctx) {
      const { view, spec } = stored();
      const { retry, options } = spec;
      const state: JobState = {
        view,
        terms: { retry, options, needsStaging: needsStaging(spec), speakers: speakersOf(spec) },
        memory: emptyMemory,
        messages: nothingFollowed,
        tally: tallyOf(view.tasks),
        lines: [],
        errand: undefined,
        awaitsCluster: false,
        cancelsSent: NOTHING_SENT,
        verdictMs: VERDICT_MIN_MS,
        alarm: undefined,
        dueAt: undefined,
      };
      if (isFinal(state.view.phase)) {
        announce(effects, state.view, state, [], false, ctx);
        return state;
      }
      // Whoever failed between two attempts has not said that the one before is over.
      const { attempt } = state.view;
      if (attempt > 1) effects.unwatch(attemptId(jobId, attempt - 1));
      return setAlarm(await introduce(state, ctx), ctx);
    },

    receive(state, message, ctx) {
      if (message.type === "pushed") return keep(state, message.record, ctx);
      return handle(state, message, ctx).then((next) => setAlarm(next, ctx));
    },
  };
}
