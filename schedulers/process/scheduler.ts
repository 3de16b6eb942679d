/**
 * Jobs as plain processes of a host without a scheduler.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { schedulerIdSchema } from "../../model/mod.ts";
import type { ClusterProbe, JobId, JobMetrics, SchedulerId } from "../../model/mod.ts";
import { quotePath } from "../../shell/mod.ts";
import { planBatch } from "../batch.ts";
import { recorded } from "../endings.ts";
import {
  DirectoryUnwritableError,
  SubmissionUnclearError,
  UnsupportedRequestError,
} from "../errors.ts";
import { parseExitRecords, printExitRecords } from "../exit_record.ts";
import type { ExitRecord } from "../exit_record.ts";
import { attemptDirectory, followSpool } from "../layout.ts";
import type { RemoteLayout } from "../layout.ts";
import { assembleMetrics } from "../metrics/assemble.ts";
import { readRecords, recordFound } from "../metrics/recorded.ts";
import { removeJobs } from "../remove.ts";
import type {
  Cancellation,
  GivenUp,
  MeteredJob,
  Observation,
  Scheduler,
  SessionSighting,
  Sighting,
  Submission,
  SubmitOutcome,
  Watched,
} from "../scheduler.ts";

import type { ProcessPlanner } from "./planner.ts";
import {
  aliveProgram,
  cancelledProgram,
  endProgram,
  signalProgram,
  startProgram,
} from "./start_program.ts";

/** Seconds between the request to end and the end by force; Slurm's default KillWait is as long. */
const KILL_WAIT_SECONDS = 30;

/** What can be said of a job that another scheduler took, before the cluster's type was changed. */
const FOREIGN: Sighting = {
  kind: "missing",
  reason: {
    code: "OtherScheduler",
    text: "Another scheduler took it: the cluster's type was changed in the configuration since.",
  },
};

/** Prints what separates the parts of an observation. */
const END_OF_PART = "printf '\\036'";

const decoder = new TextDecoder();

/**
 * The number of the session that runs the job; `undefined` for an id of another scheduler, as the
 * cluster may have had before. No process of this host must ever be taken for such a job's.
 */
