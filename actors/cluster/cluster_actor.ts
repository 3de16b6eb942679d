/**
 * The actor of one cluster. It owns the connection, what works over it, and the jobs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { asSluiceError, errorInfo } from "../../model/mod.ts";
import type {
  ClusterFact,
  ClusterProbe,
  ErrorInfo,
  JobId,
  LinkView,
  SubmissionsView,
} from "../../model/mod.ts";
import type { ActorContext, Behavior, ChildFailed, Reply, SpawnOptions } from "../kernel/mod.ts";
import type { ClusterMessage, ClusterStatus, OutputSizes } from "./cluster_messages.ts";
import type { Connection } from "./connection.ts";
import { ClusterRestartingError, ClusterUnreachableError } from "./errors.ts";
import type { JobsView } from "./jobs.ts";
import type { LinkMemory, LinkReport } from "./link.ts";
import { ClusterNotes } from "./notes.ts";
import { LARGE_MAILBOX, spawnParts, workers } from "./parts.ts";
import type { ClusterOptions, LinkNews, Parts } from "./parts.ts";
import { SILENCE_MS } from "./poller.ts";
import type { PollerView } from "./poller.ts";

interface ClusterState {
  readonly parts: Parts;
  readonly connection: Connection | undefined;
  readonly lostAt: number | undefined;
  /** When the cluster last answered for its jobs; unknown until the first connection. */
  readonly lastContactAt: number | undefined;
  readonly lastError: ErrorInfo | undefined;
  /** Probes that came while there was no connection. */
  readonly waitingProbes: readonly Reply<Omit<ClusterProbe, "name">>[];
  /** Whether what the journal did not take is to be written once more. */
  readonly notesDue: boolean;
}

/**
 * How the actor of a cluster is run. When those below it fail more than ten times within a minute, it
 * fails itself; it is then started anew without limit, ever more slowly, and alone: other clusters and
 * the server go on, and there is nobody above who could do better.
 */
export const clusterSpawnOptions: SpawnOptions = {
  backoff: { minMs: 1_000, maxMs: 60_000 },
  mailbox: LARGE_MAILBOX,
  supervision: { strategy: "one-for-one", restarts: 10, withinMs: 60_000 },
};

const log = getLogger(["sluice", "cluster"]);

/** A connection that is back within this time was never missed, in ms. */
const LOST_GRACE_MS = 5_000;
/** Wait before what the journal did not take is written once more, in ms. */
const NOTES_AGAIN_MS = 10_000;
/** How long those below may take to say how they stand, in ms: one may be on its way back. */
const VIEW_TIMEOUT_MS = 10_000;

