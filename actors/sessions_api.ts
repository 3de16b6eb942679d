/**
 * What Sluice does with sessions.
 *
 * @module
 */

import {
  allocationJob,
  isFinal,
  parseInput,
  sessionCloseOptionsSchema,
  sessionFilterSchema,
  sessionOfAllocation,
  sessionSpecSchema,
} from "../model/mod.ts";
import type { JobSummary, JobView, SessionId, SessionView } from "../model/mod.ts";
import type { SessionSighting } from "../schedulers/mod.ts";
import type { Journal } from "../store/mod.ts";
import type { Acceptance } from "./acceptance.ts";
import type { SessionsApi } from "./api.ts";
import { ClusterRestartingError } from "./cluster/mod.ts";
import { askCluster, clusterOf } from "./cluster_handles.ts";
import type { ClusterHandles } from "./cluster_handles.ts";
import { HeldSession } from "./held_session.ts";
import type { Clock } from "./kernel/mod.ts";
import {
  allocationSpec,
  SessionClosingError,
  sessionView,
  UnknownSessionError,
} from "./session/mod.ts";

/** How long a cluster may take to answer, in ms. */
const ANSWER_TIMEOUT_MS = 60_000;
/** How long what was seen of a session last may take to be told, in ms: the rest is known without it. */
const SIGHTING_TIMEOUT_MS = 5_000;

/** The part of Sluice that deals with sessions. */
export function sessionsApi(
  handles: ClusterHandles,
  journal: Journal,
  acceptance: Acceptance,
  clock: Clock,
): SessionsApi {
  const stored = (id: SessionId): JobSummary => {
    const job = journal.summary(allocationJob(id));
    if (job?.allocation === undefined) throw new UnknownSessionError(id);
    return job;
  };

  /** What was seen of the session last; `undefined` where nobody has looked, or can tell. */
  const sighted = async (job: JobSummary): Promise<SessionSighting | undefined> => {
    if (job.phase !== "running") return undefined;
    try {
      return await askCluster<SessionSighting | undefined>(
        clusterOf(handles, job.cluster),
        (reply) => ({ type: "session_sighting", sessionId: sessionOfAllocation(job.id), reply }),
        { timeoutMs: SIGHTING_TIMEOUT_MS },
      );
    } catch (error) {
      if (error instanceof ClusterRestartingError) return undefined;
      throw error;
    }
  };

  const viewOf = async (job: JobSummary): Promise<SessionView> => {
    const id = sessionOfAllocation(job.id);
    const sighting = await sighted(job);
    const payload = journal.job(job.id)?.spec.payload;
    if (payload?.kind !== "allocation") throw new UnknownSessionError(id);
    return sessionView({
      view: job,
      terms: payload,
      steps: journal.stepPhases(id),
      standing: journal.standing(id).flatMap((view) => {
        const spec = journal.job(view.id)?.spec;
        return spec === undefined ? [] : [{ view, spec }];
      }),
      sighting,
      config: clusterOf(handles, job.cluster).config,
    });
  };

  const api: SessionsApi = {
    async open(input) {
      const spec = allocationSpec(parseInput(sessionSpecSchema, input));
      const [job] = await acceptance.accept([spec]);
      if (job === undefined) throw new RangeError("one session was asked for and none accepted");
      return await viewOf(job);
    },
    hold: (spec, closing = {}) => HeldSession.open(api, spec, closing, clock),
    get: (id) => Promise.try(() => viewOf(stored(id))),
    list: (input = {}) =>
      Promise.try(() =>
        Promise.all(journal.allocations(parseInput(sessionFilterSchema, input)).map(viewOf))
      ),
    async close(id, input = {}) {
      const { drain } = parseInput(sessionCloseOptionsSchema, input);
      const job = stored(id);
      if (isFinal(job.phase)) return await viewOf(job);
      const answered = await askCluster<JobView | undefined>(
        clusterOf(handles, job.cluster),
        (reply) => ({ type: "close_session", sessionId: id, drain, reply }),
        { timeoutMs: ANSWER_TIMEOUT_MS },
      );
      return await viewOf(answered ?? stored(id));
    },
    async renew(id) {
      const job = stored(id);
      if (isFinal(job.phase)) throw new SessionClosingError(id);
      await askCluster<undefined>(
        clusterOf(handles, job.cluster),
        (reply) => ({ type: "renew_session", sessionId: id, reply }),
        { timeoutMs: ANSWER_TIMEOUT_MS },
      );
      return await viewOf(stored(id));
    },
    events(id, options) {
      return journal.jobFeed({ jobId: stored(id).id }, options);
    },
  };
  return api;
}
