/**
 * Sessions and their steps on the test cluster, driven through the scheduler alone.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectSsh } from "../../../hosts/mod.ts";
import type { Host } from "../../../hosts/mod.ts";
import { attemptId, attemptParts, newJobId, sessionOfAllocation } from "../../../model/mod.ts";
import type {
  AllocationTerms,
  AttemptId,
  JobId,
  JobSpec,
  Resources,
  SchedulerId,
  SessionId,
} from "../../../model/mod.ts";
import { remoteLayout, SlurmPlanner, SlurmScheduler } from "../../../schedulers/mod.ts";
import type {
  CancelMeans,
  RemoteLayout,
  Sighting,
  Submission,
  SubmitOutcome,
} from "../../../schedulers/mod.ts";
import { quotePath } from "../../../shell/mod.ts";
import { until } from "./until.ts";
import { jobSpec, shellJob, Workspace } from "./workspace.ts";
import type { JobInput } from "./workspace.ts";

const SERVER_ID = "steps";

/** A job that was handed over. */
export interface Handed {
  readonly attemptId: AttemptId;
  readonly jobId: JobId;
  readonly schedulerId: SchedulerId;
  readonly session: SessionId | undefined;
  readonly tasks: readonly number[] | undefined;
}

/** A scheduler over a connection, and what it was given; all of it ended and removed at the end. */
export class SessionBench implements AsyncDisposable {
  readonly #layout: RemoteLayout;
  readonly #planner: SlurmPlanner;
  /** The scheduler. */
  readonly scheduler: SlurmScheduler;

  private constructor(readonly workspace: Workspace, readonly host: Host) {
    const layout = remoteLayout(workspace.remoteDirectory, SERVER_ID);
    this.#planner = new SlurmPlanner({ layout, serverId: SERVER_ID, defaults: {} });
    this.#layout = layout;
    this.scheduler = this.schedulerOver(host);
  }

  /** Another scheduler of the same server. */
  schedulerOver(host: Host): SlurmScheduler {
    return new SlurmScheduler(host, this.#layout, this.#planner);
  }

  /** Connects to the test cluster. */
  static async open(): Promise<SessionBench> {
    const workspace = await Workspace.make();
    const config = workspace.config();
    assert.ok(config.type === "slurm");
    return new SessionBench(workspace, await connectSsh(config));
  }

  /** A submission of a new job. */
  submission(spec: JobSpec, session?: SessionId): Submission {
    const id = attemptId(newJobId(), 1);
    return { attemptId: id, spec, recheck: false, ...(session === undefined ? {} : { session }) };
  }

  /** A submission of a small job that runs a script of `sh`. */
  submissionOf(script: string, session?: SessionId): Submission {
    return this.submission(jobSpec(shellJob(script, { resources: { memory: 50 } })), session);
  }

  /** Hands jobs over, which must be taken. */
  async submit(submissions: readonly Submission[]): Promise<Handed[]> {
    const outcomes = await this.scheduler.submit(submissions, AbortSignal.timeout(60_000));
    return submissions.map((submission) => this.handed(submission, outcomes));
  }

  /** What the scheduler took, by the outcome of its submission. */
  handed(
    { attemptId, spec, session }: Submission,
    outcomes: readonly SubmitOutcome[],
  ): Handed {
    const outcome = outcomes.find((one) => one.attemptId === attemptId);
    assert.ok(outcome?.kind === "submitted", JSON.stringify(outcome));
    const { jobId } = attemptParts(attemptId);
    const tasks = this.#planner.tasks(spec);
    return { attemptId, jobId, schedulerId: outcome.schedulerId, session, tasks };
  }

  /** Asks for an allocation, and waits until its agent is at work unless told otherwise. */
  async openSession(
    resources: Resources,
    terms: Partial<AllocationTerms> = {},
    wait = true,
  ): Promise<{ readonly id: SessionId; readonly job: Handed }> {
    const spec = jobSpec({
      payload: { kind: "allocation", ...terms },
      resources: { time: 10, ...resources },
    });
    const [job] = await this.submit([this.submission(spec)]);
    assert.ok(job !== undefined);
    const id = sessionOfAllocation(job.jobId);
    if (wait) await this.until("the session has begun", () => this.exists(`${id}/listening`), 50);
    return { id, job };
  }

  /** Places steps that run scripts of `sh`. */
  steps(
    session: SessionId,
    scripts: readonly string[],
    rest: Omit<JobInput, "payload"> = {},
  ): Promise<Handed[]> {
    return this.submit(
      scripts.map((script) => this.submission(jobSpec(shellJob(script, rest)), session)),
    );
  }

  /** What is to be seen of jobs and tasks, in the order given. */
  async look(jobs: readonly Handed[]): Promise<Sighting[]> {
    const seen = await this.scheduler.observe(
      jobs.map(({ attemptId, schedulerId, session, tasks }) => ({
        attemptId,
        schedulerId,
        ...(session === undefined ? {} : { session }),
        ...(tasks === undefined ? {} : { tasks }),
      })),
      AbortSignal.timeout(60_000),
    );
    return jobs.flatMap(({ attemptId }) =>
      seen.filter((one) => one.attemptId === attemptId).map(({ sighting }) => sighting)
    );
  }

  /** Waits until all have ended, and gives how. */
  async ends(jobs: readonly Handed[]): Promise<Extract<Sighting, { kind: "ended" }>[]> {
    let ended: Extract<Sighting, { kind: "ended" }>[] = [];
    await this.until("the steps have ended", async () => {
      const sightings = await this.look(jobs);
      ended = sightings.flatMap((sighting) => sighting.kind === "ended" ? [sighting] : []);
      return sightings.length > 0 && ended.length === sightings.length;
    }, 200);
    return ended;
  }

  /** Waits until a job is seen in a way. */
  async untilSeen(job: Handed, kind: Sighting["kind"], code?: string): Promise<Sighting> {
    let last: Sighting | undefined;
    await this.until(`it is ${kind} ${code ?? ""}`, async () => {
      [last] = await this.look([job]);
      const reason = last !== undefined && "reason" in last ? last.reason?.code : undefined;
      return last?.kind === kind && (code === undefined || reason === code);
    }, 100);
    assert.ok(last !== undefined);
    return last;
  }

  /** Ends or signals a job, or a task of it. */
  cancel(job: Handed, means: CancelMeans = { kind: "end" }, task?: number): Promise<void> {
    const { attemptId, schedulerId } = job;
    return this.scheduler.cancel(
      [{ attemptId, schedulerId, means, ...(task === undefined ? {} : { task }) }],
      AbortSignal.timeout(60_000),
    );
  }

  /** What a shell command prints on the login node, in the directory of all jobs. */
  async shell(command: string): Promise<string> {
    const jobs = quotePath(`${this.workspace.remoteDirectory}/jobs`);
    const { stdout } = await this.host.run(`cd ${jobs} && { ${command}\n}`, {
      lane: "test",
    });
    return new TextDecoder().decode(stdout);
  }

  /** Whether there is such a path below the directory of all jobs. */
  async exists(path: string): Promise<boolean> {
    return await this.shell(`[ ! -e ${path} ] || echo yes`) !== "";
  }

  /** What a job wrote to its standard output. */
  output({ jobId }: Handed, task?: number): Promise<string> {
    return this.shell(`cat ${jobId}/stdout${task === undefined ? "" : `.${task}`}`);
  }

  /** Waits for a condition. */
  until(what: string, condition: () => Promise<boolean>, everyMs = 100): Promise<void> {
    return until(what, condition, everyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.close();
    await this.workspace[Symbol.asyncDispose]();
  }
}
