/**
 * The actor that supervises the jobs of a cluster: it takes them up from the journal, passes on what they
 * are told, and leaves alone a job whose actor fails again and again, so that the others go on.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { errorInfo, jobIdSchema, SluiceError } from "../../model/mod.ts";
import type {
  AttemptId,
  CancelOptions,
  ClusterFact,
  ClusterName,
  JobId,
  JobView,
  Reason,
} from "../../model/mod.ts";
import type { SpoolRecord } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import { jobActor } from "../job/mod.ts";
import type { JobEffects, JobMessage } from "../job/mod.ts";
import { ActorError, ActorStoppedError, MessageFailedError, RestartWindow } from "../kernel/mod.ts";
import type { ActorContext, ActorRef, Behavior, Reply } from "../kernel/mod.ts";
import { JobBusyError, JobIsolatedError } from "./errors.ts";
import type { MessageReaderMessage } from "./message_reader.ts";
import type { OutputReaderMessage } from "./output_reader.ts";
import type { PollerMessage } from "./poller.ts";
import type { SessionsMessage } from "./sessions.ts";
import type { StagerMessage } from "./stager.ts";
import type { SubmitterMessage } from "./submitter.ts";

/** A request to end a job, or one task of it. */
export interface CancelRequest {
  /** Distinguishes it from other messages. */
  readonly type: "cancel";
  /** The job. */
  readonly jobId: JobId;
  /** Which task of it, and by what means. */
  readonly how: CancelOptions;
  /** Hears the job as it stands then; `undefined` for one that has ended. */
  readonly reply: Reply<JobView | undefined>;
}

/** What is to be seen of the jobs. */
export interface JobsView {
  /** Jobs that have not ended. */
  readonly live: number;
  /** Those among them whose actors are left alone. */
  readonly isolated: readonly JobId[];
}

/** What the actor of the jobs can be told. */
export type JobsMessage =
  /** Take up jobs that the journal has accepted. */
  | { readonly type: "adopt"; readonly jobIds: readonly JobId[] }
  | CancelRequest
  /** Something that a job's script wrote to the spool. */
  | { readonly type: "pushed"; readonly record: SpoolRecord }
  /** Nobody has answered for any of the jobs since `since`. */
  | { readonly type: "silenced"; readonly since: number | undefined; readonly reason: Reason }
  /** Those that work for the jobs, or for those that are named, have been started anew or have ended. */
  | { readonly type: "resync"; readonly jobIds?: readonly JobId[] }
  /** Take up again those that are left alone. */
  | { readonly type: "resume" }
  | { readonly type: "view"; readonly reply: Reply<JobsView> }
  | {
    readonly type: "job_ended";
    readonly jobId: JobId;
    readonly job: ActorRef<JobMessage>;
  }
  | { readonly type: "uncancelled"; readonly request: CancelRequest; readonly error: unknown };

/** What the actor of the jobs needs. */
export interface JobsOptions {
  /** The cluster. */
  readonly cluster: ClusterName;
  /** Where jobs are taken up from. */
  readonly journal: Journal;
  /** Looks at them. */
  readonly poller: ActorRef<PollerMessage>;
  /** Sends what they bring along. */
  readonly stager: ActorRef<StagerMessage>;
  /** Hands them over, and ends them. */
  readonly submitter: ActorRef<SubmitterMessage>;
  /** Sees to the sessions whose nodes some of them hold. */
  readonly sessions: ActorRef<SessionsMessage>;
  /** Reads their outputs. */
  readonly outputs: ActorRef<OutputReaderMessage>;
  /** Reads what their payloads have to say. */
  readonly messages: ActorRef<MessageReaderMessage>;
  /** Hears of each failure of a job's actor. */
  readonly onFailure: (actor: string, error: unknown) => void;
  /** Hears what is to be noted. */
  readonly note: (fact: ClusterFact) => void;
}

interface LiveJob {
  readonly ref: ActorRef<JobMessage>;
  /** Its failures; made at the first. */
  failures: RestartWindow | undefined;
  /** The attempt that the stager, the submitter and the poller had from it last. */
  attemptId: AttemptId | undefined;
}

interface JobsState {
  readonly jobs: Map<JobId, LiveJob>;
  /** Jobs that are left alone, with the ends of their actors. */
  readonly isolated: Map<JobId, Promise<void>>;
}