function sessionOf(schedulerId: SchedulerId): number | undefined {
  const digits = /^P([1-9]\d{0,9})$/.exec(schedulerId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Runs jobs of a host at once, each in a session of its own. */
export class ProcessScheduler implements Scheduler {
  readonly #host: Host;
  readonly #layout: RemoteLayout;
  readonly #planner: ProcessPlanner;

  /** Works over the given connection, which stays the caller's. */
  constructor(host: Host, layout: RemoteLayout, planner: ProcessPlanner) {
    this.#host = host;
    this.#layout = layout;
    this.#planner = planner;
  }

  /** Starts a batch; see {@linkcode Scheduler.submit}. */
  async submit(
    batch: readonly Submission[],
    signal: AbortSignal,
  ): Promise<readonly SubmitOutcome[]> {
    const { planned: jobs, rejected } = planBatch(
      batch,
      (attemptId, spec) => this.#planner.plan(attemptId, spec),
    );
    if (jobs.length === 0) return rejected;
    const spoolDirectory = this.#layout.spool.slice(0, this.#layout.spool.lastIndexOf("/"));
    const result = await this.#host.run(
      startProgram(this.#layout.root, spoolDirectory, jobs),
      { signal },
    );
    const started = new Map(
      decoder.decode(result.stdout).split("\n").flatMap((line) => {
        const [job, id] = line.split(" ");
        const schedulerId = schedulerIdSchema.safeParse(id);
        return job === undefined || !schedulerId.success ? [] : [[job, schedulerId.data] as const];
      }),
    );
    return [
      ...rejected,
      ...jobs.map(({ attemptId, directory }): SubmitOutcome => {
        const schedulerId = started.get(attemptId);
        if (schedulerId !== undefined) return { kind: "submitted", attemptId, schedulerId };
        const words = decoder.decode(result.stderr);
        const error = words.trim() === ""
          ? new SubmissionUnclearError("the host is slow to start it.")
          : new DirectoryUnwritableError(directory, words);
        return { kind: "postponed", attemptId, error, maybeSent: true };
      }),
    ];
  }

  /** Looks at all given jobs; see {@linkcode Scheduler.observe}. */
  async observe(
    watched: readonly Watched[],
    signal: AbortSignal,
  ): Promise<readonly Observation[]> {
    if (watched.length === 0) return [];
    const attempts = watched.map(({ attemptId }) => attemptId);
    // Whether processes live is asked first: a record that is written in between is then still seen.
    const result = await this.#host.run(
      [
        aliveProgram(watched.flatMap(({ schedulerId }) => sessionOf(schedulerId) ?? [])),
        END_OF_PART,
        printExitRecords(this.#layout.jobs, attempts),
        END_OF_PART,
        cancelledProgram(this.#layout.jobs, attempts),
      ].join("\n"),
      { signal },
    );
    const [alive = "", records = "", cancelled = ""] = decoder.decode(result.stdout).split("\x1e");
    const living = new Set(
      alive.split("\n").flatMap((line) => line.endsWith(" alive") ? [line.split(" ")[0]] : []),
    );
    const ended = parseExitRecords(records);
    const asked = new Set(cancelled.split("\n"));
    return watched.flatMap(({ attemptId, schedulerId, tasks }): Observation[] =>
      (tasks ?? [undefined]).map((task) => {
        const session = sessionOf(schedulerId);
        const record = ended.find((one) => one.attemptId === attemptId && one.task === task);
        const sighting = session === undefined && record === undefined
          ? FOREIGN
          : sight(record, living.has(String(session)), asked.has(attemptId));
        return task === undefined ? { attemptId, sighting } : { attemptId, task, sighting };
      })
    );
  }

  /** Ends jobs; see {@linkcode Scheduler.cancel}. */
  async cancel(cancellations: readonly Cancellation[], signal: AbortSignal): Promise<void> {
    const programs = cancellations.flatMap(({ attemptId, schedulerId, task, means }) => {
      // Nothing ever waits here.
      if (means.kind === "end_if_waiting") return [];
      if (task !== undefined) {
        throw new UnsupportedRequestError(
          "Ending one task of an array",
          "Cancel the whole array.",
        );
      }
      const directory = attemptDirectory(this.#layout, attemptId);
      const session = sessionOf(schedulerId);
      if (session === undefined) return [];
      return means.kind === "signal"
        ? [signalProgram(directory, session, means.signal)]
        : [endProgram(directory, session, KILL_WAIT_SECONDS)];
    });
    if (programs.length === 0) return;
    await this.#host.run(programs.join("\n"), { signal });
  }

  /** Whatever this host has taken it has also started: nothing can be given up. */
  giveUp(watched: readonly Watched[]): Promise<readonly GivenUp[]> {
    return Promise.resolve(
      watched.flatMap(({ attemptId, tasks }): GivenUp[] =>
        tasks?.map((task) => ({ attemptId, task, begun: true })) ?? [{ attemptId, begun: true }]
      ),
    );
  }

  /** Removes jobs' directories; see {@linkcode Scheduler.remove}. */
  remove(jobs: readonly JobId[], signal: AbortSignal): Promise<void> {
    return removeJobs(this.#host, this.#layout, jobs, signal);
  }

  /** What the host says of itself; see {@linkcode Scheduler.probe}. */
  async probe(signal: AbortSignal): Promise<Omit<ClusterProbe, "name">> {
    const begun = performance.now();
    await this.#host.run(`mkdir -p -- ${quotePath(this.#layout.root)}`, { signal });
    const roundTripMs = performance.now() - begun;
    const { freeBytes } = await this.#host.freeSpace(this.#layout.root);
    return { scheduler: "none", roundTripMs, accounting: false, partitions: [], freeBytes };
  }

  /** Nothing counts what a plain process uses, beside its script, which notes its start and its end. */
  async metrics(job: MeteredJob, signal: AbortSignal): Promise<JobMetrics> {
    const records = await readRecords(this.#host, this.#layout, job.parts, signal);
    // A plain host is one node, and has told no name of it.
    const found = job.parts.map((part) => recordFound(records.get(part), 1));
    return assembleMetrics(job, found);
  }

  /** A plain host holds no sessions. */
  inspect(): Promise<readonly SessionSighting[]> {
    return Promise.resolve([]);
  }

  /** A plain host holds no sessions. */
  closeSession(): Promise<void> {
    return Promise.resolve();
  }

  /** The command whose output is the spool as it grows. */
  spoolCommand(): string {
    return followSpool(this.#layout);
  }
}

function sight(record: ExitRecord | undefined, alive: boolean, cancelled: boolean): Sighting {
  const byRequest = cancelled && (record === undefined || record.caught !== undefined);
  if (record !== undefined) {
    const { startedAt, endedAt } = record;
    if (byRequest) {
      const reason = { code: "Cancelled", text: "The job was cancelled." };
      return {
        kind: "ended",
        phase: "cancelled",
        state: "CANCELLED",
        reason,
        nodes: [],
        startedAt,
        endedAt,
      };
    }
    return recorded(record);
  }
  if (alive) return { kind: "active", state: "RUNNING", nodes: [] };
  if (byRequest) {
    const reason = { code: "Cancelled", text: "The job was cancelled." };
    return { kind: "ended", phase: "cancelled", state: "CANCELLED", reason, nodes: [] };
  }
  return {
    kind: "ended",
    phase: "failed",
    state: "FAILED",
    reason: {
      code: "Vanished",
      text:
        "Its processes are gone and left no record: they were killed, or the host was restarted.",
    },
    nodes: [],
  };
}
