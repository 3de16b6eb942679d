/**
 * A job's state as the sum of its events.
 *
 * @module
 */

import { arrayPhase, isFinal, schedulerIdSchema } from "../../model/mod.ts";
import type { ClusterName, JobFact, JobId, JobSpec, JobView, TaskView } from "../../model/mod.ts";
import { foldAllocation, newAllocation } from "./allocation.ts";
import { signalSent, wished } from "./cancel.ts";
import { arrayNodes, countPhases, taskOf, withTask, withTasks } from "./tasks.ts";
import type { TaskDraft } from "./tasks.ts";

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

type Ended = Extract<JobFact, { type: "ended" }>;

function unsent({ phase, reason, endedAt }: Ended): Partial<TaskView> {
  return { phase, reason, endedAt };
}

function cancelRequested(
  view: JobView,
  fact: Extract<JobFact, { type: "cancel_requested" }>,
  at: number,
  draft: TaskDraft,
): JobView {
  if (fact.task !== undefined) {
    return withTask(view, fact.task, (task) => wished(task, fact, at), draft);
  }
  return withTasks(
    wished(view, fact, at),
    (task) => isFinal(task.phase) ? task : wished(task, fact, at),
    draft,
  );
}

/** The job as it was when it was accepted, with one more attempt behind it. */
function attemptEnded(
  view: JobView,
  fact: Extract<JobFact, { type: "attempt_ended" }>,
  draft: TaskDraft,
): JobView {
  const { attempt, schedulerId } = view;
  const again = new Set(fact.tasks);
  const next: JobView = {
    ...view,
    phase: "accepted",
    attempt: attempt + 1,
    attempts: [...view.attempts, {
      attempt,
      schedulerId,
      ...stand(view, { ...fact, type: "ended" }),
    }],
    tries: 0,
    retryAt: fact.retryAt,
    schedulerId: undefined,
    submittedAt: undefined,
    state: undefined,
    reason: undefined,
    exitCode: undefined,
    signal: undefined,
    nodes: [],
    startedAt: undefined,
    endedAt: undefined,
    restarts: 0,
    error: undefined,
    unknownSince: undefined,
    unknownReason: undefined,
  };
  return withTasks(
    next,
    (part) =>
      again.has(part.task)
        ? {
          task: part.task,
          phase: "accepted",
          nodes: [],
          restarts: 0,
          // All attempts append to the same file.
          ...(part.messagesAt === undefined ? {} : { messagesAt: part.messagesAt }),
        }
        : part,
    draft,
  );
}

function applyStanding(view: JobView, fact: StandingFact, draft: TaskDraft): JobView {
  if (fact.task === undefined) {
    const standing = { ...view, ...stand(view, fact) };
    if (fact.type !== "ended") return standing;
    return withTasks(
      {
        ...standing,
        signal: fact.signal,
        error: fact.error,
        retryAt: undefined,
        unknownSince: undefined,
        unknownReason: undefined,
      },
      // A task that never reached the scheduler shares the end of its job.
      (task) => isFinal(task.phase) ? task : { ...task, ...unsent(fact) },
      draft,
    );
  }
  const before = taskOf(view, fact.task);
  if (before === undefined) return view;
  const after = { ...before, ...stand(before, fact) };
  const next = withTask(view, fact.task, () => after, draft);
  if (view.schedulerId === undefined) return next;
  const phase = arrayPhase(next.taskPhases ?? {});
  return {
    ...next,
    nodes: arrayNodes(next, before, after),
    // The verdict on the array is a fact of its own; until then it counts as running.
    phase: isFinal(phase) ? "running" : phase,
  };
}

/** The framework of a job that is nothing but a cluster of it. */
function frameworkOf({ payload, launcher }: JobSpec): Pick<JobView, "framework"> {
  if (payload.kind !== "cluster") return {};
  return launcher.kind === "ray" || launcher.kind === "spark" ? { framework: launcher.kind } : {};
}

/**
 * The job after one more event.
 *
 * @param view The job before it; `undefined` for the first event, which must be `accepted`.
 * @param draft For many events in a row: what only the caller has of the job's tasks. Views that the caller
 * got before with the same draft are changed with it.
 * @throws {TypeError} The history does not begin with `accepted`, or has it twice.
 */
export function foldJob(
  view: JobView | undefined,
  event: RecordedFact,
  draft: TaskDraft = { tasks: undefined },
): JobView {
  const { fact, at } = event;
  if (view === undefined) {
    if (fact.type !== "accepted") {
      throw new TypeError(`the history of job ${event.jobId} begins with '${fact.type}'`);
    }
    const tasks = fact.tasks?.toSorted((a, b) => a - b).map((task): TaskView => ({
      task,
      phase: "accepted",
      nodes: [],
      restarts: 0,
    }));
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
      ...(fact.session === undefined ? {} : { session: fact.session }),
      ...(fact.standing === undefined ? {} : { standing: fact.standing }),
      ...(fact.spec.components === undefined ? {} : { components: true }),
      ...(fact.spec.payload.kind === "allocation" ? { allocation: newAllocation(fact) } : {}),
      ...frameworkOf(fact.spec),
      ...(tasks === undefined ? {} : { taskPhases: countPhases(tasks), tasks }),
    };
  }
  const next = { ...view, updatedAt: at, events: view.events + 1 };
  switch (fact.type) {
    case "accepted":
      throw new TypeError(`the history of job ${event.jobId} has 'accepted' twice`);
    case "staging":
      return { ...next, phase: "staging", error: fact.error, retryAt: undefined };
    case "staged":
      return {
        ...next,
        environments: fact.environments,
        ...(fact.inputs === undefined ? {} : { inputs: fact.inputs }),
        ...(fact.scripts === undefined ? {} : { scripts: fact.scripts }),
        error: undefined,
      };
    case "submitting":
      return {
        ...next,
        phase: "submitting",
        tries: fact.tries,
        error: fact.error,
        retryAt: undefined,
      };
    case "submitted":
      return withTasks(
        {
          ...next,
          phase: "queued",
          schedulerId: fact.schedulerId,
          submittedAt: at,
          error: undefined,
        },
        (task) =>
          isFinal(task.phase) ? task : {
            ...task,
            schedulerId: schedulerIdSchema.parse(
              `${fact.schedulerId}${view.components === true ? "+" : "_"}${task.task}`,
            ),
            phase: "queued",
          },
        draft,
      );
    case "queued":
    case "running":
    case "exited":
    case "ended":
      return applyStanding(next, fact, draft);
    case "message": {
      const { position: messagesAt } = fact;
      return fact.task === undefined
        ? { ...next, messagesAt }
        : withTask(next, fact.task, (task) => ({ ...task, messagesAt }), draft);
    }
    case "cancel_requested":
      return cancelRequested(next, fact, at, draft);
    case "signalled":
      return fact.task === undefined
        ? signalSent(next, fact.signal, at)
        : withTask(next, fact.task, (task) => signalSent(task, fact.signal, at), draft);
    case "attempt_ended":
      return attemptEnded(next, fact, draft);
    case "unknown":
      return { ...next, unknownSince: fact.since, unknownReason: fact.reason };
    case "known":
      return { ...next, unknownSince: undefined, unknownReason: undefined };
    case "node_failed":
    case "node_recovered":
    case "session_expiring":
    case "session_closing":
    case "cluster_up":
    case "cluster_down":
      return { ...next, allocation: foldAllocation(view.allocation, fact, at) };
  }
}
