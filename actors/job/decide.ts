/**
 * What a job makes of what it is told: the facts that follow, and nothing else. Pure.
 *
 * @module
 */

import { arrayPhase, errorInfo, isFinal } from "../../model/mod.ts";
import type { JobFact, JobView, Reason, SignalName, SluiceError } from "../../model/mod.ts";
import type {
  Cancellation,
  Observation,
  Sighting,
  SpoolRecord,
  SubmitOutcome,
} from "../../schedulers/mod.ts";
import { foldJob } from "./fold.ts";
import type { Standing } from "./fold.ts";

/** How long a job may be missing from the queue and all records before it is called unknown, in ms. */
export const MISSING_GRACE_MS = 30_000;

/** What a job can be told. */
export type JobInput =
  /** It is about to be handed to the scheduler. */
  | { readonly type: "submitting"; readonly error?: SluiceError }
  /** What became of the submission. */
  | { readonly type: "outcome"; readonly outcome: SubmitOutcome }
  /** What a poll that began at `askedAt` saw of it and its tasks. */
  | {
    readonly type: "sighted";
    readonly askedAt: number;
    readonly observations: readonly Observation[];
  }
  /** A line that its script wrote to the spool. */
  | { readonly type: "pushed"; readonly record: SpoolRecord }
  /** Somebody wants it, or one task of it, ended: by the scheduler or, to begin with, by a signal. */
  | {
    readonly type: "cancel";
    readonly task?: number;
    readonly signal?: SignalName;
    /** How long it may take to end by the signal, in seconds. Default: 30. */
    readonly graceSeconds?: number;
  }
  /** The scheduler took a cancellation. */
  | { readonly type: "cancelled"; readonly cancellation: Cancellation }
  /** It was taken back before anything of it was sent. */
  | { readonly type: "withdrawn" }
  /** Nobody has answered for it since `since` or, where that is not known, since its last event. */
  | {
    readonly type: "silenced";
    readonly since: number | undefined;
    readonly reason: Reason;
  };

/** What a job remembers between two inputs and need not survive a restart. */
export interface JobMemory {
  /** When each task (or -1, the job itself) was first missed, by the clock of this side. */
  readonly missingSince: ReadonlyMap<number, number>;
  /** When the last word came from the job's own script. */
  readonly pushedAt: number;
  /** What the job's script said before the scheduler's answer to the submission had come. */
  readonly early: readonly SpoolRecord[];
}

/** The memory of a job that has just been taken up. */
export const emptyMemory: JobMemory = { missingSince: new Map(), pushedAt: 0, early: [] };

/** What follows from an input. */
export interface Decision {
  /** Facts to be recorded, in this order. */
  readonly facts: readonly JobFact[];
  /** The memory afterwards. */
  readonly memory: JobMemory;
}

const JOB_ITSELF = -1;

function standing(view: JobView, task: number | undefined): Standing | undefined {
  return task === undefined ? view : view.tasks?.find((part) => part.task === task);
}

function sameReason(part: Standing, sighting: { readonly reason?: { readonly code: string } }) {
  return part.reason?.code === sighting.reason?.code;
}

/** The fact that a sighting amounts to, or none where it says nothing new. */
function factOfSighting(
  part: Standing,
  task: number | undefined,
  sighting: Exclude<Sighting, { kind: "missing" }>,
  stale: boolean,
): JobFact | undefined {
  // What was asked before the scheduler put it back once more is out of date.
  if (sighting.kind !== "ended" && (sighting.restarts ?? part.restarts) < part.restarts) {
    return undefined;
  }
  switch (sighting.kind) {
    case "waiting": {
      const wasRunning = part.phase === "running";
      const restarts = sighting.restarts ?? (wasRunning ? part.restarts + 1 : part.restarts);
      // A poll that was asked before the job's script reported its start still saw it waiting.
      if (wasRunning && (stale || restarts <= part.restarts)) return undefined;
      const same = part.phase === "queued" && part.state === sighting.state &&
        sameReason(part, sighting) && part.restarts === restarts;
      return same ? undefined : {
        type: "queued",
        task,
        state: sighting.state,
        reason: sighting.reason,
        nodes: [],
        restarts,
      };
    }
    case "active": {
      const restarts = sighting.restarts ?? part.restarts;
      const same = part.phase === "running" && part.state === sighting.state &&
        sameReason(part, sighting) && part.restarts === restarts &&
        part.nodes.join() === sighting.nodes.join();
      return same ? undefined : {
        type: "running",
        task,
        state: sighting.state,
        reason: sighting.reason,
        nodes: [...sighting.nodes],
        startedAt: sighting.startedAt,
        restarts,
      };
    }
    case "ended":
      return {
        type: "ended",
        task,
        phase: sighting.phase,
        state: sighting.state,
        reason: sighting.reason,
        exitCode: sighting.exitCode ?? part.exitCode,
        signal: sighting.signal,
        nodes: [...sighting.nodes],
        startedAt: sighting.startedAt,
        endedAt: sighting.endedAt,
      };
  }
}

