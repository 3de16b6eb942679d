/**
 * A Sluice in memory, for the tests of the layers above it: it runs nothing, and what happens to its
 * jobs is what a test says.
 *
 * @module
 */

import type {
  ActorView,
  ClustersApi,
  DeadLetterView,
  FeedOptions,
  JobsApi,
  SessionsApi,
  SluiceApi,
  SystemApi,
} from "../../actors/mod.ts";
import type {
  ClusterView,
  EventFilter,
  JobEvent,
  JobFact,
  JobId,
  JobOutput,
  JobSpec,
  JobView,
  LogChunk,
  LogRequest,
  OutputEntry,
  OutputRead,
  Returned,
  SessionId,
  SessionView,
} from "../../model/mod.ts";
import {
  allocationJob,
  clusterNameSchema,
  isFinal,
  jobSpecSchema,
  logRequestSchema,
  newJobId,
  outputReadSchema,
  sessionIdSchema,
  sessionOfAllocation,
  sessionSpecSchema,
  SluiceError,
} from "../../model/mod.ts";

interface FakeJob {
  view: JobView;
  readonly spec: JobSpec;
  readonly output: { stdout: Uint8Array; stderr: Uint8Array };
}

/** Name of the one cluster that the fake has. */
export const fakeCluster = clusterNameSchema.parse("dev");

/** A Sluice in memory. */
export class FakeSluice implements SluiceApi {
  readonly #jobs = new Map<JobId, FakeJob>();
  readonly #events: JobEvent[] = [];
  #changed = Promise.withResolvers<void>();

