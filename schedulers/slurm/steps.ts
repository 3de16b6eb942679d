/**
 * Steps of sessions over one connection: placed, looked at and cancelled with a fixed number of commands,
 * however many there are.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { stepId } from "../../launchers/mod.ts";
import { allocationJob, attemptId, schedulerIdSchema } from "../../model/mod.ts";
import type { SessionId } from "../../model/mod.ts";
import { quote, quotePath } from "../../shell/mod.ts";
import { nodeStatesArguments, parseNodeStates } from "../../slurm/mod.ts";
import {
  DirectoryUnwritableError,
  SchedulerUnavailableError,
  SessionClosedError,
  SubmissionUnclearError,
} from "../errors.ts";
import type { RemoteLayout } from "../layout.ts";
import type {
  Observation,
  SessionSighting,
  Sighting,
  SubmitOutcome,
  Watched,
  WatchedSession,
} from "../scheduler.ts";
import { Part } from "./parts.ts";
import { parsePlaceReplies, PLACE_SECONDS, placeProgram } from "./place_program.ts";
import type { PlaceReply } from "./place_program.ts";
import type { Queue } from "./queue.ts";
import {
  allocationArguments,
  closeSessionLine,
  parseAllocations,
  printSessions,
  sessionSightings,
} from "./session_look.ts";
import type { AllocationLine } from "./session_look.ts";
import { slurmOutput } from "./slurm_output.ts";
import { cancelStepsProgram } from "./step_cancel.ts";
import type { StepCancellation } from "./step_cancel.ts";
import type { PlannedStep } from "./step_planner.ts";
import { parseStepTraces, printStepTraces, stepKey } from "./step_traces.ts";
import type { SessionTraces, StepPart, TracesFound } from "./step_traces.ts";
import { stepVerdict } from "./step_verdict.ts";
import type { SessionStanding } from "./step_verdict.ts";

/** The lane of the host's shells that carries submissions, so that polls do not wait for them. */
const PLACE_LANE = "submit";

const decoder = new TextDecoder();

/** A step that is watched. */
export interface WatchedStep extends Watched {
  /** The session. */
  readonly session: SessionId;
}

/** Whether it is a step of a session. */
export function isStep(watched: Watched): watched is WatchedStep {
  return watched.session !== undefined;
}

/** What was read of steps before the queue was. */
export interface StepsSeen {
  /** The steps, and the tasks of those that are arrays. */
  readonly parts: readonly (StepPart & { readonly watched: WatchedStep })[];
  /** Their traces. */
  readonly traces: TracesFound;
}

/** Says what became of jobs that have left the queue, in the order given. */
export type LookForGone = (
  gone: readonly Part[],
  signal: AbortSignal,
) => Promise<readonly Observation[]>;

/** Places, looks at and cancels the steps of one cluster's sessions. */
export class Steps {
  readonly #host: Host;
  readonly #layout: RemoteLayout;

  /** Works over the given connection, which stays the caller's. */
  constructor(host: Host, layout: RemoteLayout) {
    this.#host = host;
    this.#layout = layout;
  }

  /** Puts steps into their sessions, each once however often it is asked; every step gets an outcome. */
  async place(steps: readonly PlannedStep[], signal: AbortSignal): Promise<SubmitOutcome[]> {
    if (steps.length === 0) return [];
    const program = placeProgram(this.#layout.root, this.#layout.spool, steps);
    const { exitCode, stdout, stderr } = await this.#host.run(
      `printf %s ${quote(program)} | timeout -k 5 ${PLACE_SECONDS} sh`,
      { lane: PLACE_LANE, signal, timeoutMs: (2 * PLACE_SECONDS + 20) * 1000 },
    );
    const replies = new Map(
      parsePlaceReplies(decoder.decode(stdout)).map((reply) => [reply.attemptId, reply]),
    );
    const words = decoder.decode(stderr).trim() || `exit status ${exitCode}`;
    const outcomes = steps.map((step) => outcomeOf(step, replies.get(step.attemptId), words));
    // Nothing of what was refused stays.
    const refused = steps.filter((_, index) => outcomes[index]?.kind === "rejected");
    if (refused.length > 0) {
      const directories = refused.map(({ directory }) => quotePath(directory)).join(" ");
      await this.#host.run(`rm -rf -- ${directories}`, { signal });
    }
    return outcomes;
  }

