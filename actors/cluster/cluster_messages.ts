/**
 * What is said to the actor of a cluster, and what it answers.
 *
 * @module
 */

import type {
  CancelOptions,
  ClusterProbe,
  ErrorInfo,
  JobId,
  JobMetrics,
  JobView,
  LinkView,
} from "../../model/mod.ts";
import type { SpoolRecord, Watched } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import type { ActorRef, Reply } from "../kernel/mod.ts";
import type { LinkReport } from "./link.ts";
import type { OutputQuestion } from "./output_reader.ts";
import type { PollerView } from "./poller.ts";
import type { SubmitterView } from "./submitter.ts";

/** What is to be seen of a cluster and the actors below it. */
export interface ClusterStatus {
  /** How the connection stands. */
  readonly link: LinkView;
  /** What the poller does. */
  readonly poller: PollerView;
  /** What the submitter does. */
  readonly submitter: SubmitterView;
  /** Jobs that have not ended. */
  readonly liveJobs: number;
  /** Commands sent and channels open on the present connection. */
  readonly host: { readonly commandsSent: number; readonly openChannels: number } | undefined;
}

/** Sizes of a job's outputs in bytes; absent for one that does not exist. */
export interface OutputSizes {
  /** Size of the standard output. */
  readonly stdout: number | undefined;
  /** Size of the standard error. */
  readonly stderr: number | undefined;
}

/** What a cluster can be told. */
export type ClusterMessage =
  /** Take up jobs that the journal has accepted. */
  | { readonly type: "adopt"; readonly jobIds: readonly JobId[] }
  | {
    readonly type: "cancel";
    readonly jobId: JobId;
    readonly how: CancelOptions;
    readonly reply: Reply<JobView | undefined>;
  }
  | {
    readonly type: "read";
    readonly question: OutputQuestion;
    /** Whether to wait for a connection that is lost; otherwise that is an error. */
    readonly patient: boolean;
  }
  | { readonly type: "status"; readonly reply: Reply<ClusterStatus> }
  | { readonly type: "probe"; readonly reply: Reply<Omit<ClusterProbe, "name">> }
  | { readonly type: "metrics"; readonly job: Watched; readonly reply: Reply<JobMetrics> }
  | {
    readonly type: "output_size";
    readonly jobId: JobId;
    readonly reply: Reply<OutputSizes>;
  }
  | LinkReport
  | { readonly type: "pushed"; readonly record: SpoolRecord }
  | { readonly type: "silence"; readonly since: number; readonly error: ErrorInfo }
  | { readonly type: "still_lost"; readonly lostAt: number }
  | {
    readonly type: "job_ended";
    readonly jobId: JobId;
    readonly job: ActorRef<JobMessage>;
  }
  | { readonly type: "task_ended"; readonly jobId: JobId; readonly task: number };
