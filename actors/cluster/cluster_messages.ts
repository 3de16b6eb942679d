/**
 * What is said to the actor of a cluster, and what it answers.
 *
 * @module
 */

import type {
  ClusterFact,
  ClusterProbe,
  ErrorInfo,
  JobId,
  JobMetrics,
  LinkView,
  SubmissionsView,
} from "../../model/mod.ts";
import type { MeteredJob } from "../../schedulers/mod.ts";
import type { ClusterFiles } from "../../transfers/mod.ts";
import type { ActorRef, Reply } from "../kernel/mod.ts";
import type { CancelRequest, JobsView } from "./jobs.ts";
import type { LinkMessage, LinkReport } from "./link.ts";
import type { OutputQuestion } from "./output_reader.ts";
import type { PollerView } from "./poller.ts";
import type { SessionRequest } from "./sessions.ts";

/** What is to be seen of a cluster and the actors below it. */
export interface ClusterStatus {
  /** How the connection stands. */
  readonly link: LinkView;
  /** What the poller does. */
  readonly poller: PollerView;
  /** Whether jobs are handed over. */
  readonly submissions: SubmissionsView;
  /** Jobs that have not ended. */
  readonly jobs: JobsView;
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
  | CancelRequest
  | SessionRequest
  | {
    readonly type: "read";
    readonly question: OutputQuestion;
    /** Whether to wait for a connection that is lost; otherwise that is an error. */
    readonly patient: boolean;
  }
  | { readonly type: "status"; readonly reply: Reply<ClusterStatus> }
  /** End whatever keeps the cluster from working: connect, submit, take up jobs that were left alone. */
  | { readonly type: "resume" }
  | { readonly type: "probe"; readonly reply: Reply<Omit<ClusterProbe, "name">> }
  | { readonly type: "metrics"; readonly job: MeteredJob; readonly reply: Reply<JobMetrics> }
  | {
    readonly type: "output_size";
    readonly jobId: JobId;
    readonly reply: Reply<OutputSizes>;
  }
  /** Asks for what reads the files on the cluster over the present connection. */
  | { readonly type: "files"; readonly reply: Reply<ClusterFiles> }
  /** What the link reports, and which: one from before a new start of the cluster may come late. */
  | LinkReport & { readonly from: ActorRef<LinkMessage> }
  | { readonly type: "silence"; readonly since: number; readonly error: ErrorInfo }
  | { readonly type: "still_lost"; readonly lostAt: number }
  /** Something that is to be noted in the cluster's history. */
  | { readonly type: "note"; readonly fact: ClusterFact }
  /** The actor of a job failed. */
  | { readonly type: "job_failed"; readonly actor: string; readonly error: unknown }
  /** The journal did not take all that was noted. */
  | { readonly type: "notes_kept" }
  | { readonly type: "write_notes" };