  /**
   * Reads the traces of steps. To be called before the queue is read, so that a session that had Slurm's id by
   * then, and that the queue does not have, has left it.
   */
  async look(watched: readonly WatchedStep[], signal: AbortSignal): Promise<StepsSeen> {
    const parts = watched.flatMap((one) =>
      (one.tasks ?? [undefined]).map((task) => ({
        attemptId: one.attemptId,
        task,
        sessionId: one.session,
        watched: one,
      }))
    );
    const { stdout } = await this.#host.run(printStepTraces(this.#layout, parts), { signal });
    return { parts, traces: parseStepTraces(decoder.decode(stdout), parts) };
  }

  /** What is to be said of the steps, by their traces and how their sessions stand. */
  async judge(
    { parts, traces }: StepsSeen,
    queue: Queue,
    lookForGone: LookForGone,
    signal: AbortSignal,
  ): Promise<Observation[]> {
    const standings = await standingsOf(traces.sessions, queue, lookForGone, signal);
    const now = performance.timeOrigin + performance.now();
    return parts.map(({ attemptId, task, sessionId, watched }): Observation => {
      const sighting = stepVerdict({
        traces: traces.steps.get(stepKey({ attemptId, task })),
        session: standings.get(sessionId) ?? { kind: "unknown" },
        closed: traces.sessions.get(sessionId)?.closed,
        now: traces.now,
        age: watched.submittedAt === undefined ? undefined : now - watched.submittedAt,
      });
      return task === undefined ? { attemptId, sighting } : { attemptId, task, sighting };
    });
  }