const log = getLogger(["sluice", "cluster"]);

/** Jobs' actors come back ever more slowly. */
const BACKOFF = { minMs: 200, maxMs: 30_000, factor: 2, jitter: 0.2 };
/** A job's actor that fails more often than this within the period is left alone. */
const MOST_FAILURES = 5;
const PERIOD_MS = 600_000;
/** Room for what the tasks of a large array say while their job waits for the disk. */
const JOB_MAILBOX = { capacity: 20_000 };
/** How long a job may take to note that somebody wants it ended, in ms. */
const CANCEL_TIMEOUT_MS = 30_000;

/** Whether the failure is the fault of something that all jobs need, such as a disk that is full. */
function isPassing(error: unknown): boolean {
  return error instanceof SluiceError && error.retryable;
}

/** What the caller is told of a request that its job's actor did not take. */
function refusal(jobId: JobId, error: unknown): unknown {
  if (error instanceof MessageFailedError) return error.cause;
  return error instanceof ActorError ? new JobBusyError(jobId, error) : error;
}

/** The behaviour of the actor of a cluster's jobs. */
export function jobs(options: JobsOptions): Behavior<JobsMessage, JobsState> {
  type Context = ActorContext<JobsMessage>;
  const { cluster, journal, poller, stager, submitter, outputs, messages } = options;

  const takeUp = (state: JobsState, jobId: JobId, ctx: Context): void => {
    const name = `job:${jobId}`;
    // One that was accepted while this actor was started anew was found in the journal.
    if (ctx.child(name) !== undefined || state.isolated.has(jobId)) return;
    const effects: JobEffects = {
      stage: (attempt) => {
        live.attemptId = attempt.attemptId;
        stager.tell({ type: "stage", ...attempt });
      },
      enqueue: (attempt) => {
        live.attemptId = attempt.attemptId;
        submitter.tell({ type: "enqueue", ...attempt });
      },
      // It is with one of them at the most, and only that one answers.
      withdraw: (attemptId) => {
        stager.tell({ type: "withdraw", attemptId });
        submitter.tell({ type: "withdraw", attemptId });
      },
      watch: (watched, job) => {
        live.attemptId = watched.attemptId;
        poller.tell({ type: "watch", watched, job });
      },
      unwatch: (attemptId) => void poller.tell({ type: "unwatch", attemptId }),
      giveUp: (watched, job) => void poller.tell({ type: "give_up", watched, job }),
      nudge: (withinMs = 0) => void poller.tell({ type: "nudge", withinMs }),
      followMessages: (question, job) => void messages.tell({ type: "follow", question, job }),
      unfollowMessages: (id, tasks) => void messages.tell({ type: "unfollow", jobId: id, tasks }),
      cancel: (cancellation, job) => void submitter.tell({ type: "cancel", cancellation, job }),
      ended: (_, job) => void ctx.self.tell({ type: "job_ended", jobId, job }),
      allocation: (view, job, sighting) =>
        void options.sessions.tell({ type: "allocation", view, job, sighting }),
      clusterSettled: ({ id, session }) => {
        if (session === undefined) return;
        for (const step of journal.liveSteps(session)) {
          if (step.standing === id) state.jobs.get(step.id)?.ref.tell({ type: "cluster_settled" });
        }
      },
      taskEnded: (id, task) => void outputs.tell({ type: "settle", jobId: id, task }),
    };
    const live: LiveJob = {
      ref: ctx.spawn(name, jobActor(jobId, journal, effects), {
        restart: "transient",
        backoff: BACKOFF,
        mailbox: JOB_MAILBOX,
      }),
      failures: undefined,
      attemptId: undefined,
    };
    state.jobs.set(jobId, live);
  };

  /** Has nobody work for the job any more; then calls `released`. */
  const release = ({ attemptId }: LiveJob, released: () => void): void => {
    const fromPoller = () => void poller.tell({ type: "release", attemptId, released });
    const fromSubmitter = () =>
      void submitter.tell({ type: "release", attemptId, released: fromPoller });
    stager.tell({ type: "release", attemptId, released: fromSubmitter });
  };

  const cancel = (state: JobsState, message: CancelRequest, ctx: Context): void => {
    const { jobId, how, reply } = message;
    const live = state.jobs.get(jobId);
    if (live === undefined) return answerForAbsent(state, message);
    live.ref.ask<JobView>(
      (answer) => ({ type: "cancel", ...how, reply: answer }),
      { timeoutMs: CANCEL_TIMEOUT_MS, signal: ctx.signal },
    ).then(
      (view) => reply.ok(view),
      (error) => void ctx.self.tell({ type: "uncancelled", request: message, error }),
    );
  };

  /** The job has ended, and whoever asked reads that from the journal, or it is left alone. */
  const answerForAbsent = (state: JobsState, { jobId, reply }: CancelRequest): void => {
    if (state.isolated.has(jobId)) reply.fail(new JobIsolatedError(jobId, cluster));
    else reply.ok(undefined);
  };

  const isolate = (state: JobsState, jobId: JobId, live: LiveJob, error: unknown): void => {
    log.error("job {jobId} is left alone: {error}", { jobId, error });
    state.jobs.delete(jobId);
    state.isolated.set(jobId, live.ref.stop());
    release(live, () => {});
    messages.tell({ type: "unfollow", jobId, tasks: "all" });
    options.note({ type: "job_isolated", jobId, error: errorInfo(error) });
  };

  const resume = async (state: JobsState, ctx: Context): Promise<JobsState> => {
    for (const [jobId, gone] of [...state.isolated]) {
      await gone;
      state.isolated.delete(jobId);
      takeUp(state, jobId, ctx);
    }
    return state;
  };

  return {
    init(ctx) {
      const state: JobsState = { jobs: new Map(), isolated: new Map() };
      for (const jobId of journal.liveJobIds(cluster)) takeUp(state, jobId, ctx);
      return state;
    },

    signal(state, signal, ctx) {
      if (signal.type !== "child-failed") return state;
      const { path, error } = signal;
      options.onFailure(path, error);
      const jobId = jobIdSchema.parse(path.slice(path.lastIndexOf(":") + 1));
      const live = state.jobs.get(jobId);
      if (live === undefined || isPassing(error)) return state;
      live.failures ??= new RestartWindow(MOST_FAILURES, PERIOD_MS);
      if (!live.failures.allows(ctx.clock.now())) isolate(state, jobId, live, error);
      return state;
    },

    receive(state, message, ctx) {
      switch (message.type) {
        case "adopt":
          for (const jobId of message.jobIds) takeUp(state, jobId, ctx);
          return state;
        case "cancel":
          cancel(state, message, ctx);
          return state;
        case "uncancelled": {
          const { request, error } = message;
          if (error instanceof ActorStoppedError) answerForAbsent(state, request);
          else request.reply.fail(refusal(request.jobId, error));
          return state;
        }
        case "pushed": {
          // Anybody can write a line with an id of his own.
          const { record } = message;
          const { data: jobId } = jobIdSchema.safeParse(record.attemptId.split(".")[0]);
          const live = jobId === undefined ? undefined : state.jobs.get(jobId);
          if (live === undefined) return state;
          // Where the cluster is that has come up is seen by who inspects its session.
          if (record.kind === "ready") poller.tell({ type: "nudge", withinMs: 0 });
          else live.ref.tell({ type: "pushed", record });
          return state;
        }
        case "silenced":
          for (const { ref } of state.jobs.values()) ref.tell(message);
          return state;
        case "resync": {
          const { jobIds = state.jobs.keys() } = message;
          for (const jobId of jobIds) state.jobs.get(jobId)?.ref.tell({ type: "resync" });
          return state;
        }
        case "resume":
          return resume(state, ctx);
        case "view":
          message.reply.ok({
            live: state.jobs.size + state.isolated.size,
            isolated: [...state.isolated.keys()],
          });
          return state;
        case "job_ended": {
          const { jobId, job } = message;
          outputs.tell({ type: "settle", jobId, task: undefined });
          const live = state.jobs.get(jobId);
          // The actor of a job that was taken up anew meanwhile says so itself.
          if (live?.ref !== job) return state;
          state.jobs.delete(jobId);
          release(live, () => void job.tell({ type: "dismiss" }));
          return state;
        }
      }
    },
  };
}
