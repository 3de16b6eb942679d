/**
 * What Sluice does, as the RPC router, the command and in-process callers see it.
 *
 * @module
 */

import type {
  CancelOptions,
  CancelResult,
  ClusterEvent,
  ClusterName,
  ClusterProbe,
  ClusterView,
  EventFilter,
  FunctionEnd,
  JobEvent,
  JobId,
  JobListRequestInput,
  JobMetrics,
  JobPage,
  JobPreview,
  JobResult,
  JobSpec,
  JobSpecInput,
  JobView,
  LogChunk,
  LogRequestInput,
  OutputEntry,
  OutputReadInput,
  OutputRequest,
  ResultRequest,
  SessionCloseOptions,
  SessionFilter,
  SessionId,
  SessionSpecInput,
  SessionView,
} from "../model/mod.ts";
import type { FetchedOutput, FetchProgress } from "../transfers/mod.ts";
import type { SetAsideTail } from "../store/mod.ts";
import type { HeldSession } from "./held_session.ts";

/** How outputs are fetched. */
export interface FetchOptions {
  /** The directory on this machine that they go to; it is made where it is not there. */
  readonly to: string;
  /** Names of those wanted. Default: all that were collected. */
  readonly names?: readonly string[];
  /** Number of the array task or component; needed where there are such. */
  readonly task?: number;
  /** Hears how many bytes have come, of how many in all. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Ends it; what has come by then of an output is removed. */
  readonly signal?: AbortSignal;
}

/** How a feed of events is read. */
export interface FeedOptions {
  /** Only events whose id is greater. Default: 0, the whole history. */
  readonly after?: number;
  /** Ends the feed. */
  readonly signal?: AbortSignal;
  /**
   * Whether a reader that had everything must keep up: the feed fails with the code `SUBSCRIBER_BEHIND`
   * once an event has left memory before the reader took it. Default: `false`.
   */
  readonly keepUp?: boolean;
}

/** A letter that no actor took. */
export interface DeadLetterView {
  /** Path of the actor it was for. */
  readonly path: string;
  /** Kind of the message. */
  readonly message: string;
  /** Why it was not delivered. */
  readonly reason: string;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
}

/** One actor with those below it. */
export interface ActorView {
  /** Last part of the path. */
  readonly name: string;
  /** What it does now. */
  readonly status: string;
  /** Messages that wait. */
  readonly mailbox: number;
  /** How often it was started again. */
  readonly restarts: number;
  /** Milliseconds since its first start. */
  readonly ageMs: number;
  /** The actors that it started. */
  readonly children: readonly ActorView[];
}

/** What the jobs of one call have in common. */
export interface SubmitManyOptions {
  /** Becomes the `defaults` of each spec, which win where the spec has some. Default: none. */
  readonly defaults?: JobSpecInput["defaults"];
}

