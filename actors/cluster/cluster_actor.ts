/**
 * The actor of one cluster. It owns the connection, what works over it, and the jobs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { asSluiceError, errorInfo, newJobId } from "../../model/mod.ts";
import type {
  ClusterFact,
  ClusterName,
  ClusterProbe,
  ErrorInfo,
  JobFact,
  JobId,
  JobView,
  LinkView,
  Reason,
} from "../../model/mod.ts";
import type { JobPlanner } from "../../schedulers/mod.ts";
import type { Journal } from "../../store/mod.ts";
import { foldJob, jobActor } from "../job/mod.ts";
import type { JobEffects, JobMessage } from "../job/mod.ts";
import { ActorStoppedError } from "../kernel/mod.ts";
import type { ActorContext, ActorRef, Behavior, Reply } from "../kernel/mod.ts";
import type { ClusterMessage, ClusterStatus, OutputSizes } from "./cluster_messages.ts";
import type { Connect, Connection } from "./connection.ts";
import { ClusterUnreachableError } from "./errors.ts";
import { follower } from "./follower.ts";
import type { FollowerMessage } from "./follower.ts";
import { link } from "./link.ts";
import type { LinkMessage, LinkReport } from "./link.ts";
import { outputReader } from "./output_reader.ts";
import type { OutputReaderMessage } from "./output_reader.ts";
import { poller, SILENCE_MS } from "./poller.ts";
import type { PollerMessage, PollerView } from "./poller.ts";
import { submitter } from "./submitter.ts";
import type { SubmitterMessage, SubmitterView } from "./submitter.ts";

/** What a cluster needs. */
export interface ClusterOptions {
  /** Its name. */
  readonly name: ClusterName;
  /** Makes a connection. */
  readonly connect: Connect;
  /** Plans jobs without a connection. */
  readonly planner: JobPlanner;
  /** Where facts are kept. */
  readonly journal: Journal;
  /** Shortest and longest wait between polls, in ms. */
  readonly poll: { readonly minMs: number; readonly maxMs: number };
}

interface ClusterState {
  readonly link: ActorRef<LinkMessage>;
  readonly poller: ActorRef<PollerMessage>;
  readonly submitter: ActorRef<SubmitterMessage>;
  readonly follower: ActorRef<FollowerMessage>;
  readonly outputs: ActorRef<OutputReaderMessage>;
  readonly jobs: Map<JobId, ActorRef<JobMessage>>;
  readonly connection: Connection | undefined;
  readonly lostAt: number | undefined;
  /** When the cluster last answered for its jobs; unknown until the first connection. */
  readonly lastContactAt: number | undefined;
  readonly lastError: ErrorInfo | undefined;
  /** Probes that came while there was no connection. */
  readonly waitingProbes: readonly Reply<Omit<ClusterProbe, "name">>[];
}

const log = getLogger(["sluice", "cluster"]);

/** A connection that is back within this time was never missed, in ms. */
const LOST_GRACE_MS = 5_000;

/** Actors below a cluster come back however often they fail, ever more slowly. */
const BACKOFF = { minMs: 200, maxMs: 30_000, factor: 2, jitter: 0.2 };

/** Room for a message from every job of a large cluster at once. */
const MAILBOX = { capacity: 200_000 };