/** The behaviour of a cluster. */
export function clusterActor(options: ClusterOptions): Behavior<ClusterMessage, ClusterState> {
  type Context = ActorContext<ClusterMessage>;
  const { name, journal } = options;
  // These outlive the actor's own failure.
  const notes = new ClusterNotes(name, journal);
  const memory: LinkMemory = { refusal: undefined };

  const noted = (written: Promise<boolean>, ctx: Context): void =>
    void written.then((all) => {
      if (!all && !ctx.signal.aborted) ctx.self.tell({ type: "notes_kept" });
    });

  const note = (fact: ClusterFact, ctx: Context): void =>
    noted(notes.add(fact, ctx.clock.now()), ctx);

  const noteFailure = (actor: string, error: unknown, ctx: Context): void => {
    log.error("{actor} failed: {error}", { actor, error });
    noted(notes.addFailure(actor, error, ctx.clock.now()), ctx);
  };

  const tellWorkers = (
    { parts }: ClusterState,
    message: LinkNews,
  ): void => {
    for (const ref of workers(parts)) ref.tell(message);
  };

  const probe = (
    state: ClusterState,
    reply: Reply<Omit<ClusterProbe, "name">>,
    ctx: Context,
  ): ClusterState => {
    const { connection } = state;
    if (connection === undefined) {
      state.parts.link.tell({ type: "connect" });
      return { ...state, waitingProbes: [...state.waitingProbes, reply] };
    }
    answer(reply, connection.scheduler.probe(ctx.signal));
    return state;
  };

  const status = (state: ClusterState, reply: Reply<ClusterStatus>): void => {
    const { connection } = state;
    const patience = { timeoutMs: VIEW_TIMEOUT_MS };
    Promise.all([
      state.parts.link.ask(
        (answer: Reply<LinkView>) => ({ type: "view", reply: answer }),
        patience,
      ),
      state.parts.poller.ask(
        (answer: Reply<PollerView>) => ({ type: "view", reply: answer }),
        patience,
      ),
      state.parts.submitter.ask(
        (answer: Reply<SubmissionsView>) => ({ type: "view", reply: answer }),
        patience,
      ),
      state.parts.jobs.ask(
        (answer: Reply<JobsView>) => ({ type: "view", reply: answer }),
        patience,
      ),
    ]).then(([link, poller, submissions, jobs]) =>
      reply.ok({
        link,
        poller,
        submissions,
        jobs,
        host: connection === undefined ? undefined : {
          commandsSent: connection.host.commandsSent,
          openChannels: connection.host.openChannels,
        },
      }), (error) => reply.fail(error));
  };

  const up = (state: ClusterState, connection: Connection, ctx: Context): ClusterState => {
    tellWorkers(state, { type: "up", connection });
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
    const known = report.type === "link_refused" && report.known;
    const news = state.connection !== undefined || state.lastError?.code !== error.code;
    if (state.connection !== undefined) tellWorkers(state, { type: "down" });
    if (news && !known) note({ type: report.type, error }, ctx);
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

  /** A child comes back knowing nothing; what it is told here waits in its mailbox. */
  const childFailed = (state: ClusterState, { path, error }: ChildFailed, ctx: Context) => {
    noteFailure(path, error, ctx);
    if (path === state.parts.link.path) {
      return state.connection === undefined
        ? state
        : down(state, { type: "link_lost", error: asSluiceError(error) }, ctx);
    }
    const { connection } = state;
    for (const ref of workers(state.parts)) {
      if (ref.path === path && connection !== undefined) ref.tell({ type: "up", connection });
    }
    const { messages, poller, sessions, stager, submitter } = state.parts;
    if ([messages, poller, sessions, stager, submitter].some((ref) => ref.path === path)) {
      state.parts.jobs.tell({ type: "resync" });
    }
    // What was pushed meanwhile is not heard any more.
    if (path === state.parts.follower.path) state.parts.poller.tell({ type: "nudge", withinMs: 0 });
    return state;
  };

  return {
    init(ctx) {
      noted(notes.write(), ctx);
      return {
        parts: spawnParts(options, memory, ctx),
        connection: undefined,
        lostAt: undefined,
        lastContactAt: undefined,
        lastError: undefined,
        waitingProbes: [],
        notesDue: false,
      };
    },

    signal: (state, signal, ctx) =>
      signal.type === "child-failed" ? childFailed(state, signal, ctx) : state,

    receive(state, message, ctx) {
      switch (message.type) {
        case "adopt":
        case "cancel":
          state.parts.jobs.tell(message);
          return state;
        case "close_session":
        case "renew_session":
        case "session_sighting":
          state.parts.sessions.tell(message);
          return state;
        case "read": {
          const { patient, question } = message;
          if (!patient && state.lastError !== undefined) {
            question.reply.fail(new ClusterUnreachableError(name, state.lastError));
          } else state.parts.outputs.tell({ type: "read", question });
          return state;
        }
        case "status":
          status(state, message.reply);
          return state;
        case "resume":
          state.parts.link.tell({ type: "connect" });
          state.parts.submitter.tell({ type: "resume" });
          state.parts.jobs.tell({ type: "resume" });
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
        case "files":
          if (state.connection === undefined) {
            message.reply.fail(new ClusterUnreachableError(name, state.lastError));
          } else {
            message.reply.ok(state.connection.files);
          }
          return state;
        case "link_up":
          return message.from === state.parts.link ? up(state, message.connection, ctx) : state;
        case "link_lost":
        case "link_refused":
          return message.from === state.parts.link ? down(state, message, ctx) : state;
        case "still_lost":
          if (state.lostAt === message.lostAt) {
            state.parts.jobs.tell({
              type: "silenced",
              since: state.lastContactAt,
              reason: {
                code: "LinkLost",
                text: `The connection is lost: ${state.lastError?.message ?? ""}`,
              },
            });
          }
          return state;
        case "silence":
          state.parts.jobs.tell({
            type: "silenced",
            since: message.since,
            reason: {
              code: "SchedulerSilent",
              text: `The scheduler has not answered for more than ${
                SILENCE_MS / 1000
              } seconds: ${message.error.message}`,
            },
          });
          return state;
        case "note":
          note(message.fact, ctx);
          return state;
        case "job_failed":
          noteFailure(message.actor, message.error, ctx);
          return state;
        case "notes_kept":
          if (!state.notesDue) ctx.after(NOTES_AGAIN_MS, { type: "write_notes" });
          return { ...state, notesDue: true };
        case "write_notes":
          noted(notes.write(), ctx);
          return { ...state, notesDue: false };
      }
    },

    stopped(state, ctx, reason) {
      const restarting = reason.type === "restarting";
      for (const reply of state?.waitingProbes ?? []) {
        reply.fail(
          restarting
            ? new ClusterRestartingError(name, reason.error)
            : new ClusterUnreachableError(name, undefined),
        );
      }
      if (restarting) void notes.addFailure(ctx.path, reason.error, ctx.clock.now());
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
