/**
 * A Slurm that exists in memory only: it has a truth of its own, and tells it as a real one does, late, in
 * part or not at all.
 *
 * @module
 */

import type {
  AttemptId,
  ClusterProbe,
  FinalPhase,
  JobMetrics,
  RetryOutcome,
  SignalName,
} from "../../model/mod.ts";
import { schedulerIdSchema, SluiceError } from "../../model/mod.ts";
import type { SchedulerId } from "../../model/mod.ts";
import type {
  Cancellation,
  GivenUp,
  Observation,
  RunRecord,
  Scheduler,
  SessionSighting,
  Sighting,
  Submission,
  SubmitOutcome,
  Watched,
} from "../../schedulers/mod.ts";
import type { Clock } from "../kernel/mod.ts";

/** How a job or a task of it truly ended. */
export interface TrueEnd {
  readonly phase: FinalPhase;
  readonly state: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly startedAt?: number;
  readonly endedAt: number;
  /** Whether it ended of itself, so that its script could leave a record that says how. */
  readonly recorded: boolean;
  /** Whether a signal ended it that somebody had asked for. */
  readonly onRequest: boolean;
  /** The word of a retry policy for it. */
  readonly outcome: RetryOutcome | undefined;
}

/** What a test can have happen to a job that runs. */
export type Fate =
  | "exit 0"
  | "exit 1"
  | "exit 3"
  | "time limit"
  | "out of memory"
  | "preempted"
  | "preempted and put back"
  | "node failed"
  | "node failed and put back"
  | "put back"
  | "cancelled by its owner";

/** What a payload does when it gets a signal. */
export type Reaction = "dies" | "exits with its number" | "exits 0" | "exits 3" | "ignores it";

/** What becomes of a call. */
export interface CallFate {
  /** When the answer comes, in ms; what is asked for is done halfway, and the queue read at one end. */
  readonly delayMs: number;
  /** Whether it is done and answered; by a defect, the call itself throws. */
  readonly result: "done" | "done, answer lost" | "not done" | "postponed" | "defect";
  /** Whether a poll sees what there is when it is asked, or when it is answered. */
  readonly seesEarly: boolean;
}

/** A job that is no array, or one task of one, as Slurm has it. */
export class Part {
  restarts = 0;
  startedAt: number | undefined;
  /** Its last end; `undefined` while it waits or runs. */
  end: TrueEnd | undefined;
  /** Whether it will be back in the queue in a moment. */
  comesBack = false;
  /** Whether the queue has forgotten it. */
  forgotten = false;
  /** Whether Slurm has lost it, and all that it knew of it. */
  lost = false;
  /** Whether it was given up before it began, so that its script runs nothing. */
  givenUp = false;
  /** How often it was started. */
  starts = 0;
  /** The exit codes that its script wrote, with the number of restarts before the run. */
  readonly written: (readonly [restart: number, exitCode: number])[] = [];
  /** Whether a signal on request has reached it in its present run. */
  signalled = false;
  /** How many signals on request have reached it. */
  signals = 0;

  constructor(
    readonly attemptId: AttemptId,
    readonly schedulerId: SchedulerId,
    readonly task: number | undefined,
  ) {}

  /** Whether it holds resources. */
  get runs(): boolean {
    return this.end === undefined && this.startedAt !== undefined;
  }

  /** Whether it waits. */
  get waits(): boolean {
    return this.end === undefined && this.startedAt === undefined;
  }

  /** Whether it has ended for good. */
  get over(): boolean {
    return this.end !== undefined && !this.comesBack;
  }
}

const numbers: Partial<Record<SignalName, number>> = { INT: 2, USR1: 10, TERM: 15 };

/** How long the queue does not tell that a job is to be put back, in ms. */
const LIMBO_MS = 8_000;
/** How long a job takes to end when Slurm ends it, in ms. */
const KILL_MS = 2_000;

const lost = () =>
  new SluiceError({ code: "LINK_LOST", message: "Cut.", next: "Wait.", retryable: true });