/** The behaviour of a cluster. */
export function clusterActor(options: ClusterOptions): Behavior<ClusterMessage, ClusterState> {
  type Context = ActorContext<ClusterMessage>;
  const { name, journal, planner } = options;

  const note = (fact: ClusterFact, ctx: Context): void => {
    journal.append([{ kind: "cluster", cluster: name, at: ctx.clock.now(), fact }]).catch((error) =>
      log.error("cannot journal {type} of {name}: {error}", { type: fact.type, name, error })
    );
  };

  const spawnJob = (state: ClusterState, jobId: JobId, ctx: Context): void => {
    const effects: JobEffects = {
      enqueue: (job) => void state.submitter.tell({ type: "enqueue", ...job }),
      withdraw: (id) => void state.submitter.tell({ type: "withdraw", jobId: id }),
      watch: (watched, job) => void state.poller.tell({ type: "watch", watched, job }),
      nudge: (withinMs = 0) => void state.poller.tell({ type: "nudge", withinMs }),
      cancel: (cancellation) => void state.submitter.tell({ type: "cancel", cancellation }),
      ended: (id, job) => void ctx.self.tell({ type: "job_ended", jobId: id, job }),
      taskEnded: (id, task) => void ctx.self.tell({ type: "task_ended", jobId: id, task }),
    };
    const job = ctx.spawn(`job:${jobId}`, jobActor(jobId, journal, effects), {
      restart: "transient",
      backoff: BACKOFF,
    });
    state.jobs.set(jobId, job);
  };

  const tellAll = (
    state: ClusterState,
    message: { type: "up"; connection: Connection } | { type: "down" },
  ): void => {
    for (const ref of [state.submitter, state.poller, state.follower, state.outputs]) {
      ref.tell(message);
    }
  };

  const silence = (state: ClusterState, since: number | undefined, reason: Reason): void => {
    for (const job of state.jobs.values()) job.tell({ type: "silenced", since, reason });
  };

  const cancel = (
    state: ClusterState,
    { jobId, how, reply }: Extract<ClusterMessage, { type: "cancel" }>,
    ctx: Context,
  ): void => {
    const job = state.jobs.get(jobId);
    if (job === undefined) return reply.ok(undefined);
    job.ask(
      (answer: Reply<JobView>) => ({ type: "cancel", ...how, reply: answer }),
      { timeoutMs: 30_000, signal: ctx.signal },
    )
      .then((view) => reply.ok(view), (error) => {
        // It ended in the same moment: whoever asked reads its end from the journal.
        if (error instanceof ActorStoppedError) reply.ok(undefined);
        else reply.fail(error);
      });
  };

  const probe = (
    state: ClusterState,
    reply: Reply<Omit<ClusterProbe, "name">>,
    ctx: Context,
  ): ClusterState => {
    const { connection } = state;
    if (connection === undefined) {
      state.link.tell({ type: "connect" });
      return { ...state, waitingProbes: [...state.waitingProbes, reply] };
    }
    answer(reply, connection.scheduler.probe(ctx.signal));
    return state;
  };

  const status = (state: ClusterState, reply: Reply<ClusterStatus>): void => {
    const { connection } = state;
    Promise.all([
      state.link.ask((answer: Reply<LinkView>) => ({ type: "view", reply: answer })),
      state.poller.ask((answer: Reply<PollerView>) => ({ type: "view", reply: answer })),
      state.submitter.ask((answer: Reply<SubmitterView>) => ({ type: "view", reply: answer })),
    ]).then(([link, poller, submitter]) =>
      reply.ok({
        link,
        poller,
        submitter,
        liveJobs: state.jobs.size,
        host: connection === undefined ? undefined : {
          commandsSent: connection.host.commandsSent,
          openChannels: connection.host.openChannels,
        },
      }), (error) => reply.fail(error));
  };

  const up = (
    state: ClusterState,
    connection: Connection,
    ctx: Context,
  ): ClusterState => {
    tellAll(state, { type: "up", connection });
    for (const reply of state.waitingProbes) {
      answer(reply, connection.scheduler.probe(ctx.signal));
    }
    note({ type: "link_up" }, ctx);
    return { ...state, connection, lostAt: undefined, lastError: undefined, waitingProbes: [] };
  };

  const down = (
    state: ClusterState,
    report: Extract<LinkReport, { type: "link_lost" | "link_refused" }>,
    ctx: Context,
  ): ClusterState => {
    const error = errorInfo(report.error);
    for (const reply of state.waitingProbes) reply.fail(report.error);
    const firstTrouble = state.connection !== undefined || state.lastError?.code !== error.code;
    if (state.connection !== undefined) tellAll(state, { type: "down" });
    if (firstTrouble) note({ type: report.type, error }, ctx);
    const lostAt = state.lostAt ?? ctx.clock.now();
    if (state.lostAt === undefined) ctx.after(LOST_GRACE_MS, { type: "still_lost", lostAt });
    const lastContactAt = state.connection === undefined ? state.lastContactAt : lostAt;
    return {
      ...state,
      connection: undefined,
      lostAt,
      lastContactAt,
      lastError: error,
      waitingProbes: [],
    };
  };

  return {
    init(ctx) {
      const spawned = { backoff: BACKOFF, mailbox: MAILBOX };
      const state: ClusterState = {
        link: ctx.spawn(
          "link",
          link({ connect: options.connect, report: (report) => void ctx.self.tell(report) }),
          spawned,
        ),
        poller: ctx.spawn(
          "poller",
          poller({
            ...options.poll,
            onSilence: (since, error) =>
              void ctx.self.tell({ type: "silence", since, error: errorInfo(error) }),
          }),
          spawned,
        ),
        submitter: ctx.spawn("submitter", submitter(), spawned),
        follower: ctx.spawn(
          "follower",
          follower((record) => void ctx.self.tell({ type: "pushed", record })),
          spawned,
        ),
        outputs: ctx.spawn("outputs", outputReader(), spawned),
        jobs: new Map(),
        connection: undefined,
        lostAt: undefined,
        lastContactAt: undefined,
        lastError: undefined,
        waitingProbes: [],
      };
      for (const { view } of journal.liveJobs(name)) spawnJob(state, view.id, ctx);
      return state;
    },

    signal(state, signal, ctx) {
      if (signal.type !== "child-failed") return state;
      log.error("{path} failed: {error}", { path: signal.path, error: signal.error });
      if (signal.path === state.link.path) {
        const error = asSluiceError(signal.error);
        return down(state, { type: "link_lost", error }, ctx);
      }
      // The child comes back knowing nothing; what it is told here waits in its mailbox.
      for (const ref of [state.poller, state.submitter, state.follower, state.outputs]) {
        if (ref.path !== signal.path) continue;
        if (state.connection !== undefined) ref.tell({ type: "up", connection: state.connection });
        if (ref === state.poller || ref === state.submitter) {
          for (const job of state.jobs.values()) job.tell({ type: "resync" });
        }
      }
      return state;
    },

    receive(state, message, ctx) {
      switch (message.type) {
        case "adopt":
          for (const jobId of message.jobIds) {
            // One that came while this actor was started anew was found in the journal.
            if (!state.jobs.has(jobId)) spawnJob(state, jobId, ctx);
          }
          return state;
        case "cancel":
          cancel(state, message, ctx);
          return state;
        case "read": {
          const { patient, question } = message;
          if (!patient && state.lastError !== undefined) {
            question.reply.fail(new ClusterUnreachableError(name, state.lastError));
          } else state.outputs.tell({ type: "read", question });
          return state;
        }
        case "status":
          status(state, message.reply);
          return state;
        case "probe":
          return probe(state, message.reply, ctx);
        case "metrics":
          if (state.connection === undefined) {
            message.reply.fail(new ClusterUnreachableError(name, state.lastError));
          } else {
            answer(message.reply, state.connection.scheduler.metrics(message.job, ctx.signal));
          }
          return state;
        case "output_size": {
          const { connection } = state;
          if (connection === undefined) {
            message.reply.fail(new ClusterUnreachableError(name, state.lastError));
          } else {
            answer(message.reply, outputSizes(connection, message.jobId));
          }
          return state;
        }
        case "link_up":
          return up(state, message.connection, ctx);
        case "link_lost":
        case "link_refused":
          return down(state, message, ctx);
        case "still_lost":
          if (state.lostAt === message.lostAt) {
            silence(state, state.lastContactAt, {
              code: "LinkLost",
              text: `The connection is lost: ${state.lastError?.message ?? ""}`,
            });
          }
          return state;
        case "silence":
          silence(state, message.since, {
            code: "SchedulerSilent",
            text: `The scheduler has not answered for more than ${
              SILENCE_MS / 1000
            } seconds: ${message.error.message}`,
          });
          return state;
        case "pushed":
          state.jobs.get(message.record.jobId)?.tell(message);
          return state;
        case "job_ended":
          state.jobs.delete(message.jobId);
          state.poller.tell({ type: "unwatch", jobId: message.jobId, job: message.job });
          state.outputs.tell({ type: "settle", jobId: message.jobId, task: undefined });
          return state;
        case "task_ended":
          state.outputs.tell({ type: "settle", jobId: message.jobId, task: message.task });
          return state;
      }
    },
  };
}

/** Answers with the outcome of a promise. */
function answer<T>(reply: Reply<T>, work: Promise<T>): void {
  work.then((value) => reply.ok(value), (error) => reply.fail(error));
}

async function outputSizes(
  { host, planner }: Connection,
  jobId: JobId,
): Promise<OutputSizes> {
  const { stdout, stderr } = planner.paths(jobId);
  const [out, err] = await Promise.all([host.stat(stdout), host.stat(stderr)]);
  return { stdout: out?.size, stderr: err?.size };
}
