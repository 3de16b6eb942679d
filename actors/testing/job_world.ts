/**
 * One job with everything that it works with, on a simulated Slurm: the real actors and a real journal,
 * every step checked against the laws of jobs and against what truly happened.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { EnvironmentsUnusableError, PlatformMismatchError } from "../../environments/mod.ts";
import { attemptId, attemptParts, clusterNameSchema, isFinal, isPacked } from "../../model/mod.ts";
import type { AttemptId, JobFact, JobSpec, JobView } from "../../model/mod.ts";
import type { Cancellation } from "../../schedulers/mod.ts";
import { Journal, JournalConflictError, JournalFullError } from "../../store/mod.ts";
import type { JournalEntry } from "../../store/mod.ts";
import { LocalFiles } from "../../transfers/mod.ts";
import type { Connection } from "../cluster/connection.ts";
import { poller } from "../cluster/poller.ts";
import type { PollerMessage } from "../cluster/poller.ts";
import { stager } from "../cluster/stager.ts";
import type { StagerMessage } from "../cluster/stager.ts";
import { submitter } from "../cluster/submitter.ts";
import type { SubmitterMessage } from "../cluster/submitter.ts";
import { brokenInvariants } from "../job/invariants.ts";
import { foldJob, jobActor } from "../job/mod.ts";
import type { CancelRequest, JobEffects, JobMessage, WantedMessages } from "../job/mod.ts";
import { ActorSystem, seededRandom, VirtualClock } from "../kernel/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import { fakeArchive, FakeArchives } from "./fake_archives.ts";
import { FakeEnvironments, FakeFiles, FakeHost, fakePlanner } from "./fake_connection.ts";
import { EPOCH, jobNumber } from "./simulated_job.ts";
import { arrayNumbers, SimulatedSlurm } from "./simulated_slurm.ts";
import type { Part, SlurmDefects } from "./simulated_slurm.ts";

/** Wrong behaviours that a test of the test can switch on. */
export interface WorldDefects extends SlurmDefects {
  /** The job says that nothing was sent, although something may have been. */
  readonly forgetsTries?: boolean;
  /** Every request to end the job is told twice. */
  readonly cancelsTwice?: boolean;
  /** Lines and answers about an attempt that is over are taken for words about the present one. */
  readonly mixesAttempts?: boolean;
  /** A step of the history is folded as if it were the one before. */
  readonly foldsWrong?: boolean;
  /** What the payload says last is read after its end was told. */
  readonly readsTooLittle?: boolean;
  /** Requests to end the job never reach the submitter. */
  readonly losesRequests?: boolean;
}

/** What becomes of a try to send what the job brings along, and after how long. */
export interface StageFate {
  readonly delayMs: number;
  readonly result: "sent" | "fails" | "never works";
}

/** Whether two values are the same once they are stored, in whatever order their keys are. */
function sameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}

/** A job on a simulated Slurm. */
export class JobWorld implements AsyncDisposable {
  readonly id = jobNumber(1);
  readonly clock = new VirtualClock(EPOCH);
  readonly slurm: SimulatedSlurm;
  /** What the job brings along, and where that is sent. */
  readonly archives = new FakeArchives();
  readonly environments = new FakeEnvironments();
  readonly files = new FakeFiles();
  /** Laws that were broken. */
  readonly troubles: string[] = [];
  /** The facts that the journal has taken. */
  readonly facts: JobFact[] = [];
  /** What was asked for to end the job, and when. */
  readonly cancellations: (Cancellation & { readonly at: number })[] = [];
  /** Paths of the actors that have failed. */
  readonly failures: string[] = [];
  /** What becomes of the next tries to send what the job brings along; those after them come through. */
  stageFates: StageFate[] = [];
  /** The job as the journal has it. */
  view: JobView;
  /** Whether the journal has no room. */
  full = false;
  /** Where the job's actor fails next: before or after the journal has taken its facts. */
  crash: "before" | "after" | undefined;
  #connection: Connection | undefined;
  #system: ActorSystem;
  #job: ActorRef<JobMessage> | undefined;
  #poller: ActorRef<PollerMessage> | undefined;
  #stager: ActorRef<StagerMessage> | undefined;
  #submitter: ActorRef<SubmitterMessage> | undefined;
  readonly #journal = Journal.open({ path: ":memory:" });
  readonly #firstTries = new Set<AttemptId>();
  readonly #watching = new Set<AttemptId>();
  #ended = 0;
  /** Hashes of what was sent, and whether something was tried that never works. */
  readonly #sent = new Set<string>();
  /** What the payload of each part has said, and what the job wants to hear of it; -1 is the job itself. */
  readonly #said = new Map<number, readonly string[]>();
  readonly #told = new Map<number, number>();
  readonly #questions = new Map<
    number,
    {
      readonly question: WantedMessages;
      readonly job: ActorRef<JobMessage>;
    }
  >();
  #neverWorks = false;
  /** How many attempts have ended of which nothing is tried again but what was lost before it began. */
  #lostAttempts = 0;