/** The verdict on an array whose last task has ended. */
function arrayVerdict(view: JobView, at: number): JobFact | undefined {
  if (view.tasks === undefined || isFinal(view.phase)) return undefined;
  const phase = arrayPhase(view.tasks.map((task) => task.phase));
  if (!isFinal(phase)) return undefined;
  const decisive = view.tasks.find((task) => task.phase === phase);
  const endings = view.tasks.flatMap((task) => task.endedAt === undefined ? [] : [task.endedAt]);
  const starts = view.tasks.flatMap((task) => task.startedAt === undefined ? [] : [task.startedAt]);
  return {
    type: "ended",
    phase,
    state: decisive?.state,
    reason: decisive?.reason,
    exitCode: decisive?.exitCode,
    signal: decisive?.signal,
    nodes: [],
    startedAt: starts.length > 0 ? Math.min(...starts) : undefined,
    endedAt: endings.length > 0 ? Math.max(...endings) : at,
  };
}

/** Collects facts, each decided on the job as it is after those before. */
class Facts {
  readonly facts: JobFact[] = [];

  constructor(public view: JobView, private readonly at: number) {}

  add(fact: JobFact): void {
    this.facts.push(fact);
    this.view = foldJob(this.view, {
      jobId: this.view.id,
      cluster: this.view.cluster,
      at: this.at,
      fact,
    });
  }

  /** The job is heard of: whatever was unknown of it is known again. */
  heard(): void {
    if (this.view.unknownSince !== undefined) this.add({ type: "known" });
  }
}

function sighted(
  facts: Facts,
  memory: JobMemory,
  input: Extract<JobInput, { type: "sighted" }>,
  now: number,
): JobMemory {
  const missingSince = new Map(memory.missingSince);
  let lost: { readonly since: number; readonly reason: Reason } | undefined;
  let seen = false;
  for (const { task, sighting } of input.observations) {
    const part = standing(facts.view, task);
    if (part === undefined || isFinal(part.phase)) continue;
    const key = task ?? JOB_ITSELF;
    if (sighting.kind !== "missing") {
      missingSince.delete(key);
      seen = true;
      continue;
    }
    const since = missingSince.get(key) ?? now;
    missingSince.set(key, since);
    if (now - since >= MISSING_GRACE_MS) lost ??= { since, reason: sighting.reason };
  }
  // One task that is nowhere to be found keeps the array unknown, whatever is seen of the others.
  if (lost === undefined && seen) facts.heard();
  if (lost !== undefined && facts.view.unknownSince === undefined) {
    facts.add({ type: "unknown", ...lost });
  }
  for (const { task, sighting } of input.observations) {
    const part = standing(facts.view, task);
    if (part === undefined || isFinal(part.phase) || sighting.kind === "missing") continue;
    const fact = factOfSighting(part, task, sighting, input.askedAt <= memory.pushedAt);
    if (fact !== undefined) facts.add(fact);
  }
  const verdict = arrayVerdict(facts.view, now);
  if (verdict !== undefined) facts.add(verdict);
  return { ...memory, missingSince };
}

