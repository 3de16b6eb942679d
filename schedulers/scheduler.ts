/**
 * The port between the actors and whatever decides when a job runs.
 *
 * @module
 */

import type {
  ClusterProbe,
  FinalPhase,
  JobId,
  JobMetrics,
  JobPreview,
  JobSpec,
  Reason,
  SchedulerId,
  SluiceError,
} from "../model/mod.ts";

/** A job on its way to the scheduler. */
export interface Submission {
  /** Sluice's id of the job. */
  readonly jobId: JobId;
  /** What was asked for. */
  readonly spec: JobSpec;
  /** Whether the job may have reached the scheduler before, so that it must be looked for first. */
  readonly recheck: boolean;
}

/** What became of one submission. */
export type SubmitOutcome =
  /** The scheduler has the job. */
  | { readonly kind: "submitted"; readonly jobId: JobId; readonly schedulerId: SchedulerId }
  /** The scheduler refused the job for good; nothing of it is left in the queue. */
  | { readonly kind: "rejected"; readonly jobId: JobId; readonly error: SluiceError }
  /** It is not known to have got through; asking again, with `recheck`, is safe. */
  | {
    readonly kind: "postponed";
    readonly jobId: JobId;
    readonly error: SluiceError;
    /** Whether the scheduler may have it all the same; when not, it can still be withdrawn. */
    readonly maybeSent: boolean;
  };

/** A job to be observed. */
export interface Watched {
  /** Sluice's id of the job. */
  readonly jobId: JobId;
  /** The scheduler's id of it. */
  readonly schedulerId: SchedulerId;
  /** Numbers of the array tasks that have not ended; absent for a job that is no array. */
  readonly tasks?: readonly number[];
}

/** What the scheduler says of one job or array task now. */
export type Sighting =
  /** It waits. */
  | {
    readonly kind: "waiting";
    readonly state: string;
    readonly reason?: Reason;
    readonly restarts?: number;
  }
  /** It runs, is starting or is being cleaned up. */
  | {
    readonly kind: "active";
    readonly state: string;
    readonly reason?: Reason;
    readonly nodes: readonly string[];
    readonly startedAt?: number;
    readonly restarts?: number;
  }
  /** It has ended, and this is how. */
  | {
    readonly kind: "ended";
    readonly phase: FinalPhase;
    readonly state: string;
    readonly reason?: Reason;
    readonly exitCode?: number;
    readonly signal?: number;
    readonly nodes: readonly string[];
    readonly startedAt?: number;
    readonly endedAt?: number;
  }
  /** Neither the queue nor any record tells what became of it. */
  | { readonly kind: "missing"; readonly reason: Reason };

/** A sighting with the job or task that was seen. */
export interface Observation {
  /** Sluice's id of the job. */
  readonly jobId: JobId;
  /** Number of the array task. */
  readonly task?: number;
  /** What was seen. */
  readonly sighting: Sighting;
}

/** A job, or one task of it, to be ended. */
export interface Cancellation {
  /** Sluice's id of the job. */
  readonly jobId: JobId;
  /** The scheduler's id of it. */
  readonly schedulerId: SchedulerId;
  /** Number of the array task; absent for the whole job. */
  readonly task?: number;
}

/** Where a job's files lie. */
export interface JobPaths {
  /** The job's directory; may start with `~/`. */
  readonly directory: string;
  /** Standard output of the job, or of the array task. */
  readonly stdout: string;
  /** Standard error of the job, or of the array task. */
  readonly stderr: string;
}

/**
 * Submits, observes and cancels jobs over one connection.
 *
 * Methods reject with the connection's or the scheduler's typed error when nothing can be said; what they
 * report is never a guess.
 */
export interface Scheduler {
  /** Hands jobs over, each exactly once however often it is asked; every job gets an outcome. */
  submit(batch: readonly Submission[], signal: AbortSignal): Promise<readonly SubmitOutcome[]>;
  /** Looks at all given jobs with a fixed number of commands, however many they are. */
  observe(watched: readonly Watched[], signal: AbortSignal): Promise<readonly Observation[]>;
  /** Asks the scheduler to end jobs. One that has ended, or that it does not know, is no error. */
  cancel(cancellations: readonly Cancellation[], signal: AbortSignal): Promise<void>;
  /** What the cluster says of itself. */
  probe(signal: AbortSignal): Promise<Omit<ClusterProbe, "name">>;
  /** What was counted while the job ran. */
  metrics(job: Watched, signal: AbortSignal): Promise<JobMetrics>;
  /** The command whose output is one line for each start and end of a job, as it happens. */
  spoolCommand(): string;
}

/** What can be said of a job without a connection. Pure. */
export interface JobPlanner {
  /** Numbers of the tasks, where the job is an array. */
  tasks(spec: JobSpec): number[] | undefined;
  /**
   * What would be sent for a job.
   *
   * @throws {SluiceError} The spec cannot be run on this cluster.
   */
  preview(jobId: JobId, spec: JobSpec): JobPreview;
  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths;
}