/** Jobs: submit, follow, cancel. */
export interface JobsApi {
  /**
   * Takes a job into the journal; from then on it will be submitted exactly once. With an
   * `idempotencyKey` that was used before, it is the job of that time.
   */
  submit(spec: JobSpecInput): Promise<JobView>;
  /** Takes several jobs at once; all are accepted or none is. */
  submitMany(
    specs: readonly JobSpecInput[],
    options?: SubmitManyOptions,
  ): Promise<readonly JobView[]>;
  /** What would be sent for the job. Nothing is sent. */
  preview(spec: JobSpecInput): Promise<JobPreview>;
  /**
   * The job as it stands, with what was asked for. What is within it is frozen, since everybody who asks
   * is given the same: who wants it otherwise makes a copy.
   */
  get(id: JobId): Promise<JobView & { readonly spec: JobSpec }>;
  /** One page of jobs, newest first. */
  list(request?: JobListRequestInput): Promise<JobPage>;
  /**
   * Asks for the job to be ended, in whatever phase it is. Asking again changes nothing, unless a signal
   * was asked for before and now the end at once. The job's `ended` event confirms it.
   */
  cancel(id: JobId, options?: CancelOptions): Promise<CancelResult>;
  /** Resolves with the job when it has ended, or as it stands after `timeoutMs`. It is frozen. */
  wait(
    id: JobId,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<JobView>;
  /** The events of jobs, the past first, then live. A feed of one job ends with the job. */
  events(filter: EventFilter, options?: FeedOptions): AsyncIterable<JobEvent>;
  /** The output of a job, byte for byte. */
  logs(
    request: LogRequestInput,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<LogChunk>;
  /** How the job, or one task of it, ended, and what became of its outputs; an error while it has not. */
  result(id: JobId, options?: Pick<ResultRequest, "task">): Promise<JobResult>;
  /**
   * Of a job that calls a function: resolves once what that returned or raised is known, or the job has ended
   * without. The scheduler's verdict on the job may still be to come.
   */
  returned(
    id: JobId,
    options?: Pick<ResultRequest, "task"> & { readonly signal?: AbortSignal },
  ): Promise<FunctionEnd>;
  /**
   * Fetches outputs of a job that has ended: each into the directory, under its own name and whole or not at all.
   * What it holds is checked against what was there when the payload ended.
   */
  fetch(id: JobId, options: FetchOptions): Promise<readonly FetchedOutput[]>;
  /** An output of a job that has ended, or a file in it, byte for byte. */
  output(
    request: OutputReadInput,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<LogChunk>;
  /** What an output that is a directory holds. */
  outputEntries(
    request: OutputRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly OutputEntry[]>;
  /** What the scheduler counted. */
  metrics(id: JobId): Promise<JobMetrics>;
}

/** Sessions: nodes that are held, and in which jobs run as steps. */
export interface SessionsApi {
  /**
   * Asks for a session's nodes, which is done exactly once, as for any job. Steps may be submitted to it at
   * once; they wait in it. With an `idempotencyKey` that was used before, it is the session of that time.
   */
  open(spec: SessionSpecInput): Promise<SessionView>;
  /**
   * The same, held until the end of a scope: `await using session = await sluice.sessions.hold(…)`. A lease
   * that it has for its owner is renewed meanwhile.
   *
   * @param closing How it is closed. Default: the steps that it has come to their ends first.
   */
  hold(spec: SessionSpecInput, closing?: Partial<SessionCloseOptions>): Promise<HeldSession>;
  /** The session as it stands. */
  get(id: SessionId): Promise<SessionView>;
  /** Sessions, newest first. By default those that have not closed; of others the newest thousand. */
  list(filter?: Partial<SessionFilter>): Promise<readonly SessionView[]>;
  /**
   * Has the session close: it takes no more steps. Those that it has come to their ends first, or are
   * cancelled. Asking again changes nothing, unless now they are to be cancelled.
   */
  close(id: SessionId, options?: Partial<SessionCloseOptions>): Promise<SessionView>;
  /** Has the session's lease begin anew. */
  renew(id: SessionId): Promise<SessionView>;
  /**
   * The events of the job that holds the session's nodes, the past first, then live, to its end. Those of its
   * steps are events of jobs.
   */
  events(id: SessionId, options?: FeedOptions): AsyncIterable<JobEvent>;
}

/** Clusters: where jobs run. */
export interface ClustersApi {
  /** All clusters of the configuration. */
  list(): Promise<readonly ClusterView[]>;
  /** One cluster. */
  get(name: ClusterName): Promise<ClusterView>;
  /** Asks the cluster itself; also connects again where a login had been refused. */
  probe(name: ClusterName): Promise<ClusterProbe>;
  /**
   * Ends whatever keeps a cluster from working, as far as Sluice can: connects again, also where a login
   * had been refused, lets paused submissions go on, and takes up jobs that were isolated.
   */
  resume(name: ClusterName): Promise<ClusterView>;
  /** What the connections of the clusters do. */
  events(
    filter: { readonly cluster?: ClusterName },
    options?: FeedOptions,
  ): AsyncIterable<ClusterEvent>;
}

/** Sluice itself. */
export interface SystemApi {
  /** Whether it works, cluster by cluster. */
  health(): Promise<{
    readonly ok: boolean;
    readonly journal: boolean;
    /** The end of the journal that could not be used when it was opened, of which a copy was kept. */
    readonly setAside?: SetAsideTail;
    readonly clusters: readonly { readonly name: ClusterName; readonly up: boolean }[];
  }>;
  /** Version of Sluice and of what it runs on. */
  version(): { readonly sluice: string; readonly deno: string };
  /** The live tree of actors. */
  tree(): ActorView;
  /** The last letters that no actor took, newest last. */
  deadLetters(): readonly DeadLetterView[];
  /** Counters and gauges by name. */
  metrics(): Promise<Readonly<Record<string, number>>>;
}

/** What Sluice does. */
export interface SluiceApi {
  /** Clusters: where jobs run. */
  readonly clusters: ClustersApi;
  /** Jobs: submit, follow, cancel. */
  readonly jobs: JobsApi;
  /** Sessions: nodes that are held, and in which jobs run as steps. */
  readonly sessions: SessionsApi;
  /** Sluice itself. */
  readonly system: SystemApi;
}
