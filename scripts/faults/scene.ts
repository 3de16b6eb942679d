/**
 * The jobs of one fault: submitted, followed, cancelled and judged.
 *
 * @module
 */

import { clientErrorInfo, jobEvents, jobLogs } from "@sluice/sluice/client";
import type { JobEvent, JobSpecInput, JobView, LogChunk } from "../../model/mod.ts";
import type { Chance } from "./chance.ts";
import { chanceOf, partSeed } from "./chance.ts";
import { Reading } from "./feed.ts";
import type { Finding } from "./judge.ts";
import { judgeJobs } from "./judge.ts";
import { judgeEvents, judgeOutput } from "./judge_feed.ts";
import type { Kind, KindName } from "./kinds.ts";
import { arrayOf, kindNamed, scriptOf } from "./kinds.ts";
import { sluiceIdOf } from "./records.ts";
import type { Lane } from "./through_proxies.ts";
import { toldEvent, wholeOutput } from "./told.ts";
import { pause, until } from "./waiting.ts";
import type { World } from "./world.ts";

/** Longest time in ms that a submission or a cancellation is repeated, while the server may be killed again and again. */
const CALL_DEADLINE_MS = 600_000;
/** Longest time in ms that one call is waited for. */
const CALL_MS = 15_000;
/** Longest time in ms that jobs may take to end once nothing is broken any more. */
const END_DEADLINE_MS = 300_000;
/** Longest time in ms that feeds may take to catch up once all jobs have ended. */
const FEED_DEADLINE_MS = 120_000;

/** A job that was to be submitted. */
export interface Submission {
  readonly token: string;
  readonly kind: Kind;
  /** Every id that a call to submit it was answered with. */
  readonly ids: Set<string>;
}

/** Where and how jobs are submitted. */
export interface SubmitOptions {
  /** The gate at which jobs wait that run across the fault. */
  readonly gate: string;
  /** Clusters to draw from. Default: all but the one on the small disk. */
  readonly clusters?: readonly string[];
  /** Whether the output of some is followed. Default: `true`. */
  readonly follow?: boolean;
}

/** See the module. */
export class Scene implements AsyncDisposable {
  /** Everything that was to be submitted. */
  readonly submissions: Submission[] = [];
  /** How often a call failed, by the code of the error. */
  readonly failures = new Map<string, number>();
  readonly #submitting: Promise<unknown>[] = [];
  readonly #outputs = new Map<string, Reading<LogChunk>>();
  readonly #seed: number;

  /** Begins with no job. */
  constructor(
    /** What it plays in. */
    readonly world: World,
    /** Name of the fault. */
    readonly fault: string,
    seed: number,
  ) {
    this.#seed = partSeed(seed, fault);
  }

  /** Ends the run. */
  get signal(): AbortSignal {
    return this.world.settings.signal;
  }