  /** Accepts the job and takes it up. */
  static async open(spec: JobSpec, defects: WorldDefects = {}): Promise<JobWorld> {
    const world = new JobWorld(spec, defects);
    await world.#append([{
      kind: "job",
      jobId: world.id,
      cluster: world.view.cluster,
      index: 1,
      at: EPOCH,
      fact: world.#accepted,
      view: world.view,
      tasks: world.view.tasks ?? [],
    }]);
    await world.#take();
    return world;
  }

  readonly #append: Journal["append"];
  readonly #accepted: JobFact;

  private constructor(readonly spec: JobSpec, private readonly defects: WorldDefects) {
    this.slurm = new SimulatedSlurm(this.clock, defects);
    const { array } = spec.resources;
    this.#accepted = {
      type: "accepted",
      spec,
      directory: "/jobs/1",
      ...(array === undefined ? {} : { tasks: arrayNumbers(array) }),
    };
    this.view = foldJob(undefined, {
      jobId: this.id,
      cluster: clusterNameSchema.parse("alpha"),
      at: EPOCH,
      fact: this.#accepted,
    });
    this.archives.prepares.answer = () => fakeArchive("a");
    this.environments.sends.answer = () => this.#send();
    this.#append = this.#journal.append.bind(this.#journal);
    this.#journal.append = (entries) => this.#checkedAppend(entries);
    this.#system = this.#newSystem();
  }

  /** Whether the job has ended. */
  get over(): boolean {
    return isFinal(this.view.phase);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async #send(): Promise<void> {
    const { delayMs, result } = this.stageFates.shift() ?? { delayMs: 20, result: "sent" };
    const connection = this.#connection;
    await new Promise<void>((resolve) => void this.clock.setTimeout(resolve, delayMs));
    if (connection !== this.#connection) throw new EnvironmentsUnusableError("/", "cut");
    switch (result) {
      case "sent":
        return void this.#sent.add(fakeArchive("a").sha256);
      case "fails":
        throw new EnvironmentsUnusableError("/", "no room");
      case "never works":
        this.#neverWorks = true;
        throw new PlatformMismatchError("linux-aarch64", ["linux-x86_64"], "the cluster");
    }
  }

  /** The connection stands. */
  up(): void {
    if (this.#connection !== undefined) return;
    const { slurm: scheduler, environments, files } = this;
    const connection = {
      host: new FakeHost(),
      scheduler,
      planner: fakePlanner,
      environments,
      files,
    };
    this.#connection = connection;
    this.#stager?.tell({ type: "up", connection });
    this.#submitter?.tell({ type: "up", connection });
    this.#poller?.tell({ type: "up", connection });
    for (const key of this.#questions.keys()) this.#readSoon(key);
  }

  /** The connection is lost. */
  down(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#stager?.tell({ type: "down" });
    this.#submitter?.tell({ type: "down" });
    this.#poller?.tell({ type: "down" });
  }

  /** Has the payload of a part that runs say so many things more. */
  say({ task }: Part, count: number): void {
    const key = task ?? -1;
    for (let time = 0; time < count; time++) {
      const said = this.#said.get(key) ?? [];
      const line = { method: "report_custom_message", params: { payload: said.length } };
      const text = JSON.stringify({ __dagster_pipes_version: "0.1", ...line });
      this.#said.set(key, [...said, text]);
    }
    this.#readSoon(key);
  }

  /** Answers who asks for what the payload of a part has to say, as soon as there is something. */
  #readSoon(key: number): void {
    const asked = this.#questions.get(key);
    this.clock.setTimeout(() => {
      const now = this.#questions.get(key);
      if (now === undefined || now !== asked || this.#connection === undefined) return;
      const { question: { task, offset, over, until }, job } = now;
      const file = new TextEncoder().encode(
        (this.#said.get(key) ?? []).map((line) => `${line}\n`).join(""),
      );
      const end = until ?? (this.defects.readsTooLittle === true ? offset : file.length);
      const bytes = file.slice(offset, Math.min(over ? end : Infinity, offset + 200));
      if (bytes.length === 0 && !over) return;
      const piece = { task, offset, bytes, end: over ? end : undefined };
      const heard = job.tell({ type: "messages_read", pieces: [piece] });
      if (heard === "full") this.#readSoon(key);
      else this.#questions.delete(key);
    }, 60);
  }

  /** Tells the job's actor something. */
  tell(message: JobMessage): void {
    this.#job?.tell(message);
  }

  /** Asks for the job, or a task of it, to be ended. */
  cancel(request: CancelRequest & { readonly task?: number }): void {
    this.#job?.ask<JobView>((reply) => ({ type: "cancel", ...request, reply }), {
      timeoutMs: 60_000,
    }).catch(() => {
      // Not taken by an actor that fails or is overrun: then nothing was promised.
    });
  }

  /** Delivers the oldest lines of the spool, each so many times. */
  async deliver(count: number, times: number): Promise<void> {
    for (const record of this.slurm.lines.splice(0, count)) {
      const attempt = attemptId(this.id, this.view.attempt);
      for (let time = 0; time < times; time++) {
        this.tell({
          type: "pushed",
          record: this.defects.mixesAttempts === true ? { ...record, attemptId: attempt } : record,
        });
      }
      await this.clock.settle();
    }
  }

  /** Stops everything on this side, and begins again with what the journal has. */
  async restart(): Promise<void> {
    await this.#stop();
    this.#system = this.#newSystem();
    await this.#take();
    const connected = this.#connection !== undefined;
    this.#connection = undefined;
    if (connected) this.up();
  }

  /** Ends all trouble and lets time pass until the job has ended, then checks what came of it. */
  async finish(): Promise<void> {
    this.slurm.fates = [];
    this.stageFates = [];
    this.slurm.accountingAnswers = true;
    this.full = false;
    this.crash = undefined;
    this.up();
    for (let round = 0; round < 250 && !this.over; round++) {
      await this.pass(10_000);
      for (const part of this.slurm.parts) this.#carryOn(part);
      if (round >= 20) this.#forgoLost();
    }
    await this.pass(60_000);
    this.#checkEnd();
  }

  /** A job that nobody wants to end runs for a moment, and ends well. */
  #carryOn(part: Part): void {
    const { task } = part;
    const asked = this.view.cancelRequested ||
      this.view.tasks?.find((one) => one.task === task)?.cancelRequested;
    if (part.runs && asked !== true) this.slurm.befall(part, "exit 0");
    if (part.waits && !part.lost && asked !== true) this.slurm.start(part);
  }

  /** Somebody has what is unknown for good cancelled: nothing else ever ends it. */
  #forgoLost(): void {
    for (const { task } of this.#parts(this.#present).filter(({ lost }) => lost)) {
      const part = task === undefined
        ? this.view
        : this.view.tasks?.find((one) => one.task === task);
      if (part === undefined || isFinal(part.phase) || part.cancelRequested === true) continue;
      this.cancel(task === undefined ? {} : { task });
    }
  }

  #newSystem(): ActorSystem {
    return new ActorSystem({
      clock: this.clock,
      random: seededRandom(1),
      supervision: { restarts: Infinity },
      onFault: ({ error }) => void this.troubles.push(`the system failed: ${error}`),
    });
  }

  async #take(): Promise<void> {
    const options = { backoff: { minMs: 200, maxMs: 5_000, jitter: 0 } };
    this.#watching.clear();
    this.#questions.clear();
    this.#system.spawn<never, null>("cluster", {
      init: (ctx) => {
        this.#stager = ctx.spawn(
          "stager",
          stager({ environments: this.archives, files: new LocalFiles() }),
          options,
        );
        this.#submitter = ctx.spawn("submitter", submitter({ report: () => {} }), options);
        this.#poller = ctx.spawn(
          "poller",
          poller({
            minMs: 1_000,
            maxMs: 20_000,
            onSilence: (since) =>
              this.tell({ type: "silenced", since, reason: { code: "Silent", text: "" } }),
          }),
          options,
        );
        this.#job = ctx.spawn("job", jobActor(this.id, this.#journal, this.#effects), {
          ...options,
          restart: "transient",
          mailbox: { capacity: 4 },
        });
        return null;
      },
      receive: (state) => state,
      signal: (state, signal) => {
        if (signal.type !== "child-failed") return state;
        this.failures.push(signal.path);
        if (signal.path === this.#job?.path) return state;
        const connection = this.#connection;
        for (const ref of [this.#stager, this.#submitter, this.#poller]) {
          if (ref?.path !== signal.path) continue;
          if (connection !== undefined) ref.tell({ type: "up", connection });
        }
        if (signal.path === this.#poller?.path) this.#watching.clear();
        this.tell({ type: "resync" });
        return state;
      },
    }, { supervision: { restarts: Infinity } });
    await this.clock.settle();
  }

  #law(holds: boolean, law: string): void {
    if (!holds) this.troubles.push(law);
  }

  get #present(): AttemptId {
    return attemptId(this.id, this.view.attempt);
  }

  readonly #effects: JobEffects = {
    stage: (job) => {
      this.#law(job.attemptId === this.#present, "what the present attempt needs is sent");
      this.#law(this.view.phase === "staging", "what is being sent was journaled");
      this.#stager?.tell({ type: "stage", ...job });
    },
    enqueue: (job) => {
      const { phase, tries, tasks } = this.view;
      this.#law(job.attemptId === this.#present, "the present attempt is handed over");
      this.#law(phase === "submitting" && tries > 0, "what is handed over was journaled");
      if (!job.maybeSent) {
        this.#law(
          !this.#firstTries.has(job.attemptId),
          "an attempt is handed over for the first time once",
        );
        this.#firstTries.add(job.attemptId);
      }
      const { software } = job.spec;
      this.#law(
        isPacked(this.spec.software)
          ? software.kind === "environment" && this.#sent.has(software.sha256)
          : software.kind === this.spec.software.kind,
        "what a job brings along is there before it is handed over",
      );
      const { array } = job.spec.resources;
      const open = tasks?.filter((task) => !isFinal(task.phase)).map(({ task }) => task);
      this.#law(
        array === undefined ? open === undefined : arrayNumbers(array).join() === open?.join(),
        "an attempt has exactly the tasks that have not ended",
      );
      this.#law(
        /%\d+$/.exec(array ?? "")?.[0] === /%\d+$/.exec(this.spec.resources.array ?? "")?.[0],
        "the limit of an array's tasks at a time stays",
      );
      const maybeSent = job.maybeSent && this.defects.forgetsTries !== true;
      this.#submitter?.tell({ type: "enqueue", ...job, maybeSent });
    },
    withdraw: (id) => {
      this.#law(
        this.view.cancelRequested && !this.over,
        "only what is to be cancelled is taken back",
      );
      this.#stager?.tell({ type: "withdraw", attemptId: id });
      this.#submitter?.tell({ type: "withdraw", attemptId: id });
    },
    watch: (watched, job) => {
      this.#law(watched.attemptId === this.#present, "the present attempt is watched");
      this.#law(watched.schedulerId === this.view.schedulerId, "by the scheduler's id of it");
      this.#watching.add(watched.attemptId);
      this.#poller?.tell({ type: "watch", watched, job });
    },
    unwatch: (id) => {
      this.#law(attemptParts(id).attempt < this.view.attempt, "the present attempt stays watched");
      this.#watching.delete(id);
      this.#poller?.tell({ type: "unwatch", attemptId: id });
    },
    giveUp: (watched, job) => {
      const { unknownSince, tasks } = this.view;
      this.#law(watched.attemptId === this.#present, "the present attempt is given up");
      this.#law(unknownSince !== undefined, "only what is unknown is given up");
      this.#law(
        (tasks === undefined) === (watched.tasks === undefined) &&
          (watched.tasks ?? []).every((task) =>
            tasks?.some((one) => one.task === task && !isFinal(one.phase))
          ),
        "only what has not ended is given up",
      );
      this.#poller?.tell({ type: "give_up", watched, job });
    },
    followMessages: (question, job) => {
      const key = question.task ?? -1;
      this.#law(this.spec.messages !== undefined, "only who has something to say is listened to");
      this.#questions.set(key, { question, job });
      this.#readSoon(key);
    },
    unfollowMessages: (_, tasks) => {
      for (const task of tasks) this.#questions.delete(task ?? -1);
    },
    nudge: (withinMs = 0) => void this.#poller?.tell({ type: "nudge", withinMs }),
    cancel: (cancellation, job) => {
      this.#checkCancel(cancellation);
      this.cancellations.push({ ...cancellation, at: this.clock.now() });
      if (this.defects.losesRequests === true) return;
      this.#submitter?.tell({ type: "cancel", cancellation, job });
      if (this.defects.cancelsTwice === true && cancellation.means.kind === "signal") {
        this.clock.setTimeout(() => this.#checkCancel(cancellation), 15_000);
      }
    },
    // Nothing runs on it here.
    clusterSettled: () => {},
    ended: (id, job) => {
      this.#law(this.over && id === this.#present, "the end that is told is the job's");
      this.#ended += 1;
      this.#watching.delete(id);
      this.#poller?.tell({ type: "unwatch", attemptId: id });
      this.clock.setTimeout(() => job.tell({ type: "dismiss" }), 500);
    },
    allocation: () => {},
    taskEnded: (_, number) => {
      const task = this.view.tasks?.find((one) => one.task === number);
      this.#law(task !== undefined && isFinal(task.phase), "a task that is told of has ended");
    },
  };

  #checkCancel({ attemptId: id, task, means }: Cancellation): void {
    this.#law(id === this.#present, "the present attempt is ended");
    const { tasks } = this.view;
    const parts = tasks === undefined
      ? [this.view]
      : tasks.filter((one) =>
        task === undefined ? !isFinal(one.phase) : one.task === task && !isFinal(one.phase)
      );
    this.#law(parts.length > 0, "what is ended has not ended");
    for (const { cancelRequested, cancelSignals, forceAt, phase } of parts) {
      this.#law(cancelRequested === true, "only what is to be ended is ended");
      switch (means.kind) {
        case "signal":
          this.#law(
            cancelSignals?.some((one) =>
              one.signal === means.signal && one.sentAt === undefined
            ) === true,
            "a signal is sent on request, and not again once it was taken",
          );
          break;
        case "end":
          this.#law(
            cancelSignals === undefined || (forceAt ?? Infinity) <= this.clock.now(),
            "force is used after the grace period, and not before",
          );
          break;
        case "end_if_waiting":
          this.#law(
            task === undefined || cancelSignals !== undefined,
            "only who gets a signal is ended while it waits",
          );
          this.#law(task === undefined || phase !== "running", "a task that runs gets its signal");
          break;
      }
    }
  }

  #checkedAppend(entries: readonly JournalEntry[]): ReturnType<Journal["append"]> {
    const { crash } = this;
    if (this.full) return Promise.reject(new JournalFullError(":memory:"));
    this.crash = undefined;
    if (crash === "before") return Promise.reject(new JournalConflictError("a test wants it"));
    return this.#append(entries).then((events) => {
      for (const entry of entries) {
        if (entry.kind === "job") this.#recorded(entry.fact, entry.at);
      }
      if (this.defects.foldsWrong !== true) {
        this.#law(
          sameJson(this.view, this.#journal.job(this.id)?.view),
          "the view is the sum of its facts",
        );
      }
      if (crash === "after") throw new Error("the actor fails when its facts are stored");
      return events;
    });
  }

  #recorded(fact: JobFact, at: number): void {
    const before = this.view;
    const event = { jobId: this.id, cluster: before.cluster, at, fact };
    const after = this.defects.foldsWrong === true && fact.type === "attempt_ended"
      ? { ...foldJob(before, event), attempts: before.attempts }
      : foldJob(before, event);
    this.troubles.push(...brokenInvariants({ before, fact, after }));
    this.view = after;
    this.facts.push(fact);
    this.#law(
      this.slurm.submissions.values().every((times) => times === 1),
      "an attempt is submitted exactly once",
    );
    if (fact.type === "message") this.#checkMessage(fact);
    if (fact.type === "ended" || fact.type === "attempt_ended") this.#checkAllSaid(before, fact);
    if (fact.type === "running" || fact.type === "exited") this.#checkRun(before, fact);
    if (fact.type === "ended" || fact.type === "attempt_ended") this.#checkVerdict(before, fact);
  }

  #checkMessage({ task, position, message }: Extract<JobFact, { type: "message" }>): void {
    const key = task ?? -1;
    const told = this.#told.get(key) ?? 0;
    const said = this.#said.get(key) ?? [];
    this.#told.set(key, told + 1);
    this.#law(
      message.kind === "custom" && message.payload === told,
      "each message is told once and in order",
    );
    this.#law(
      position === said.slice(0, told + 1).join("\n").length + 1,
      "the position of a message is that behind its line",
    );
  }

  /** Whether all that a part has said was told before its end. */
  #checkAllSaid(
    before: JobView,
    fact: Extract<JobFact, { type: "ended" | "attempt_ended" }>,
  ): void {
    // Nobody knows when that ended.
    if (fact.reason?.code === "Forgotten") return;
    const task = fact.type === "ended" ? fact.task : undefined;
    if (before.tasks !== undefined && task === undefined) return;
    const key = task ?? -1;
    this.#law(
      this.#told.get(key) === this.#said.get(key)?.length,
      "what a payload has said is told before its end",
    );
  }

  /** The parts of the attempt, of all tasks or of one. */
  #parts(id: AttemptId, task?: number): Part[] {
    return this.slurm.parts.filter((part) =>
      part.attemptId === id && (task === undefined || part.task === task)
    );
  }

  #checkRun(before: JobView, fact: Extract<JobFact, { type: "running" | "exited" }>): void {
    const parts = this.#parts(attemptId(this.id, before.attempt), fact.task);
    this.#law(
      parts.some((part) =>
        fact.type === "running"
          ? part.starts > 0 && part.restarts >= fact.restarts
          : part.written.some(([, exitCode]) => exitCode === fact.exitCode)
      ),
      `${fact.type} is said of what ${fact.type === "running" ? "was started" : "has exited"}`,
    );
  }

  #checkVerdict(
    before: JobView,
    fact: Extract<JobFact, { type: "ended" | "attempt_ended" }>,
  ): void {
    const task = fact.type === "ended" ? fact.task : undefined;
    const parts = this.#parts(attemptId(this.id, before.attempt), task);
    this.#law(parts.every((part) => part.over), "what has ended for Sluice has ended for Slurm");
    this.#checkPolicy(before, fact, parts);
    const [part] = parts;
    if (part?.end === undefined || (before.tasks !== undefined && task === undefined)) return;
    const { end } = part;
    if (part.lost || part.givenUp || fact.reason?.code === "Forgotten") {
      const asked = task === undefined
        ? before.cancelRequested
        : before.tasks?.find((one) => one.task === task)?.cancelRequested;
      return this.#checkLost(fact, part, asked === true);
    }
    const phase = end.onRequest ? "cancelled" : end.phase;
    this.#law(fact.phase === phase, `a job that ended as ${phase} is not called ${fact.phase}`);
    this.#law(fact.state === end.state, "Slurm's own word is kept");
    this.#law(
      end.exitCode === undefined || fact.exitCode === end.exitCode,
      "the exit code is the true one",
    );
  }

  /** Whether the end is the one of what Slurm does not know any more. */
  #checkLost(
    { phase, state, exitCode, reason }: Extract<JobFact, { type: "ended" | "attempt_ended" }>,
    part: Part,
    asked: boolean,
  ): void {
    // Accounting tells of one that was cancelled while it waited, even after it was given up.
    if (!part.lost && state === "CANCELLED") return;
    const code = part.givenUp ? asked ? "Cancelled" : "SchedulerLostJob" : "Forgotten";
    this.#law(reason?.code === code, `what Slurm has lost ends as ${code}, not ${reason?.code}`);
    this.#law(
      part.givenUp || (asked && part.starts > 0 && part.end?.recorded === false),
      "only what began and left no record is forgotten, and it ends on request only",
    );
    this.#law(phase === (asked ? "cancelled" : "failed"), "it is cancelled only on request");
    this.#law(state === undefined && exitCode === undefined, "and nothing is made up");
  }

  /** Whether it is tried again exactly where its policy says so. */
  #checkPolicy(
    before: JobView,
    fact: Extract<JobFact, { type: "ended" | "attempt_ended" }>,
    parts: readonly Part[],
  ): void {
    const { retry } = this.spec;
    if (fact.type === "ended" && (fact.task !== undefined || fact.error !== undefined)) return;
    const again = parts.filter(({ end, task, lost, givenUp }) => {
      if (before.cancelRequested) return false;
      if (before.tasks?.find((one) => one.task === task)?.cancelRequested === true) return false;
      if (lost && givenUp) return true;
      if (retry === undefined || end === undefined || end.onRequest) return false;
      if (before.attempt - this.#lostAttempts > retry.times) return false;
      if (end.outcome === undefined || !retry.on.includes(end.outcome)) return false;
      return end.outcome !== "failed" || retry.exitCodes === undefined ||
        retry.exitCodes.includes(end.exitCode ?? 128 + (end.signal ?? 0));
    });
    if (fact.type === "attempt_ended") {
      if (again.every(({ lost, givenUp }) => lost && givenUp)) {
        this.#lostAttempts += 1;
        this.#law(fact.retryAt <= this.clock.now(), "what was lost is tried again at once");
      }
      this.#law(again.length > 0, "only what the policy covers is tried again");
      this.#law(
        fact.tasks === undefined || fact.tasks.join() === again.map(({ task }) => task).join(),
        "the tasks that the policy covers are tried again",
      );
    } else if (parts.length > 0 && before.schedulerId !== undefined) {
      this.#law(again.length === 0, "what the policy covers is tried again");
    }
  }

  #checkEnd(): void {
    const { view } = this;
    this.#law(this.over, "a job comes to its end");
    this.#law(this.slurm.parts.every((part) => part.over), "nothing of it is left with Slurm");
    this.#law(this.#ended > 0, "its end is told");
    this.#law(
      view.error?.code !== "PLATFORM_MISMATCH" || this.#neverWorks,
      "a job ends for what no retry mends only where that was so",
    );
    this.#law(this.#watching.size === 0, "nothing of it is watched");
    for (let attempt = 1; attempt <= view.attempt; attempt++) {
      const id = attemptId(this.id, attempt);
      const times = this.slurm.submissions.get(id) ?? 0;
      const reached = attempt < view.attempt || view.schedulerId !== undefined;
      this.#law(times === (reached ? 1 : 0), "an attempt is submitted exactly once");
    }
    this.#law(
      this.slurm.submissions.size <= view.attempt,
      "nothing is submitted but the job's attempts",
    );
    for (const { task } of view.tasks ?? [{ task: undefined }]) {
      const runs = this.slurm.parts.filter((part) => part.task === task && part.starts > 0).length;
      this.#law(
        runs <= 1 + (this.spec.retry?.times ?? 0),
        "only its policy has a payload run by more than one attempt",
      );
    }
    const stored = this.#journal.history(this.id).map(({ fact }) => fact.type);
    assert.deepEqual(stored, ["accepted", ...this.facts.map(({ type }) => type)]);
  }

  async #stop(): Promise<void> {
    let stopped = false;
    const stopping = this.#system.stop({ deadlineMs: 100 }).then(() => stopped = true);
    while (!stopped) await this.clock.advance(50);
    await stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    this.#journal.close();
  }
}
