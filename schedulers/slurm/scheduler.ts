/**
 * Slurm over a connection.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import type {
  AttemptId,
  ClusterProbe,
  JobId,
  JobMetrics,
  SchedulerId,
  SessionId,
} from "../../model/mod.ts";
import { quote, quotePath } from "../../shell/mod.ts";
import { parseScancelErrors, scancelArguments } from "../../slurm/mod.ts";
import { planBatch } from "../batch.ts";
import { SchedulerUnavailableError } from "../errors.ts";
import { giveUp } from "../give_up.ts";
import { attemptDirectory, followSpool } from "../layout.ts";
import type { RemoteLayout } from "../layout.ts";
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
  Submitted,
  Watched,
  WatchedSession,
} from "../scheduler.ts";
import { cancelLines } from "./cancel_lines.ts";
import { componentCancelProgram, isOfComponent } from "./component_cancel.ts";
import { readComponentMarks } from "./component_marks.ts";
import type { MarksFound } from "./component_marks.ts";
import { componentVerdict, leavesOpen } from "./component_verdict.ts";
import { forAll, QUEUE_BY_COMMENT } from "./command_lines.ts";
import { GoneParts } from "./gone_parts.ts";
import { readMetrics } from "./read_metrics.ts";
import { outcomeOf } from "./outcome.ts";
import type { SlurmPlanner } from "./planner.ts";
import { Parts } from "./parts.ts";
import type { Part } from "./parts.ts";
import { probe } from "./probe.ts";
import { QueueReader } from "./queue.ts";
import { KILL_WAIT_SECONDS, SlurmSettings } from "./settings.ts";
import { sessionOfStep } from "./step_cancel.ts";
import type { StepCancellation } from "./step_cancel.ts";
import { isStep, Steps } from "./steps.ts";
import { PROGRAM_SECONDS, submitProgram } from "./submit_program.ts";
import { ReplyReader } from "./submit_replies.ts";
import type { ProgramReply } from "./submit_replies.ts";
import { strayCopies } from "./stray_copies.ts";
import { VanishedJobs } from "./vanished.ts";

/** The lane of the host's shells that carries submissions, so that polls do not wait for them. */
const SUBMIT_LANE = "submit";

/** How long a submission may take, the wait for the one before it included, in ms. */
const SUBMIT_TIMEOUT_MS = (2 * PROGRAM_SECONDS + 20) * 1000;

const decoder = new TextDecoder();

/** What is seen of a component that the queue has. */
function componentObservation(part: Part, slurm: Sighting, marks: MarksFound): Observation {
  return part.observed(componentVerdict(slurm, marks.of(part), () => slurm));
}

/** How Slurm is used. */
export interface SlurmSchedulerOptions {
  /** How many sbatch run at a time. Default: 4, since more make slurmctld no faster. */
  readonly atOnce?: number;
}

/** Submits, observes and cancels jobs of one user on one Slurm cluster. */
export class SlurmScheduler implements Scheduler {
  readonly #host: Host;
  readonly #layout: RemoteLayout;
  readonly #planner: SlurmPlanner;
  readonly #atOnce: number;
  readonly #settings: SlurmSettings;
  readonly #gone: GoneParts;
  readonly #queue: QueueReader;
  readonly #parts = new Parts();
  readonly #steps: Steps;

  /** Works over the given connection, which stays the caller's. */
  constructor(
    host: Host,
    layout: RemoteLayout,
    planner: SlurmPlanner,
    { atOnce = 4 }: SlurmSchedulerOptions = {},
  ) {
    this.#host = host;
    this.#atOnce = atOnce;
    this.#layout = layout;
    this.#planner = planner;
    this.#settings = new SlurmSettings(host);
    this.#gone = new GoneParts(new VanishedJobs(host, layout), this.#settings);
    this.#queue = new QueueReader(host);
    this.#steps = new Steps(host, layout);
  }