/** Numbers of an array's tasks: `0-2,7%2`. */
export function arrayNumbers(array: string): number[] {
  return array.replace(/%\d+$/, "").split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Wrong behaviours that a test of the test can switch on. */
export interface SlurmDefects {
  /** A submission is carried out again although the job is there. */
  readonly submitsTwice?: boolean;
  /** A preempted job is told of as if it could not come back. */
  readonly hidesReturn?: boolean;
  /** Requests to end jobs are taken and forgotten. */
  readonly ignoresCancels?: boolean;
  /** What is given up is said never to begin although it has begun. */
  readonly deniesBeginning?: boolean;
}

/** A Slurm with a truth of its own. */
export class SimulatedSlurm implements Scheduler {
  /** Everything that was ever submitted. */
  readonly parts: Part[] = [];
  /** How often each attempt was submitted. */
  readonly submissions = new Map<AttemptId, number>();
  /** The array that was asked for with each attempt. */
  readonly arrays = new Map<AttemptId, string | undefined>();
  /** Lines that scripts have written and nobody has read. */
  readonly lines: RunRecord[] = [];
  /** What becomes of the next calls; empty: all are done at once. */
  fates: CallFate[] = [];
  accountingAnswers = true;
  /** How long accounting takes to learn of an end, in ms. */
  accountingLagMs = 0;
  reaction: Reaction = "dies";
  /** Whether the next submission that gets through is refused. */
  refuses = false;
  /** Attempts that were refused. */
  readonly refused = new Set<AttemptId>();
  #ids = 11;

  constructor(private readonly clock: Clock, private readonly defects: SlurmDefects = {}) {}

  /** Those of which the choice is, the same for the same number. */
  pick(parts: readonly Part[], choice: number): Part | undefined {
    return parts.length === 0 ? undefined : parts[choice % parts.length];
  }

  /**
   * Slurm's controller is killed before it has saved what it knows: it loses what has begun, or what has not.
   * What runs is ended once its node reports a job that the controller does not know.
   */
  lose(begun: boolean): void {
    for (const part of this.parts) {
      if (part.over || part.lost || (part.starts > 0) !== begun) continue;
      part.lost = true;
      part.comesBack = false;
      if (begun) this.#end(part, { phase: "failed", state: "LOST" });
    }
  }

  /** Starts a job that waits; one that Slurm has lost is on its way to a node, which soon ends it. */
  start(part: Part): void {
    if (part.givenUp) return;
    part.startedAt = this.clock.now();
    part.signalled = false;
    part.starts += 1;
    this.lines.push({
      ...this.#line(part),
      kind: "start",
      at: part.startedAt,
    });
    if (part.lost) this.#kill(part, "failed", "LOST", undefined, true);
  }

  /** Has something happen to a job that runs. */
  befall(part: Part, fate: Fate): void {
    switch (fate) {
      case "exit 0":
        return this.#exit(part, 0);
      case "exit 1":
        return this.#exit(part, 1);
      case "exit 3":
        return this.#exit(part, 3);
      case "time limit":
        return this.#kill(part, "timed_out", "TIMEOUT", "timed_out", true);
      case "out of memory":
        return this.#kill(part, "failed", "OUT_OF_MEMORY", "out_of_memory", true);
      case "preempted":
        return this.#kill(part, "failed", "PREEMPTED", "preempted", true);
      case "node failed":
        return this.#kill(part, "failed", "NODE_FAIL", "node_failed", false);
      case "cancelled by its owner":
        return this.#kill(part, "cancelled", "CANCELLED", undefined, true);
      case "preempted and put back":
        this.#kill(part, "failed", "PREEMPTED", "preempted", true);
        return this.#putBackSoon(part);
      case "node failed and put back":
        this.#kill(part, "failed", "NODE_FAIL", "node_failed", false);
        return this.#putBackSoon(part);
      case "put back":
        return this.#putBack(part);
    }
  }

  submit(batch: readonly Submission[]): Promise<readonly SubmitOutcome[]> {
    return this.#submitAll(batch, this.#fate());
  }

  observe(watched: readonly Watched[]): Promise<readonly Observation[]> {
    return this.#observeAll(watched, this.#fate());
  }

  cancel(cancellations: readonly Cancellation[]): Promise<void> {
    return this.#cancelAll(cancellations, this.#fate());
  }

  giveUp(watched: readonly Watched[]): Promise<readonly GivenUp[]> {
    return this.#giveUpAll(watched, this.#fate());
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
  inspect(): Promise<readonly SessionSighting[]> {
    return Promise.resolve([]);
  }

  closeSession(): Promise<void> {
    return Promise.resolve();
  }

  probe(): Promise<Omit<ClusterProbe, "name">> {
    return Promise.reject(new Error("nobody probes"));
  }
  metrics(): Promise<JobMetrics> {
    return Promise.resolve({ source: "none", hints: [] });
  }
  spoolCommand(): string {
    return "";
  }

  #fate(): CallFate {
    const fate = this.fates.shift() ?? { delayMs: 0, result: "done", seesEarly: true };
    if (fate.result === "defect") throw new TypeError("a defect");
    return fate;
  }

  async #submitAll(
    batch: readonly Submission[],
    { delayMs, result, seesEarly }: CallFate,
  ): Promise<readonly SubmitOutcome[]> {
    const there = new Set(this.parts.map(({ attemptId }) => attemptId));
    await this.#wait(delayMs / 2);
    const postponed = (maybeSent: boolean): readonly SubmitOutcome[] =>
      batch.map(({ attemptId }) => ({ kind: "postponed", attemptId, error: lost(), maybeSent }));
    if (result === "not done") throw lost();
    if (result === "postponed") return postponed(false);
    const outcomes = batch.map((submission) =>
      // Two that are under way at once meet at a lock; what is there already must be looked for.
      this.#submit(submission, submission.recheck || !there.has(submission.attemptId))
    );
    await this.#wait(delayMs / 2);
    if (result === "done") return outcomes;
    if (seesEarly) return postponed(true);
    throw lost();
  }

  async #observeAll(
    watched: readonly Watched[],
    { delayMs, result, seesEarly }: CallFate,
  ): Promise<readonly Observation[]> {
    const early = this.#observe(watched);
    await this.#wait(delayMs);
    if (result !== "done") throw lost();
    return seesEarly ? early : this.#observe(watched);
  }

  async #cancelAll(
    cancellations: readonly Cancellation[],
    { delayMs, result }: CallFate,
  ): Promise<void> {
    await this.#wait(delayMs / 2);
    if (result === "not done" || result === "postponed") throw lost();
    if (this.defects.ignoresCancels !== true) {
      for (const cancellation of cancellations) this.#cancel(cancellation);
    }
    await this.#wait(delayMs / 2);
    if (result !== "done") throw lost();
  }

  async #giveUpAll(
    watched: readonly Watched[],
    { delayMs, result }: CallFate,
  ): Promise<readonly GivenUp[]> {
    await this.#wait(delayMs / 2);
    if (result === "not done" || result === "postponed") throw lost();
    const given = watched.flatMap(({ attemptId, tasks }) =>
      (tasks ?? [undefined]).map((task): GivenUp => {
        const begun = this.#giveUp(attemptId, task);
        return task === undefined ? { attemptId, begun } : { attemptId, task, begun };
      })
    );
    await this.#wait(delayMs / 2);
    if (result !== "done") throw lost();
    return given;
  }

  /** Whether it has begun; if not, it never will. */
  #giveUp(attemptId: AttemptId, task: number | undefined): boolean {
    const part = this.parts.find((one) => one.attemptId === attemptId && one.task === task);
    if (part === undefined) return false;
    if (part.starts > 0 && this.defects.deniesBeginning !== true) return true;
    part.givenUp = true;
    if (part.waits) this.#end(part, { phase: "failed", state: "LOST" });
    return false;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }

  #line({ attemptId, task, restarts }: Part) {
    return { attemptId, ...(task === undefined ? {} : { task }), restart: restarts };
  }

  #submit({ attemptId, spec }: Submission, looks: boolean): SubmitOutcome {
    const error = () => new SluiceError({ code: "REFUSED", message: "No.", next: "Ask." });
    if (this.refused.has(attemptId)) return { kind: "rejected", attemptId, error: error() };
    const there = this.parts.find((part) => part.attemptId === attemptId);
    if (there !== undefined && looks && this.defects.submitsTwice !== true) {
      return { kind: "submitted", attemptId, schedulerId: there.schedulerId };
    }
    if (this.refuses && there === undefined) {
      this.refuses = false;
      this.refused.add(attemptId);
      return { kind: "rejected", attemptId, error: error() };
    }
    const schedulerId = schedulerIdSchema.parse(`${++this.#ids}`);
    const { array } = spec.resources;
    this.submissions.set(attemptId, (this.submissions.get(attemptId) ?? 0) + 1);
    this.arrays.set(attemptId, array);
    const tasks = array === undefined ? [undefined] : arrayNumbers(array);
    for (const task of tasks) this.parts.push(new Part(attemptId, schedulerId, task));
    return { kind: "submitted", attemptId, schedulerId };
  }

  #observe(watched: readonly Watched[]): Observation[] {
    return watched.flatMap(({ attemptId, schedulerId, tasks }) =>
      (tasks ?? [undefined]).map((task): Observation => {
        const part = this.parts.find((one) =>
          one.attemptId === attemptId && one.schedulerId === schedulerId && one.task === task
        );
        const sighting = this.#sighting(part);
        return task === undefined ? { attemptId, sighting } : { attemptId, task, sighting };
      })
    );
  }

  #sighting(part: Part | undefined): Sighting {
    const missing: Sighting = {
      kind: "missing",
      reason: { code: "LeftQueue", text: "Gone." },
      ...(this.accountingAnswers ? { lost: true } : {}),
    };
    if (part === undefined || part.lost) {
      return this.accountingAnswers ? { ...missing, lost: true } : missing;
    }
    const { end, restarts, startedAt } = part;
    if (part.waits) return { kind: "waiting", state: "PENDING", restarts };
    if (end === undefined) {
      return {
        kind: "active",
        state: "RUNNING",
        nodes: ["n1"],
        restarts,
        ...(startedAt === undefined ? {} : { startedAt }),
      };
    }
    const accounted = this.accountingAnswers &&
      this.clock.now() >= end.endedAt + this.accountingLagMs;
    if (part.forgotten && !accounted && !end.recorded) return missing;
    const { phase, state, exitCode, signal, endedAt } = end;
    const mayReturn = (state === "PREEMPTED" || state === "NODE_FAIL") &&
      this.defects.hidesReturn !== true;
    return {
      kind: "ended",
      phase,
      state,
      nodes: [],
      endedAt,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
      ...(end.startedAt === undefined ? {} : { startedAt: end.startedAt }),
      ...(mayReturn ? { mayReturn } : {}),
    };
  }

  #cancel({ attemptId, task, means }: Cancellation): void {
    const parts = this.parts.filter((part) =>
      part.attemptId === attemptId && (task === undefined || part.task === task) && !part.over &&
      !part.lost
    );
    for (const part of parts) {
      if (means.kind === "signal") {
        if (part.runs) this.#signal(part, numbers[means.signal] ?? 9);
      } else if (part.waits || (part.comesBack && means.kind === "end")) {
        part.comesBack = false;
        this.#end(part, { phase: "cancelled", state: "CANCELLED" });
      } else if (means.kind === "end") {
        const run = part.restarts;
        this.clock.setTimeout(() => {
          if (part.runs && part.restarts === run) {
            this.#kill(part, "cancelled", "CANCELLED", undefined, true);
          }
        }, KILL_MS);
      }
    }
  }

  #signal(part: Part, signal: number): void {
    part.signalled = true;
    part.signals += 1;
    const died = { phase: "failed", state: "FAILED", onRequest: true, outcome: "failed" } as const;
    switch (this.reaction) {
      case "dies":
        return this.#end(part, { ...died, signal });
      case "exits with its number":
        this.#writeEnd(part, 128 + signal);
        return this.#end(part, { ...died, exitCode: 128 + signal });
      case "exits 0":
        return this.#exit(part, 0);
      case "exits 3":
        return this.#exit(part, 3);
      case "ignores it":
        return;
    }
  }

  #exit(part: Part, exitCode: number): void {
    this.#writeEnd(part, exitCode);
    // A record of a script that a signal has reached does not tell why it ended.
    const recorded = !part.signalled;
    this.#end(
      part,
      exitCode === 0
        ? { phase: "succeeded", state: "COMPLETED", exitCode, recorded }
        : { phase: "failed", state: "FAILED", exitCode, recorded, outcome: "failed" },
    );
  }

  #kill(
    part: Part,
    phase: FinalPhase,
    state: string,
    outcome: RetryOutcome | undefined,
    scriptEnds: boolean,
  ): void {
    if (scriptEnds) this.#writeEnd(part, 143);
    this.#end(part, { phase, state, outcome });
  }

  #writeEnd(part: Part, exitCode: number): void {
    part.written.push([part.restarts, exitCode]);
    this.lines.push({ ...this.#line(part), kind: "end", exitCode });
  }

  #end(part: Part, end: Partial<TrueEnd> & Pick<TrueEnd, "phase" | "state">): void {
    part.end = {
      recorded: false,
      onRequest: false,
      outcome: undefined,
      endedAt: this.clock.now(),
      ...(part.startedAt === undefined ? {} : { startedAt: part.startedAt }),
      ...end,
    };
  }

  #putBackSoon(part: Part): void {
    part.comesBack = true;
    this.clock.setTimeout(() => {
      if (part.comesBack) this.#putBack(part);
    }, LIMBO_MS);
  }

  #putBack(part: Part): void {
    part.comesBack = false;
    part.end = undefined;
    part.startedAt = undefined;
    part.restarts += 1;
  }
}