  /**
   * Ends steps, or sends them signals.
   *
   * @throws {SchedulerUnavailableError} The sessions' directories cannot be written.
   */
  async cancel(cancellations: readonly StepCancellation[], signal: AbortSignal): Promise<void> {
    if (cancellations.length === 0) return;
    const program = cancelStepsProgram(this.#layout, cancellations);
    const { exitCode, stderr } = await this.#host.run(program, { signal });
    if (exitCode !== 0) {
      throw new SchedulerUnavailableError("the request to a session", decoder.decode(stderr));
    }
  }

  /** Looks at sessions; see Scheduler.inspect. */
  async inspect(
    sessions: readonly WatchedSession[],
    signal: AbortSignal,
  ): Promise<readonly SessionSighting[]> {
    if (sessions.length === 0) return [];
    const printed = await this.#host.run(
      printSessions(this.#layout, sessions.map(({ sessionId }) => sessionId)),
      { signal },
    );
    const ids = sessions.flatMap(({ schedulerId }) => schedulerId ?? []);
    const allocations = ids.length === 0 ? new Map<string, AllocationLine>() : parseAllocations(
      await slurmOutput(this.#host, allocationArguments(ids), signal, /invalid job id/i),
    );
    const agents = [...allocations.values()].flatMap(({ agentNode }) => agentNode ?? []);
    const [first, ...rest] = new Set([...sessions.flatMap(({ nodes }) => nodes), ...agents]);
    const nodes = first === undefined ? [] : parseNodeStates(
      await slurmOutput(this.#host, nodeStatesArguments([first, ...rest]), signal),
    );
    return sessionSightings(sessions, {
      printed: decoder.decode(printed.stdout),
      allocations,
      nodes,
    });
  }

  /** Has a session take no more steps; see Scheduler.closeSession. */
  async closeSession(sessionId: SessionId, signal: AbortSignal): Promise<void> {
    const line = closeSessionLine(this.#layout, sessionId);
    const { exitCode, stderr } = await this.#host.run(line, { signal });
    if (exitCode !== 0) {
      throw new SchedulerUnavailableError("the request to a session", decoder.decode(stderr));
    }
  }
}

function outcomeOf(
  { attemptId, directory, sessionId }: PlannedStep,
  reply: PlaceReply | undefined,
  words: string,
): SubmitOutcome {
  if (reply === undefined) {
    const error = new SubmissionUnclearError(words);
    return { kind: "postponed", attemptId, error, maybeSent: true };
  }
  switch (reply.kind) {
    case "placed": {
      const schedulerId = schedulerIdSchema.parse(stepId(sessionId));
      return { kind: "submitted", attemptId, schedulerId };
    }
    case "closed": {
      const error = new SessionClosedError(sessionId, reply.words);
      return { kind: "rejected", attemptId, error };
    }
    case "unwritable": {
      const error = new DirectoryUnwritableError(directory, reply.words);
      return { kind: "postponed", attemptId, error, maybeSent: true };
    }
    case "unclear": {
      const error = new SubmissionUnclearError(reply.words);
      return { kind: "postponed", attemptId, error, maybeSent: true };
    }
  }
}

/** @param agentNode The node where its agent is, where it is at work. */
function standingOf(sighting: Sighting, agentNode: string | undefined): SessionStanding {
  const lost = (nodes: readonly string[]) =>
    agentNode !== undefined && nodes.length > 0 && !nodes.includes(agentNode);
  switch (sighting.kind) {
    case "waiting":
      return { kind: "live" };
    case "active":
      // Of a job that is completing only those nodes are listed that have not done so.
      return sighting.state === "RUNNING" && lost(sighting.nodes)
        ? { kind: "over", state: "NODE_FAIL", phase: "failed" }
        : { kind: "live" };
    case "ended":
      if (lost(sighting.nodes)) return { kind: "over", state: "NODE_FAIL", phase: "failed" };
      return { kind: "over", state: sighting.state, phase: sighting.phase };
    case "missing":
      return sighting.queued === true ? { kind: "live" } : { kind: "unknown" };
  }
}

/** How each session stands: by the queue's line of its last attempt, and without one by what is left of it. */
async function standingsOf(
  sessions: ReadonlyMap<SessionId, SessionTraces>,
  queue: Queue,
  lookForGone: LookForGone,
  signal: AbortSignal,
): Promise<ReadonlyMap<SessionId, SessionStanding>> {
  const wanted = new Set<string>(sessions.keys());
  const lines = new Map<string, { readonly attempt: number; readonly sighting: Sighting }>();
  for (const line of wanted.size === 0 ? [] : queue.lines()) {
    if (!wanted.has(line.jobId)) continue;
    const known = lines.get(line.jobId);
    // A copy that would run nothing tells less than any that lives.
    if (known === undefined || line.live || line.attempt > known.attempt) {
      lines.set(line.jobId, line);
    }
  }
  const standings = new Map<SessionId, SessionStanding>();
  const gone: { readonly sessionId: SessionId; readonly part: Part }[] = [];
  for (const [sessionId, { agentNode, jobs }] of sessions) {
    const line = lines.get(sessionId);
    const last = jobs.toSorted((one, other) => one.attempt - other.attempt).at(-1);
    if (line !== undefined) standings.set(sessionId, standingOf(line.sighting, agentNode));
    // Not handed over yet.
    else if (last === undefined) standings.set(sessionId, { kind: "live" });
    else {
      const part = new Part({
        attemptId: attemptId(allocationJob(sessionId), last.attempt),
        schedulerId: schedulerIdSchema.parse(last.schedulerId),
        requeues: false,
      }, undefined);
      gone.push({ sessionId, part });
    }
  }
  const found = gone.length === 0 ? [] : await lookForGone(gone.map(({ part }) => part), signal);
  gone.forEach(({ sessionId }, index) => {
    const sighting = found[index]?.sighting;
    if (sighting !== undefined) {
      standings.set(sessionId, standingOf(sighting, sessions.get(sessionId)?.agentNode));
    }
  });
  return standings;
}
