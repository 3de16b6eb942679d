/**
 * A job's state as the sum of its events.
 *
 * @module
 */

import { arrayPhase, isFinal, schedulerIdSchema } from "../../model/mod.ts";
import type { ClusterName, JobFact, JobId, JobView } from "../../model/mod.ts";

/** A fact with what is known of its place before the journal has stored it. */
export interface RecordedFact {
  /** The job it is about. */
  readonly jobId: JobId;
  /** The job's cluster. */
  readonly cluster: ClusterName;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** The fact. */
  readonly fact: JobFact;
}

/** What a job has in common with a task of an array: where it stands and how it ended. */
export type Standing = Pick<
  JobView,
  | "phase"
  | "state"
  | "reason"
  | "exitCode"
  | "signal"
  | "nodes"
  | "startedAt"
  | "endedAt"
  | "restarts"
>;

type StandingFact = Extract<JobFact, { type: "queued" | "running" | "exited" | "ended" }>;

function stand(before: Standing, fact: StandingFact): Standing {
  switch (fact.type) {
    case "queued":
      return {
        phase: "queued",
        state: fact.state,
        reason: fact.reason,
        exitCode: undefined,
        nodes: [],
        startedAt: undefined,
        restarts: fact.restarts,
      };
    case "running": {
      // What is known of the run before says nothing of the one after a restart.
      const same = fact.restarts === before.restarts;
      return {
        phase: "running",
        state: fact.state,
        reason: fact.reason,
        exitCode: same ? before.exitCode : undefined,
        nodes: fact.nodes,
        startedAt: fact.startedAt ?? (same ? before.startedAt : undefined),
        restarts: fact.restarts,
      };
    }
    case "exited":
      return { ...before, exitCode: fact.exitCode };
    case "ended":
      return {
        phase: fact.phase,
        state: fact.state,
        reason: fact.reason,
        exitCode: fact.exitCode,
        signal: fact.signal,
        nodes: fact.nodes.length > 0 ? fact.nodes : before.nodes,
        startedAt: fact.startedAt ?? before.startedAt,
        endedAt: fact.endedAt,
        restarts: before.restarts,
      };
  }
}

function applyStanding(view: JobView, fact: StandingFact): JobView {
  if (fact.task === undefined) {
    const standing = { ...view, ...stand(view, fact) };
    return fact.type === "ended"
      ? {
        ...standing,
        signal: fact.signal,
        error: fact.error,
        unknownSince: undefined,
        unknownReason: undefined,
      }
      : standing;
  }
  const tasks = view.tasks?.map((task) =>
    task.task === fact.task ? { ...task, ...stand(task, fact) } : task
  );
  if (tasks === undefined) return view;
  const phase = arrayPhase(tasks.map((task) => task.phase));
  const nodes = [...new Set(tasks.flatMap((task) => task.nodes))];
  // The verdict on the array is a fact of its own; until then it counts as running.
  return { ...view, tasks, nodes, phase: isFinal(phase) ? "running" : phase };
}

/**
 * The job after one more event.
 *
 * @param view The job before it; `undefined` for the first event, which must be `accepted`.
 * @throws {TypeError} The history does not begin with `accepted`, or has it twice.
 */
export function foldJob(view: JobView | undefined, event: RecordedFact): JobView {
  const { fact, at } = event;
  if (view === undefined) {
    if (fact.type !== "accepted") {
      throw new TypeError(`the history of job ${event.jobId} begins with '${fact.type}'`);
    }
    return {
      id: event.jobId,
      cluster: event.cluster,
      name: fact.spec.name,
      labels: fact.spec.labels,
      phase: "accepted",
      nodes: [],
      restarts: 0,
      cancelRequested: false,
      directory: fact.directory,
      attempt: 1,
      attempts: [],
      tries: 0,
      acceptedAt: at,
      updatedAt: at,
      events: 1,
      tasks: fact.tasks?.map((task) => ({ task, phase: "accepted", nodes: [], restarts: 0 })),
    };
  }
  const next = { ...view, updatedAt: at, events: view.events + 1 };
  switch (fact.type) {
    case "accepted":
      throw new TypeError(`the history of job ${event.jobId} has 'accepted' twice`);
    case "submitting":
      return { ...next, phase: "submitting", tries: fact.tries, error: fact.error };
    case "submitted":
      return {
        ...next,
        phase: "queued",
        schedulerId: fact.schedulerId,
        submittedAt: at,
        error: undefined,
        tasks: next.tasks?.map((task) => ({
          ...task,
          schedulerId: schedulerIdSchema.parse(`${fact.schedulerId}_${task.task}`),
          phase: "queued",
        })),
      };
    case "queued":
    case "running":
    case "exited":
    case "ended":
      return applyStanding(next, fact);
    case "cancel_requested":
      if (fact.task === undefined) return { ...next, cancelRequested: true };
      return {
        ...next,
        tasks: next.tasks?.map((task) =>
          task.task === fact.task ? { ...task, cancelRequested: true } : task
        ),
      };
    case "unknown":
      return { ...next, unknownSince: fact.since, unknownReason: fact.reason };
    case "known":
      return { ...next, unknownSince: undefined, unknownReason: undefined };
  }
}