  /** Feeds that are open now. */
  openFeeds = 0;
  /** Waits that are open now. */
  openWaits = 0;
  /** What every function has returned once its job has ended. */
  returns: Returned | undefined;
  /** Thrown by the next `clusters.list`. */
  failure: unknown;
  /** Thrown by every feed after it has given everything that there is. */
  feedFailure: unknown;

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #job(id: JobId): FakeJob {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new SluiceError({
      code: "JOB_NOT_FOUND",
      message: `There is no job ${id}.`,
      next: "List the jobs with jobs.list.",
    });
  }

  #changes(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = () => {
      signal?.removeEventListener("abort", done);
      resolve();
    };
    signal?.addEventListener("abort", done);
    if (signal?.aborted === true) done();
    this.#changed.promise.then(done);
    return promise;
  }

  /** Records a fact and applies it to the job's view. */
  record(id: JobId, fact: JobFact): JobEvent {
    const job = this.#job(id);
    const event: JobEvent = {
      id: this.#events.length + 1,
      at: 1_700_000_000_000 + this.#events.length,
      index: this.#events.filter((past) => past.jobId === id).length + 1,
      cluster: fakeCluster,
      jobId: id,
      fact,
    };
    this.#events.push(event);
    const { view } = job;
    if (fact.type === "ended") {
      job.view = {
        ...view,
        phase: fact.phase,
        ...(fact.exitCode === undefined ? {} : { exitCode: fact.exitCode }),
        ...(fact.signal === undefined ? {} : { signal: fact.signal }),
        ...(fact.reason === undefined ? {} : { reason: fact.reason }),
      };
    } else if (fact.type === "running" || fact.type === "queued") {
      job.view = { ...view, phase: fact.type, state: fact.state, nodes: fact.nodes };
    }
    job.view = { ...job.view, events: event.index, updatedAt: event.at };
    this.#wake();
    return event;
  }

  /** Appends to an output of a job. */
  print(id: JobId, bytes: Uint8Array, stream: "stdout" | "stderr" = "stdout"): void {
    const { output } = this.#job(id);
    const whole = new Uint8Array(output[stream].length + bytes.length);
    whole.set(output[stream]);
    whole.set(bytes, output[stream].length);
    output[stream] = whole;
    this.#wake();
  }

  /** Ends a job. */
  end(id: JobId, exitCode = 0): void {
    this.record(id, {
      type: "ended",
      phase: exitCode === 0 ? "succeeded" : "failed",
      exitCode,
      nodes: [],
    });
  }

  readonly jobs: JobsApi = {
    submit: (input) => {
      const spec = jobSpecSchema.parse(input);
      const session = sessionIdSchema.safeParse(spec.session);
      const id = newJobId();
      const at = 1_700_000_000_000;
      this.#jobs.set(id, {
        spec,
        output: { stdout: new Uint8Array(), stderr: new Uint8Array() },
        view: {
          id,
          cluster: spec.cluster,
          name: spec.name,
          labels: spec.labels,
          phase: "accepted",
          nodes: [],
          restarts: 0,
          cancelRequested: false,
          directory: `~/.sluice/jobs/${id}`,
          attempt: 1,
          attempts: [],
          tries: 1,
          acceptedAt: at,
          updatedAt: at,
          events: 1,
          ...(session.success ? { session: session.data } : {}),
        },
      });
      this.record(id, { type: "accepted", spec, directory: `~/.sluice/jobs/${id}` });
      return Promise.resolve(this.#job(id).view);
    },
    submitMany: (specs, { defaults } = {}) =>
      Promise.all(
        specs.map((spec) =>
          this.jobs.submit(defaults === undefined ? spec : { ...spec, defaults })
        ),
      ),
    preview: (spec) =>
      Promise.resolve({
        commandLine: `sbatch --job-name=${spec.name}`,
        script: "#!/bin/sh\n",
        directory: "~/.sluice/jobs/preview",
      }),
    get: async (id) => {
      const { view, spec } = await Promise.resolve(this.#job(id));
      return { ...view, spec };
    },
    list: ({ limit, phases, session } = {}) =>
      Promise.resolve({
        jobs: [...this.#jobs.values()].map(({ view }) => view)
          .filter(({ phase }) => phases === undefined || phases.includes(phase))
          .filter((view) => session === undefined || view.session === session)
          .slice(0, limit),
      }),
    cancel: (id, how = {}) => {
      const { phase } = this.#job(id).view;
      if (isFinal(phase)) return Promise.resolve({ id, accepted: false, phase });
      this.record(id, { type: "cancel_requested", ...how });
      this.record(id, { type: "ended", phase: "cancelled", nodes: [] });
      return Promise.resolve({ id, accepted: true, phase });
    },
    wait: async (id, options = {}) => {
      this.openWaits++;
      try {
        while (!isFinal(this.#job(id).view.phase) && options.timeoutMs !== 0) {
          options.signal?.throwIfAborted();
          await this.#changes(options.signal);
        }
        return this.#job(id).view;
      } finally {
        this.openWaits--;
      }
    },
    events: (filter, options) => this.#feed(filter, options),
    logs: (request, options) => this.#logs(logRequestSchema.parse(request), options?.signal),
    result: async (id) => {
      const { phase, exitCode } = await this.jobs.get(id);
      if (!isFinal(phase)) {
        throw new SluiceError({
          code: "JOB_NOT_ENDED",
          message: `The job ${id} has not ended.`,
          next: "Wait for it with jobs.wait.",
          retryable: true,
        });
      }
      return {
        id,
        phase,
        outputBytes: {},
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(this.outputs === undefined ? {} : { outputs: this.outputs }),
      };
    },
    returned: async (id, { signal } = {}) => {
      const { phase, exitCode } = await this.jobs.wait(id, signal === undefined ? {} : { signal });
      signal?.throwIfAborted();
      return {
        id,
        phase,
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(this.returns === undefined ? {} : { returned: this.returns }),
      };
    },
    metrics: () => Promise.resolve({ source: "none", hints: [] }),
    fetch: () => Promise.reject(new Error("no test fetches")),
    output: (request, options) => this.#output(outputReadSchema.parse(request), options?.signal),
    outputEntries: (request) => {
      this.#job(request.jobId);
      return Promise.resolve(this.entries);
    },
  };

  /** What became of the outputs of every job. */
  outputs: JobOutput[] | undefined;
  /** What every output holds that is a directory. */
  entries: readonly OutputEntry[] = [];
  /** What every output, and every file in one, holds. */
  outputBytes: Uint8Array = new Uint8Array();

  async *#output(
    { jobId, offset }: OutputRead,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LogChunk> {
    this.#job(jobId);
    signal?.throwIfAborted();
    const bytes = this.outputBytes.subarray(offset);
    if (bytes.length > 0) yield await Promise.resolve({ offset, bytes });
  }

  async *#feed(filter: EventFilter, options: FeedOptions = {}): AsyncGenerator<JobEvent> {
    const { signal } = options;
    if (filter.jobId !== undefined) this.#job(filter.jobId);
    this.openFeeds++;
    try {
      let position = options.after ?? 0;
      while (signal?.aborted !== true) {
        const event = this.#events[position];
        if (event === undefined) {
          if (this.feedFailure !== undefined) throw this.feedFailure;
          if (filter.jobId !== undefined && isFinal(this.#job(filter.jobId).view.phase)) return;
          await this.#changes(signal);
          continue;
        }
        position = event.id;
        if (filter.jobId === undefined || filter.jobId === event.jobId) yield event;
      }
    } finally {
      this.openFeeds--;
    }
  }

  async *#logs(request: LogRequest, signal: AbortSignal | undefined): AsyncGenerator<LogChunk> {
    this.openFeeds++;
    try {
      let { offset } = request;
      while (signal?.aborted !== true) {
        const { view, output } = this.#job(request.jobId);
        const bytes = output[request.stream].subarray(offset);
        if (bytes.length > 0) {
          yield { offset, bytes };
          offset += bytes.length;
        } else if (isFinal(view.phase) || !request.follow) {
          return;
        } else {
          await this.#changes(signal);
        }
      }
    } finally {
      this.openFeeds--;
    }
  }

  readonly #sessions = new Map<SessionId, SessionView>();

  #session(id: SessionId): SessionView {
    const session = this.#sessions.get(id);
    if (session !== undefined) return session;
    throw new SluiceError({
      code: "SESSION_NOT_FOUND",
      message: `There is no session ${id}.`,
      next: "List the sessions with sessions.list.",
    });
  }

  /** Changes how a session stands. */
  change(id: SessionId, changes: Partial<SessionView>): SessionView {
    const session = { ...this.#session(id), ...changes };
    this.#sessions.set(id, session);
    return session;
  }

  readonly sessions: SessionsApi = {
    open: async (input) => {
      const { cluster, name, labels, resources, options: _, idempotencyKey: __, ...terms } =
        sessionSpecSchema.parse(input);
      const payload = { kind: "allocation", ...terms } as const;
      const job = await this.jobs.submit({ cluster, name, labels, resources, payload });
      const session: SessionView = {
        id: sessionOfAllocation(job.id),
        cluster,
        name,
        labels,
        status: "opening",
        phase: "queued",
        nodes: [],
        failedNodes: [],
        steps: { waiting: 0, running: 0, ended: 0 },
        clusters: [],
        maxConcurrent: terms.maxConcurrent,
        openedAt: job.acceptedAt,
      };
      this.#sessions.set(session.id, session);
      return session;
    },
    hold: () => Promise.reject(new Error("nobody above holds sessions in this process")),
    get: (id) => Promise.try(() => this.#session(id)),
    list: ({ live = true } = {}) =>
      Promise.resolve(
        [...this.#sessions.values()].filter(({ status }) => !live || status !== "closed"),
      ),
    close: (id, { drain = true } = {}) =>
      Promise.try(() => {
        this.record(allocationJob(id), { type: "session_closing", reason: "asked", drain });
        return this.change(id, { status: "closing", closeReason: "asked" });
      }),
    renew: (id) => Promise.try(() => this.#session(id)),
    events: (id, options) => this.#feed({ jobId: allocationJob(this.#session(id).id) }, options),
  };

  readonly clusters: ClustersApi = {
    list: async () => {
      if (this.failure !== undefined) throw this.failure;
      return [await this.clusters.get(fakeCluster)];
    },
    get: (name) => {
      const view: ClusterView = {
        name,
        type: "slurm",
        host: "login.example.org",
        link: { status: "up", since: 1_700_000_000_000 },
        submissions: { status: "open", waiting: 0 },
        isolatedJobs: [],
        liveJobs: [...this.#jobs.values()].filter(({ view }) => !isFinal(view.phase)).length,
      };
      return Promise.resolve(view);
    },
    resume: (name) => this.clusters.get(name),
    probe: (name) =>
      Promise.resolve({
        name,
        scheduler: "slurm 22.05.8",
        roundTripMs: 1,
        accounting: true,
        partitions: [],
        freeBytes: 1_000_000,
      }),
    events: async function* (_filter, options) {
      yield await Promise.resolve({
        id: (options?.after ?? 0) + 1,
        at: 1_700_000_000_000,
        index: 1,
        cluster: fakeCluster,
        fact: { type: "link_up" as const },
      });
    },
  };

  readonly system: SystemApi = {
    health: () =>
      Promise.resolve({ ok: true, journal: true, clusters: [{ name: fakeCluster, up: true }] }),
    version: () => ({ sluice: "0.1.0", deno: Deno.version.deno }),
    tree: (): ActorView => ({
      name: "root",
      status: "running",
      mailbox: 0,
      restarts: 0,
      ageMs: 1,
      children: [
        { name: "journal", status: "running", mailbox: 0, restarts: 0, ageMs: 1, children: [] },
      ],
    }),
    deadLetters: (): readonly DeadLetterView[] => [],
    metrics: () => Promise.resolve({ jobs: this.#jobs.size }),
  };
}