  /** Gives attempts up; see {@linkcode Scheduler.giveUp}. */
  giveUp(watched: readonly Watched[], signal: AbortSignal): Promise<readonly GivenUp[]> {
    return giveUp(this.#host, this.#layout, watched, signal);
  }

  /** Submits a batch; see {@linkcode Scheduler.submit}. */
  async submit(
    batch: readonly Submission[],
    signal: AbortSignal,
    onSubmitted: (outcome: Submitted) => void = () => {},
  ): Promise<readonly SubmitOutcome[]> {
    const ofTheirOwn = batch.filter(({ session }) => session === undefined);
    // The sessions first, of which a step may be.
    const outcomes = await this.#submitJobs(ofTheirOwn, signal, onSubmitted);
    if (ofTheirOwn.length === batch.length) return outcomes;
    const places = new Map(batch.map(({ attemptId, ...place }) => [attemptId, place]));
    const { planned, rejected } = planBatch(
      batch.filter(({ session }) => session !== undefined),
      (attemptId, spec) => {
        const { session, standing } = places.get(attemptId) ?? {};
        return session === undefined
          ? []
          : [this.#planner.planStep(attemptId, spec, session, standing)];
      },
    );
    return [...outcomes, ...rejected, ...await this.#steps.place(planned.flat(), signal)];
  }

  async #submitJobs(
    batch: readonly Submission[],
    signal: AbortSignal,
    onSubmitted: (outcome: Submitted) => void,
  ): Promise<readonly SubmitOutcome[]> {
    const { planned: jobs, rejected } = planBatch(
      batch,
      (attemptId, spec) => this.#planner.plan(attemptId, spec),
    );
    if (jobs.length === 0) return rejected;
    const program = submitProgram(this.#layout.root, jobs, {
      spool: this.#layout.spool,
      width: this.#atOnce,
      recheck: batch.some(({ recheck }) => recheck),
      queueByComment: QUEUE_BY_COMMENT,
    });
    const ids = new Map<string, AttemptId>(jobs.map(({ attemptId }) => [attemptId, attemptId]));
    const replies = new Map<string, ProgramReply>();
    const reader = new ReplyReader();
    const result = await this.#host.run(
      `printf %s ${quote(program)} | timeout -k 5 ${PROGRAM_SECONDS} sh`,
      {
        lane: SUBMIT_LANE,
        signal,
        timeoutMs: SUBMIT_TIMEOUT_MS,
        onStdout: (bytes) => {
          for (const reply of reader.push(bytes)) {
            replies.set(reply.attemptId, reply);
            const attemptId = ids.get(reply.attemptId);
            if (reply.kind !== "submitted" || attemptId === undefined) continue;
            onSubmitted({ kind: "submitted", attemptId, schedulerId: reply.schedulerId });
          }
        },
      },
    );
    const words = decoder.decode(result.stderr).trim() || `exit status ${result.exitCode}`;
    const outcomes = jobs.map(({ attemptId, directory }) =>
      outcomeOf(attemptId, directory, replies.get(attemptId), words)
    );
    // Before anybody hears of it: cut off here, the job is refused, and its directory removed, once more.
    const refused = jobs.filter((_, index) => outcomes[index]?.kind === "rejected");
    if (refused.length > 0) {
      const directories = refused.map(({ directory }) => quotePath(directory)).join(" ");
      await this.#host.run(`rm -rf -- ${directories}`, { signal });
    }
    return [...rejected, ...outcomes];
  }

