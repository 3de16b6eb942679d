/**
 * The port between the actors and whatever decides when a job runs.
 *
 * @module
 */

import type {
  AttemptId,
  ClusterProbe,
  FinalPhase,
  JobId,
  JobMetrics,
  JobPreview,
  JobSpec,
  Reason,
  SchedulerId,
  SessionId,
  SignalName,
  SluiceError,
} from "../model/mod.ts";

/** Where in a session a job runs. */
export interface SessionPlace {
  /** The session whose step it is. Default: a job of its own. */
  readonly session?: SessionId;
  /**
   * The job of the same session whose Ray or Spark cluster it runs on: it shares what that job has, and asks
   * for next to nothing itself. Default: none.
   */
  readonly standing?: JobId;
}

/** A job on its way to the scheduler. */
export interface Submission extends SessionPlace {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** What was asked for. */
  readonly spec: JobSpec;
  /** Whether the job may have reached the scheduler before, so that it must be looked for first. */
  readonly recheck: boolean;
}

/** What became of one submission. */
export type SubmitOutcome =
  /** The scheduler has the job. */
  | { readonly kind: "submitted"; readonly attemptId: AttemptId; readonly schedulerId: SchedulerId }
  /** The scheduler refused the job for good; nothing of it is left in the queue. */
  | { readonly kind: "rejected"; readonly attemptId: AttemptId; readonly error: SluiceError }
  /** It is not known to have got through; asking again, with `recheck`, is safe. */
  | {
    readonly kind: "postponed";
    readonly attemptId: AttemptId;
    readonly error: SluiceError;
    /** Whether the scheduler may have it all the same; when not, it can still be withdrawn. */
    readonly maybeSent: boolean;
  };

/** That the scheduler has a job. */
export type Submitted = Extract<SubmitOutcome, { kind: "submitted" }>;

/** A job to be observed. */
export interface Watched {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The scheduler's id of it. */
  readonly schedulerId: SchedulerId;
  /** Numbers of the array tasks that have not ended; absent for a job that is no array. */
  readonly tasks?: readonly number[];
  /**
   * When the present run began, by the cluster's clock in milliseconds since the epoch, for the job or
   * for each task by its number, where that is known: what accounting says of an earlier run is then told
   * from what it says of this one.
   */
  readonly startedAt?: number | Readonly<Record<number, number>>;
  /** When the scheduler had taken it, by this side's clock, in milliseconds since the epoch. */
  readonly submittedAt?: number;
  /**
   * Whether the scheduler may put the job back by itself, as after a preemption or the failure of a node;
   * absent where that is not known.
   */
  readonly requeues?: boolean;
  /** The session whose step it is; absent for a job of its own. */
  readonly session?: SessionId;
  /** Whether `tasks` are the components of a heterogeneous job, rather than the tasks of an array. */
  readonly components?: true;
}

/** A job without parts, an array task or a component, of which the figures are wanted. */
export interface MeteredPart {
  /** Number of the array task or component; absent for a job that has none. */
  readonly task?: number;
  /** The attempt that it ran in last. */
  readonly attemptId: AttemptId;
  /** The scheduler's id of that attempt. */
  readonly schedulerId: SchedulerId;
  /** Whether it runs. One that neither runs nor has ended has used nothing yet. */
  readonly running: boolean;
  /** Whether it has ended. */
  readonly final: boolean;
  /** Whether it has ended well. */
  readonly succeeded: boolean;
  /** How many nodes it has or had; 0 where that is not known. */
  readonly nodes: number;
  /** When it started, by the cluster's clock in milliseconds since the epoch, where that is known. */
  readonly startedAt?: number;
}

/** A job of which the figures are wanted. */
export interface MeteredJob {
  /** The session whose step it is; absent for a job of its own. */
  readonly session?: SessionId;
  /** Whether the parts are the components of a heterogeneous job, rather than the tasks of an array. */
  readonly components?: true;
  /** Its tasks or components, or it alone. At least one. */
  readonly parts: readonly MeteredPart[];
}

/** A session to be looked at. */
export interface WatchedSession {
  /** The session. */
  readonly sessionId: SessionId;
  /** Names of its nodes, where it has some. */
  readonly nodes: readonly string[];
  /** The scheduler's id of its allocation, where it has one. */
  readonly schedulerId?: SchedulerId;
}

/** What is to be seen of a session beside what its allocation's job tells. */
export interface SessionSighting {
  /** The session. */
  readonly sessionId: SessionId;
  /** Its nodes as the scheduler sees them. */
  readonly nodes: readonly {
    readonly node: string;
    /** The scheduler's word, such as `IDLE` or `DOWN`; `LOST` where the node is well, and the session's no more. */
    readonly state: string;
    /** Whether steps can run there. */
    readonly usable: boolean;
  }[];
  /** When its time limit ends it, in milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** Steps that wait in it, and that it runs. */
  readonly waiting: number;
  readonly running: number;
  /**
   * Whether it takes no more steps, and why, where it has closed by itself. With `node_failure` it has lost the
   * node from which its steps were started, and may hold the others until its job is cancelled.
   */
  readonly closed?: "asked" | "idle" | "ended" | "node_failure";
  /** Ray and Spark clusters that have come up in it, by the jobs that they are. */
  readonly clusters: readonly {
    readonly jobId: JobId;
    readonly framework: "ray" | "spark";
    readonly address: string;
    readonly dashboard?: string;
  }[];
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
    /**
     * Whether its processes are ending or have ended. If it was put back, `restarts` already counts the run
     * that is to come.
     */
    readonly completing?: boolean;
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
    /**
     * Whether the scheduler may have put it back without this evidence telling yet, as after a preemption:
     * to be believed once it has stayed so for a while.
     */
    readonly mayReturn?: boolean;
  }
  /** Neither the queue nor any record tells what became of it. */
  | {
    readonly kind: "missing";
    readonly reason: Reason;
    /** Whether the scheduler has it all the same, in a state that is not understood. */
    readonly queued?: true;
    /**
     * Whether the scheduler was started anew since it took the job, and accounting answers and has no end
     * of it to tell: then it has lost the job. Otherwise somebody may have ended the job while it waited.
     */
    readonly lost?: true;
  };