  /** The draws of one part of the fault, the same whatever other parts draw meanwhile. */
  chance(part: string): Chance {
    return chanceOf(partSeed(this.#seed, part));
  }

  /** See {@linkcode pause}. */
  pause(milliseconds: number): Promise<void> {
    return pause(milliseconds, this.signal);
  }

  /** Tells whoever watches. */
  say(text: string): void {
    this.world.settings.progress(`${this.fault}: ${text}`);
  }

  /**
   * Submits jobs of these kinds, in one call or one by one, each under a key of its own and again until
   * it is answered; those that are to be cancelled are. Resolves when all are accepted.
   */
  async submit(kinds: readonly KindName[], options: SubmitOptions): Promise<readonly Submission[]> {
    const made = kinds.map((name) => {
      const token = `${this.fault}-${this.#seed.toString(36)}-${this.submissions.length}`;
      const submission = { token, kind: kindNamed(name), ids: new Set<string>() };
      this.submissions.push(submission);
      return submission;
    });
    const chance = this.chance(`submit ${made[0]?.token}`);
    if (made.length > 1 && chance.below(2) === 0) {
      const jobs = made.map((each) => this.#spec(each, options));
      const views = await this.#insist(
        "submitMany",
        (signal) => this.world.client.jobs.submitMany.mutate({ jobs }, { signal }),
      );
      made.forEach((each, index) => this.#accepted(each, views?.[index], options));
    } else {
      await Promise.all(made.map((each) => this.#submitOne(each, options)));
    }
    await Promise.all(made.map((each) => this.#afterwards(each, options)));
    return made;
  }

  /** Submits jobs while something else goes on; {@linkcode Scene.allSubmitted} waits for them. */
  submitMeanwhile(kinds: readonly KindName[], options: SubmitOptions): void {
    const submitting = this.submit(kinds, options);
    // Whoever waits gets the error; until then nobody else must.
    submitting.catch(() => {});
    this.#submitting.push(submitting);
  }

  /** Resolves when all are accepted that are submitted meanwhile. */
  async allSubmitted(): Promise<void> {
    await Promise.all(this.#submitting.splice(0));
  }

  /**
   * Has Sluice connect now rather than when it would by itself, as somebody does who does not want to wait;
   * resolves when it has, or cannot.
   */
  async connect(lanes: readonly Lane[] = this.world.allLanes): Promise<void> {
    const { clusters } = this.world.client;
    // Sluice takes a moment to notice what was cut.
    await this.pause(50);
    await Promise.all(lanes.map(({ cluster: name }) =>
      until(async () => {
        const signal = AbortSignal.timeout(CALL_MS);
        const view = await clusters.get.query({ name }, { signal }).catch(() => undefined);
        if (view?.link.status === "up") return true;
        // What matters is the connection: it may be gone again before the probe has its answer.
        if (view?.link.status === "lost") {
          await clusters.probe.mutate({ name }, { signal }).catch(() => {});
        }
        return false;
      }, { signal: this.signal, deadlineMs: CALL_MS, everyMs: 50 })
    ));
  }

  /** Waits until all jobs have ended; after a generous time it is left to the judge that some have not. */
  async allEnded(jobs: readonly Submission[] = this.submissions): Promise<void> {
    const ids = jobs.flatMap((each) => [...each.ids]);
    const { client } = this.world;
    const phases = ["accepted", "staging", "submitting", "queued", "running"] as const;
    const ended = await until(async () => {
      const page = await client.jobs.list.query({ phases: [...phases], limit: 1000 }, {
        signal: AbortSignal.timeout(CALL_MS),
      }).catch(() => undefined);
      const live = new Set<string>(page?.jobs.map(({ id }) => id));
      return page !== undefined && !ids.some((id) => live.has(id));
    }, { signal: this.signal, deadlineMs: END_DEADLINE_MS, everyMs: 200 });
    if (ended) return;
    for (const { token, ids: [id = ""] } of jobs) {
      const view = await this.#shown(id);
      if (view !== undefined && phases.some((phase) => phase === view.phase)) {
        this.say(`${token} does not end: ${JSON.stringify(view)}`);
      }
    }
    const clusters = await this.#insist(
      "clusters",
      (signal) => client.clusters.list.query(undefined, { signal }),
    );
    this.say(JSON.stringify(clusters));
  }

  /** Tokens of these jobs that have started, with the Slurm id of the last start. */
  async startedAs(jobs: readonly Submission[]): Promise<Map<string, string>> {
    const tokens = new Set(jobs.map(({ token }) => token));
    const starts = await this.world.cluster.starts();
    return new Map(
      starts.filter(({ token }) => tokens.has(token)).map(({ token, slurmId }) => [token, slurmId]),
    );
  }

  /** Judges everything that was submitted, once all has ended. */
  async judge(): Promise<Finding[]> {
    const views = new Map<string, JobView | undefined>();
    await Promise.all(
      this.submissions.flatMap(({ ids }) => [...ids]).map(async (id) =>
        views.set(id, await this.#shown(id))
      ),
    );
    const counts = new Map(
      [...views].flatMap(([id, view]) => view === undefined ? [] : [[id, view.events] as const]),
    );
    const replay = await this.#replay(counts);
    const accepted = Map.groupBy(
      replay.filter(({ fact }) => fact.type === "accepted"),
      ({ fact }) => fact.type === "accepted" ? fact.spec.labels["token"] ?? "" : "",
    );
    const jobs = this.submissions.map(({ token, kind, ids: [...answered] }) => {
      const [id = ""] = answered;
      return {
        token,
        kind,
        answered,
        accepted: (accepted.get(token) ?? []).map(({ jobId }) => jobId),
        shown: views.get(id),
      };
    });
    const submitted = [...views].filter(([, view]) => view?.schedulerId !== undefined);
    const slurm = await this.#slurmRecords(new Set(submitted.map(([id]) => id)));
    const starts = await this.world.cluster.starts();
    return [
      ...judgeJobs({ jobs, starts, slurm }),
      ...await this.#judgeEvents(replay, counts),
      ...await this.#judgeOutputs(views),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const output of this.#outputs.values()) await output[Symbol.asyncDispose]();
  }

  #spec({ token, kind }: Submission, options: SubmitOptions): JobSpecInput {
    const { cluster, lanes } = this.world;
    const clusters = options.clusters ?? lanes.map((lane) => lane.cluster);
    const array = arrayOf(kind);
    const script = scriptOf(kind, {
      token,
      starts: cluster.startsPath,
      gate: cluster.gatePath(options.gate),
    });
    return {
      cluster: this.chance(`cluster ${token}`).pick(clusters) ?? "",
      name: token,
      payload: { kind: "script", script },
      resources: {
        cpusPerTask: 1,
        memory: 50,
        time: 10,
        ...(array === undefined ? {} : { array }),
      },
      options: { requeue: true },
      labels: { token },
      idempotencyKey: token,
    };
  }

  async #submitOne(submission: Submission, options: SubmitOptions): Promise<void> {
    const chance = this.chance(`one ${submission.token}`);
    await this.pause(chance.below(300));
    const spec = this.#spec(submission, options);
    const view = await this.#insist(
      "submit",
      (signal) => this.world.client.jobs.submit.mutate(spec, { signal }),
    );
    this.#accepted(submission, view, options);
  }

  #accepted(submission: Submission, view: JobView | undefined, options: SubmitOptions): void {
    if (view === undefined) return;
    submission.ids.add(view.id);
    const { token, kind } = submission;
    const followed = options.follow !== false && kind.tasks === undefined &&
      !this.#outputs.has(token) && this.chance(`follow ${token}`).below(3) === 0;
    if (!followed) return;
    const { client } = this.world;
    const jobId = view.id;
    this.#outputs.set(token, new Reading((signal) => jobLogs(client, { jobId }, { signal })));
  }

  /** What comes after a job was accepted: some are submitted once more, some are cancelled. */
  async #afterwards(submission: Submission, options: SubmitOptions): Promise<void> {
    const [id] = submission.ids;
    if (id === undefined) return;
    const { client } = this.world;
    const chance = this.chance(`afterwards ${submission.token}`);
    if (submission.kind.name === "cancelled") {
      await this.pause(chance.below(2_000));
      await this.#insist("cancel", (signal) => client.jobs.cancel.mutate({ id }, { signal }));
    }
    if (chance.below(4) > 0) return;
    const spec = this.#spec(submission, options);
    const again = await this.#insist(
      "submit again",
      (signal) => client.jobs.submit.mutate(spec, { signal }),
    );
    this.#accepted(submission, again, options);
  }

  /** Calls until there is an answer, whatever goes wrong meanwhile; `undefined` where none ever came. */
  async #insist<Answer>(
    what: string,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const deadline = performance.now() + CALL_DEADLINE_MS;
    for (;;) {
      try {
        return await call(AbortSignal.any([this.signal, AbortSignal.timeout(CALL_MS)]));
      } catch (error) {
        this.signal.throwIfAborted();
        const { code, message, retryable } = clientErrorInfo(error);
        this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
        const told = this.failures.get(code) === 1;
        if (!retryable && told) this.say(`${what} was refused: ${code}: ${message}`);
        if (performance.now() > deadline) {
          this.say(`${what} was given up: ${code}: ${message}`);
          return undefined;
        }
        await this.pause(100);
      }
    }
  }

  /** A job as Sluice shows it; `undefined` where Sluice does not know it. */
  async #shown(id: string): Promise<JobView | undefined> {
    const { client } = this.world;
    return await this.#insist("get", async (signal) => {
      try {
        return await client.jobs.get.query({ id }, { signal });
      } catch (error) {
        if (clientErrorInfo(error).code === "JOB_NOT_FOUND") return undefined;
        throw error;
      }
    });
  }

  /** The whole history from its start, of which the events of these jobs are kept. */
  async #replay(counts: ReadonlyMap<string, number>): Promise<JobEvent[]> {
    const { client } = this.world;
    const expected = counts.values().reduce((sum, count) => sum + count, 0);
    const tokens = new Set(this.submissions.map(({ token }) => token));
    const own: JobEvent[] = [];
    const ids = new Set<string>(counts.keys());
    let seen = 0;
    await using reading = new Reading((signal) => jobEvents(client, {}, { signal }));
    const whole = await until(() => {
      for (; seen < reading.items.length; seen++) {
        const event = reading.items[seen];
        if (event === undefined) break;
        const { fact, jobId } = event;
        // A job that nobody was told of, but that was accepted for one of the submissions, belongs here.
        if (fact.type === "accepted" && tokens.has(fact.spec.labels["token"] ?? "")) ids.add(jobId);
        if (ids.has(jobId)) own.push(event);
      }
      return own.length >= expected;
    }, { signal: this.signal, deadlineMs: FEED_DEADLINE_MS });
    if (!whole) this.say(`the replay brought ${own.length} of ${expected} events`);
    if (reading.error !== undefined) this.say(`the replay broke: ${reading.error}`);
    return own;
  }

  async #judgeEvents(
    replay: readonly JobEvent[],
    counts: ReadonlyMap<string, number>,
  ): Promise<Finding[]> {
    const { events } = this.world;
    const last = replay.at(-1)?.id ?? 0;
    const ids = new Set<string>(replay.map(({ jobId }) => jobId));
    await until(() => (events.items.at(-1)?.id ?? 0) >= last, {
      signal: this.signal,
      deadlineMs: FEED_DEADLINE_MS,
    });
    const live = events.items.filter(({ jobId, id }) => ids.has(jobId) && id <= last);
    const broke: Finding[] = events.error === undefined && !events.ended ? [] : [
      {
        wrong: "eventsMissed",
        subject: "feed",
        text: `the feed of all events broke: ${events.error ?? "it ended"}`,
      },
    ];
    return [
      ...broke,
      ...judgeEvents({ live: live.map(toldEvent), replay: replay.map(toldEvent), counts }),
    ];
  }

  async #judgeOutputs(views: ReadonlyMap<string, JobView | undefined>): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const { token, ids: [id = ""] } of this.submissions) {
      const output = this.#outputs.get(token);
      const view = views.get(id);
      if (output === undefined || view === undefined) continue;
      await until(() => output.ended || output.error !== undefined, {
        signal: this.signal,
        deadlineMs: FEED_DEADLINE_MS,
      });
      findings.push(...judgeOutput({
        subject: token,
        told: wholeOutput(output.items),
        error: output.error,
        ended: output.ended,
        file: await this.world.cluster.file(`${view.directory}/stdout`),
      }));
    }
    return findings;
  }

  /** What Slurm tells, once its accounting has caught up with all of these jobs. */
  async #slurmRecords(ids: ReadonlySet<string>) {
    const { cluster } = this.world;
    let records = await cluster.slurmRecords();
    await until(async () => {
      records = await cluster.slurmRecords();
      const known = new Set(records.map(({ comment }) => sluiceIdOf(comment)));
      return [...ids].every((id) => known.has(id));
    }, { signal: this.signal, deadlineMs: 10_000, everyMs: 500 });
    return records;
  }
}