  /** Looks at all given jobs; see {@linkcode Scheduler.observe}. */
  async observe(
    watched: readonly Watched[],
    signal: AbortSignal,
  ): Promise<readonly Observation[]> {
    const steps = watched.filter(isStep);
    const jobs = steps.length === 0 ? watched : watched.filter((one) => !isStep(one));
    const traces = steps.length === 0 ? undefined : await this.#steps.look(steps, signal);
    // Before the queue: what it says counts for what was recorded until then.
    const marks = await readComponentMarks(this.#host, this.#layout, jobs, signal);
    const queue = await this.#queue.read(signal);
    const ofSteps = traces === undefined
      ? []
      : await this.#steps.judge(traces, queue, (gone, ended) =>
        this.#gone.look(gone, ended), signal);
    const seen: Observation[] = [...ofSteps];
    const gone: Part[] = [];
    const silent: Part[] = [];
    for (const part of this.#parts.of(jobs)) {
      const observation = part.lookIn(queue);
      if (observation === undefined) gone.push(part);
      else if (!part.component) seen.push(observation);
      else if (leavesOpen(observation.sighting, marks.of(part))) silent.push(part);
      else seen.push(componentObservation(part, observation.sighting, marks));
    }
    if (silent.length > 0) {
      // Their records may have been written while the queue was read.
      const late = await readComponentMarks(this.#host, this.#layout, jobs, signal);
      for (const part of silent) {
        const observation = part.lookIn(queue);
        if (observation === undefined) continue;
        seen.push(componentObservation(part, observation.sighting, late));
      }
    }
    // Most often each line is of a job that is watched, so that none can be a stray copy.
    const strays = seen.length - ofSteps.length < queue.size ? strayCopies(queue, jobs) : [];
    const found = gone.length === 0 ? [] : await this.#gone.look(gone, signal);
    await this.#cancelStrays(strays, signal);
    return found.length === 0 ? seen : [...seen, ...found];
  }

  /** Asks Slurm to end jobs; see {@linkcode Scheduler.cancel}. */
  async cancel(cancellations: readonly Cancellation[], signal: AbortSignal): Promise<void> {
    const jobs: Cancellation[] = [];
    const steps: StepCancellation[] = [];
    for (const one of cancellations) {
      const sessionId = sessionOfStep(one.schedulerId);
      if (sessionId === undefined) jobs.push(one);
      else steps.push({ ...one, sessionId });
    }
    await this.#steps.cancel(steps, signal);
    await this.#cancelJobs(jobs, signal);
  }

  async #cancelJobs(cancellations: readonly Cancellation[], signal: AbortSignal): Promise<void> {
    if (cancellations.length === 0) return;
    const wanted = new Set(cancellations.map(({ attemptId }) => attemptId));
    const queue = await this.#queue.read(signal);
    const jobs = [...queue.lines()].flatMap(({ attemptId, job }) =>
      wanted.has(attemptId) ? [job] : []
    );
    const lines = [
      ...cancelLines(cancellations.filter((one) => !isOfComponent(one)), jobs),
      ...await this.#componentCancels(cancellations.filter(isOfComponent), signal),
    ];
    for (const line of lines) {
      const { exitCode, stderr } = await this.#host.run(line, { signal });
      // What has ended already needs no cancelling; anything else must be told.
      const trouble = parseScancelErrors(stderr).filter(({ words }) =>
        !/already complet|invalid job id/i.test(words)
      );
      if (exitCode !== 0 && trouble.length > 0) {
        throw new SchedulerUnavailableError(
          "scancel",
          trouble.map(({ words }) => words).join("\n"),
        );
      }
    }
  }

  /** The programs that end components, each for itself. */
  async #componentCancels(
    cancellations: readonly Cancellation[],
    signal: AbortSignal,
  ): Promise<string[]> {
    if (cancellations.length === 0) return [];
    const { killWaitSeconds = KILL_WAIT_SECONDS } = await this.#settings.known(signal);
    return cancellations.flatMap(({ attemptId, task, means }) =>
      task === undefined ? [] : componentCancelProgram(
        attemptDirectory(this.#layout, attemptId),
        task,
        means,
        killWaitSeconds,
      )
    );
  }

  /** Removes jobs' directories; see {@linkcode Scheduler.remove}. */
  remove(jobs: readonly JobId[], signal: AbortSignal): Promise<void> {
    return removeJobs(this.#host, this.#layout, jobs, signal);
  }

  /** What the cluster says of itself; see {@linkcode Scheduler.probe}. */
  probe(signal: AbortSignal): Promise<Omit<ClusterProbe, "name">> {
    return probe(this.#host, this.#layout.root, this.#settings, signal);
  }

  /** What a job has used; see {@linkcode Scheduler.metrics}. */
  metrics(job: MeteredJob, signal: AbortSignal): Promise<JobMetrics> {
    return readMetrics(this.#host, this.#layout, this.#settings, job, signal);
  }

  /** Looks at sessions; see {@linkcode Scheduler.inspect}. */
  inspect(
    sessions: readonly WatchedSession[],
    signal: AbortSignal,
  ): Promise<readonly SessionSighting[]> {
    return this.#steps.inspect(sessions, signal);
  }

  /** Has a session take no more steps; see {@linkcode Scheduler.closeSession}. */
  closeSession(sessionId: SessionId, signal: AbortSignal): Promise<void> {
    return this.#steps.closeSession(sessionId, signal);
  }

  /** The command whose output is the spool as it grows. */
  spoolCommand(): string {
    return followSpool(this.#layout);
  }

  /** Has copies that would run nothing leave the queue. One that cannot be cancelled does no harm. */
  async #cancelStrays(ids: readonly SchedulerId[], signal: AbortSignal): Promise<void> {
    for (const line of forAll(ids, (some) => scancelArguments(some))) {
      await this.#host.run(line, { signal });
    }
  }
}
