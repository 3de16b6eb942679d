/**
 * The actors below that of a cluster.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { LocalEnvironments } from "../../environments/mod.ts";
import { errorInfo } from "../../model/mod.ts";
import type { ClusterName, JobView } from "../../model/mod.ts";
import type { Journal } from "../../store/mod.ts";
import type { LocalFiles } from "../../transfers/mod.ts";
import type { ActorContext, ActorRef } from "../kernel/mod.ts";
import { cleaner } from "./cleaner.ts";
import type { CleanerMessage, Retention } from "./cleaner.ts";
import type { ClusterMessage } from "./cluster_messages.ts";
import type { Connect, Connection } from "./connection.ts";
import { follower } from "./follower.ts";
import type { FollowerMessage } from "./follower.ts";
import { jobs } from "./jobs.ts";
import type { JobsMessage } from "./jobs.ts";
import { link } from "./link.ts";
import type { LinkMemory, LinkMessage } from "./link.ts";
import { messageReader } from "./message_reader.ts";
import type { MessageReaderMessage } from "./message_reader.ts";
import { outputReader } from "./output_reader.ts";
import type { OutputReaderMessage } from "./output_reader.ts";
import { poller } from "./poller.ts";
import type { PollerMessage } from "./poller.ts";
import { sessions } from "./sessions.ts";
import type { SessionsMessage } from "./sessions.ts";
import { stager } from "./stager.ts";
import type { StagerMessage } from "./stager.ts";
import { submitter } from "./submitter.ts";
import type { SubmitterMessage } from "./submitter.ts";

/** What a cluster needs. */
export interface ClusterOptions {
  /** Its name. */
  readonly name: ClusterName;
  /** Makes a connection. */
  readonly connect: Connect;
  /** Where facts are kept. */
  readonly journal: Journal;
  /** Shortest and longest wait between polls, in ms. */
  readonly poll: { readonly minMs: number; readonly maxMs: number };
  /** Most jobs handed over in a second, on average. Default: as many as the scheduler takes. */
  readonly perSecond?: number;
  /** The archives that jobs bring along. */
  readonly environments: Pick<LocalEnvironments, "prepare">;
  /** The files that jobs take in. */
  readonly files: Pick<LocalFiles, "read">;
  /** The partition of jobs that name none, where the configuration says one. */
  readonly defaultPartition?: string;
  /** How long the files of jobs that have ended are kept; for ever where it is absent. */
  readonly retention?: Retention;
}

/** The actors below that of a cluster. */
export interface Parts {
  /** Holds the connection. */
  readonly link: ActorRef<LinkMessage>;
  /** Asks the scheduler. */
  readonly poller: ActorRef<PollerMessage>;
  /** Sends what jobs bring along. */
  readonly stager: ActorRef<StagerMessage>;
  /** Hands jobs over, and ends them. */
  readonly submitter: ActorRef<SubmitterMessage>;
  /** Hears what the jobs' scripts say. */
  readonly follower: ActorRef<FollowerMessage>;
  /** Reads what jobs write. */
  readonly outputs: ActorRef<OutputReaderMessage>;
  /** Reads what their payloads have to say. */
  readonly messages: ActorRef<MessageReaderMessage>;
  /** Removes what jobs left. */
  readonly cleaner: ActorRef<CleanerMessage>;
  /** Supervises the sessions. */
  readonly sessions: ActorRef<SessionsMessage>;
  /** Supervises the jobs. */
  readonly jobs: ActorRef<JobsMessage>;
}

/** Room for a message from every job of a large cluster at once. */
export const LARGE_MAILBOX = { capacity: 200_000 };

/** They come back soon enough for one that fails at once to use up what the cluster bears. */
const BACKOFF = { minMs: 200, maxMs: 5_000, factor: 2, jitter: 0.2 };

const log = getLogger(["sluice", "cluster"]);

/** How long a job may take to note that its session wants it ended, in ms. */
const CANCEL_TIMEOUT_MS = 60_000;

/** What is said of the connection to those who work over it. */
export type LinkNews =
  | { readonly type: "up"; readonly connection: Connection }
  | { readonly type: "down" };

/** Those who work over the connection, and are told of it. */
export function workers(
  { stager, submitter, poller, follower, outputs, messages, cleaner, sessions }: Parts,
): readonly ActorRef<LinkNews>[] {
  return [stager, submitter, poller, follower, outputs, messages, cleaner, sessions];
}

/** Starts the actors below a cluster. @param memory Outlives them. */
export function spawnParts(
  options: ClusterOptions,
  memory: LinkMemory,
  ctx: ActorContext<ClusterMessage>,
): Parts {
  const { name, journal, connect, poll, perSecond, retention } = options;
  const spawned = { backoff: BACKOFF, mailbox: LARGE_MAILBOX };
  const linked: ActorRef<LinkMessage> = ctx.spawn(
    "link",
    link({
      connect,
      report: (report) => void ctx.self.tell({ ...report, from: linked }),
      memory,
    }),
    spawned,
  );
  const polling = ctx.spawn(
    "poller",
    poller({
      ...poll,
      onSilence: (since, error) =>
        void ctx.self.tell({ type: "silence", since, error: errorInfo(error) }),
    }),
    spawned,
  );
  const staging = ctx.spawn(
    "stager",
    stager({
      environments: options.environments,
      files: options.files,
      defaultPartition: options.defaultPartition,
    }),
    spawned,
  );
  const submitting = ctx.spawn(
    "submitter",
    submitter({ report: (fact) => void ctx.self.tell({ type: "note", fact }), perSecond }),
    spawned,
  );
  const outputs = ctx.spawn("outputs", outputReader(), spawned);
  const messages = ctx.spawn("messages", messageReader(), spawned);
  const cleaning = ctx.spawn(
    "cleaner",
    cleaner({ cluster: name, journal, retention, outputs }),
    spawned,
  );
  const sessioned = ctx.spawn(
    "sessions",
    sessions({
      journal,
      poller: polling,
      cancel: (jobId) => {
        const asked = supervised.ask<JobView | undefined>(
          (reply) => ({ type: "cancel", jobId, how: {}, reply }),
          { timeoutMs: CANCEL_TIMEOUT_MS, signal: ctx.signal },
        );
        asked.catch((error) =>
          log.warn("job {jobId} could not be cancelled with its session: {error}", { jobId, error })
        );
      },
      resync: (jobIds) => void supervised.tell({ type: "resync", jobIds }),
      onFailure: (actor, error) => void ctx.self.tell({ type: "job_failed", actor, error }),
    }),
    // As for jobs: each has its own measure.
    { ...spawned, supervision: { restarts: Infinity } },
  );
  const supervised: ActorRef<JobsMessage> = ctx.spawn(
    "jobs",
    jobs({
      cluster: name,
      journal,
      poller: polling,
      stager: staging,
      submitter: submitting,
      sessions: sessioned,
      outputs,
      messages,
      onFailure: (actor, error) => void ctx.self.tell({ type: "job_failed", actor, error }),
      note: (fact) => void ctx.self.tell({ type: "note", fact }),
    }),
    // Each job has its own measure: many that fail together do not fail the cluster.
    { ...spawned, supervision: { restarts: Infinity } },
  );
  const following = ctx.spawn(
    "follower",
    follower((record) => void supervised.tell({ type: "pushed", record })),
    spawned,
  );
  return {
    link: linked,
    poller: polling,
    stager: staging,
    submitter: submitting,
    follower: following,
    outputs,
    messages,
    cleaner: cleaning,
    sessions: sessioned,
    jobs: supervised,
  };
}
