/**
 * Through what a job's actor acts.
 *
 * @module
 */

import type { AttemptId, JobId, JobSpec, JobView, StagingTerms } from "../../model/mod.ts";
import type { Cancellation, SessionPlace, SessionSighting, Watched } from "../../schedulers/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import type { JobMessage } from "./job_messages.ts";
import type { WantedMessages } from "./messages.ts";

/**
 * One time that a job was handed to the stager or the submitter. A job's actor that fails keeps its mailbox: by
 * this it tells what is said of the present time from what was said of one before.
 */
export type Errand = symbol;

/** Through what a job acts. */
export interface JobEffects {
  /**
   * Has sent to the cluster what the job needs there; answered by `staged` or `stage_failed`.
   */
  readonly stage: (job: {
    readonly attemptId: AttemptId;
    readonly errand: Errand;
    readonly spec: StagingTerms;
    readonly job: ActorRef<JobMessage>;
  }) => void;
  /** Hands an attempt at the job to the submitter. */
  readonly enqueue: (job: {
    readonly attemptId: AttemptId;
    readonly errand: Errand;
    readonly spec: JobSpec;
    readonly place: SessionPlace;
    readonly maybeSent: boolean;
    readonly job: ActorRef<JobMessage>;
  }) => void;
  /** Takes an attempt back from the stager and the submitter, if nothing of it was handed over. */
  readonly withdraw: (attemptId: AttemptId) => void;
  /** Has the poller look at it; replaces what was said of the attempt before. */
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
  /** Asks for what its payload has to say; answered by `messages_read` once there is something. */
  readonly followMessages: (
    question: WantedMessages & { readonly jobId: JobId },
    job: ActorRef<JobMessage>,
  ) => void;
  /** Asks for it no more, for the job itself or for some of its tasks. */
  readonly unfollowMessages: (jobId: JobId, tasks: readonly (number | undefined)[]) => void;
  /** Has the scheduler end it, or signal it; answered by `cancelled` when the scheduler took it. */
  readonly cancel: (cancellation: Cancellation, job: ActorRef<JobMessage>) => void;
  /**
   * Says that it has ended, and with which attempt; answered by `dismiss` when nobody has anything more
   * to tell it.
   */
  readonly ended: (attemptId: AttemptId, job: ActorRef<JobMessage>) => void;
  /**
   * Says of a Ray or Spark cluster that the scheduler has it or never will: steps that run on it hear
   * `cluster_settled`.
   */
  readonly clusterSettled: (view: JobView) => void;
  /** Says that a task of it has ended for good. */
  readonly taskEnded: (jobId: JobId, task: number) => void;
  /**
   * Says how a job stands that holds the nodes of a session: when it is taken up, when anything of it changes,
   * and with what was seen of the session.
   */
  readonly allocation: (
    view: JobView,
    job: ActorRef<JobMessage>,
    sighting?: SessionSighting,
  ) => void;
}