/** A sighting with the job or task that was seen. */
export interface Observation {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** Number of the array task. */
  readonly task?: number;
  /** What was seen. */
  readonly sighting: Sighting;
}

/** What became of an attempt, or a task of it, that was given up. */
export interface GivenUp {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** Number of the array task. */
  readonly task?: number;
  /** Whether it had begun before, so that it may have run. */
  readonly begun: boolean;
}

/** A job, or one task of it, to be ended. */
export interface Cancellation {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** The scheduler's id of it. */
  readonly schedulerId: SchedulerId;
  /** Number of the array task or component; absent for the whole job. */
  readonly task?: number;
  /** Whether `task` is a component of a heterogeneous job, rather than the task of an array. */
  readonly components?: true;
  /** How. */
  readonly means: CancelMeans;
}

/** By what means a job is ended. */
export type CancelMeans =
  /** In the scheduler's own way: the processes are asked to end, and made to after a while. */
  | { readonly kind: "end" }
  /** The same, but only if it still waits; one that has started goes on. */
  | { readonly kind: "end_if_waiting" }
  /** All processes of a job that runs get this signal, and nothing else happens to it. */
  | { readonly kind: "signal"; readonly signal: SignalName };

/** A file that a job, or each task of an array, writes for whoever follows it. */
export type JobFile =
  /** Its standard output or error. */
  | "stdout"
  | "stderr"
  /** What the function that it calls has returned or thrown. */
  | "result"
  /** What it has to say while it runs, a message on each line. */
  | "messages"
  /** Its outputs as they were when it ended. */
  | "manifest";

/** Where a job's files lie. */
export type JobPaths = Readonly<Record<JobFile, string>> & {
  /** The job's directory; may start with `~/`. */
  readonly directory: string;
};

/**
 * Submits, observes and cancels jobs over one connection.
 *
 * Methods reject with the connection's or the scheduler's typed error when nothing can be said; what they
 * report is never a guess.
 */
export interface Scheduler {
  /**
   * Hands jobs over, each exactly once however often it is asked; every job gets an outcome.
   *
   * @param onSubmitted May hear of jobs that the scheduler has taken while others of the batch are still on
   * their way. They are among the outcomes as well.
   */
  submit(
    batch: readonly Submission[],
    signal: AbortSignal,
    onSubmitted?: (outcome: Submitted) => void,
  ): Promise<readonly SubmitOutcome[]>;
  /** Looks at all given jobs with a fixed number of commands, however many they are. */
  observe(watched: readonly Watched[], signal: AbortSignal): Promise<readonly Observation[]>;
  /** Asks the scheduler to end jobs. One that has ended, or that it does not know, is no error. */
  cancel(cancellations: readonly Cancellation[], signal: AbortSignal): Promise<void>;
  /**
   * Gives up attempts, or tasks of them, that the scheduler no longer knows. One that has not begun by then
   * never will, even where the scheduler comes to know it again, so that another may be made in its place.
   * A part of which nothing can be told is left out.
   */
  giveUp(watched: readonly Watched[], signal: AbortSignal): Promise<readonly GivenUp[]>;
  /** Looks at sessions with a fixed number of commands, however many they are and whatever runs in them. */
  inspect(
    sessions: readonly WatchedSession[],
    signal: AbortSignal,
  ): Promise<readonly SessionSighting[]>;
  /**
   * Has a session take no more steps. Those that it has come to their ends first; then it ends. A session that
   * has closed, or never began, is no error.
   */
  closeSession(sessionId: SessionId, signal: AbortSignal): Promise<void>;
  /**
   * Removes the directories of jobs with all that is in them. One that is gone is no error. What the
   * scripts of all jobs wrote to the spool is cut off when it has become long.
   */
  remove(jobs: readonly JobId[], signal: AbortSignal): Promise<void>;
  /** What the cluster says of itself. */
  probe(signal: AbortSignal): Promise<Omit<ClusterProbe, "name">>;
  /** What the job has used, by at most one command of each kind that tells, however many parts it has. */
  metrics(job: MeteredJob, signal: AbortSignal): Promise<JobMetrics>;
  /** The command whose output is one line for each start and end of a job, as it happens. */
  spoolCommand(): string;
}

/** What can be said of a job without a connection. Pure. */
export interface JobPlanner {
  /** Numbers of the tasks, where the job is an array, or of the components of a heterogeneous job. */
  tasks(spec: JobSpec): number[] | undefined;
  /**
   * What would be sent for the first attempt at a job.
   *
   * @param place Where in a session it is to run. Default: it is a job of its own.
   * @throws {SluiceError} The spec cannot be run on this cluster, or not there.
   */
  preview(jobId: JobId, spec: JobSpec, place?: SessionPlace): JobPreview;
  /** Where the files of a job, or of one of its array tasks, lie. */
  paths(jobId: JobId, task?: number): JobPaths;
}