function pushed(facts: Facts, memory: JobMemory, record: SpoolRecord, now: number): JobMemory {
  if (facts.view.schedulerId === undefined) {
    return { ...memory, early: [...memory.early, record] };
  }
  const part = standing(facts.view, record.task);
  if (part === undefined || isFinal(part.phase) || record.restart < part.restarts) return memory;
  switch (record.kind) {
    case "start":
      if (part.phase === "running" && part.restarts === record.restart) return memory;
      facts.heard();
      facts.add({
        type: "running",
        task: record.task,
        state: "RUNNING",
        nodes: [],
        startedAt: record.at,
        restarts: record.restart,
      });
      return { ...memory, pushedAt: now };
    case "end":
      if (part.exitCode !== undefined && part.restarts === record.restart) return memory;
      facts.heard();
      if (part.phase !== "running" || part.restarts !== record.restart) {
        // The line of its start was lost.
        facts.add({
          type: "running",
          task: record.task,
          state: "RUNNING",
          nodes: [],
          restarts: record.restart,
        });
      }
      facts.add({ type: "exited", task: record.task, exitCode: record.exitCode, exitedAt: now });
      return { ...memory, pushedAt: now };
  }
}

function outcome(
  facts: Facts,
  memory: JobMemory,
  result: SubmitOutcome,
  now: number,
): JobMemory {
  switch (result.kind) {
    case "submitted":
      // Asked again after a cut, the remote side names the same id; it is no news.
      if (facts.view.schedulerId !== undefined) return memory;
      facts.heard();
      facts.add({ type: "submitted", schedulerId: result.schedulerId });
      return memory.early.reduce<JobMemory>(
        (before, record) => pushed(facts, before, record, now),
        { ...memory, early: [] },
      );
    case "rejected":
      facts.add({
        type: "ended",
        phase: "failed",
        nodes: [],
        reason: { code: result.error.code, text: result.error.message },
        error: errorInfo(result.error),
      });
      return memory;
    case "postponed":
      if (facts.view.error?.code !== result.error.code) {
        facts.add({
          type: "submitting",
          tries: facts.view.tries + 1,
          error: errorInfo(result.error),
        });
      }
      return memory;
  }
}

/**
 * Whether the input is one that the job's own history rules out: once the scheduler has a job, nothing
 * that is said of its submission counts any more, and before that nobody can have seen it.
 */
function contradicts(view: JobView, input: JobInput): boolean {
  const sent = view.schedulerId !== undefined;
  switch (input.type) {
    case "submitting":
    case "withdrawn":
      return sent;
    case "outcome":
      return sent && input.outcome.kind !== "submitted";
    case "sighted":
      return !sent;
    case "pushed":
    case "cancel":
    case "cancelled":
    case "silenced":
      return false;
  }
}

/**
 * The facts that follow from an input, given the job as it stands.
 *
 * What the input repeats, what is out of date and whatever reaches a job that has ended gives no fact.
 *
 * @param now Milliseconds since the epoch.
 */
export function decide(view: JobView, memory: JobMemory, input: JobInput, now: number): Decision {
  if (isFinal(view.phase) || contradicts(view, input)) return { facts: [], memory };
  const facts = new Facts(view, now);
  switch (input.type) {
    case "submitting":
      facts.add({ type: "submitting", tries: view.tries + 1 });
      break;
    case "outcome":
      memory = outcome(facts, memory, input.outcome, now);
      break;
    case "sighted":
      memory = sighted(facts, memory, input, now);
      break;
    case "pushed":
      memory = pushed(facts, memory, input.record, now);
      break;
    case "cancel": {
      const { task } = input;
      const part = task === undefined ? view : view.tasks?.find((one) => one.task === task);
      if (part === undefined || isFinal(part.phase) || part.cancelRequested) break;
      facts.add({ type: "cancel_requested", task: input.task });
      break;
    }
    case "cancelled":
      break;
    case "withdrawn":
      facts.add({
        type: "ended",
        phase: "cancelled",
        nodes: [],
        reason: { code: "Cancelled", text: "It was cancelled before it was submitted." },
        endedAt: now,
      });
      break;
    case "silenced":
      if (view.unknownSince === undefined && view.schedulerId !== undefined) {
        const since = input.since ?? view.updatedAt;
        facts.add({ type: "unknown", since, reason: input.reason });
      }
      break;
  }
  return { facts: facts.facts, memory };
}
