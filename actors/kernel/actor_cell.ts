import type { ActorRef } from "./actor_ref.ts";
import { AskedMessage } from "./ask.ts";
import type { PendingAsk } from "./ask.ts";
import { Backoff } from "./backoff.ts";
import type { Behavior } from "./behavior.ts";
import { Deadline } from "./deadline.ts";
import type { Runnable } from "./dispatcher.ts";
import { ActorStoppedError, InvalidNameError, MessageFailedError } from "./errors.ts";
import { Inbox } from "./inbox.ts";
import type { SystemItem } from "./inbox.ts";
import { Incarnation } from "./incarnation.ts";
import type { IncarnationHost } from "./incarnation.ts";
import type { Activity, LifecycleDetail } from "./lifecycle.ts";
import { LocalRef } from "./local_ref.ts";
import { resolveOptions } from "./options.ts";
import type { ResolvedOptions, RestartType, SpawnOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { StopReason } from "./stop_reason.ts";
import { Supervisor } from "./supervision.ts";
import type { Child, SupervisingActor } from "./supervision.ts";
import type { ActorState, TreeNode } from "./tree.ts";
import { Watchers } from "./watchers.ts";

/** What an actor tells the one above it. */
export interface Parent {
  /** A child failed and waits for what is decided about it. */
  childFailed(child: Child, error: unknown, message: unknown): void;
  /** A child ended itself and waits for what is decided about it. */
  childFinished(child: Child): void;
  /** A child is gone for good. */
  childStopped(child: Child, reason: StopReason): void;
}

/**
 * - `starting`: `init` is to be called, or under way.
 * - `running`: handles messages.
 * - `suspended`: failed or finished; waits for its parent's decision, or for its turn to end.
 * - `ending`: its incarnation ends.
 * - `backing-off`: between two incarnations.
 * - `stopped`: gone for good.
 */
type Phase = "starting" | "running" | "suspended" | "ending" | "backing-off" | "stopped";

/** A behaviour's function that returned a promise which has not settled yet. */
interface AsyncCall<Msg> {
  readonly during: Activity;
  readonly message: Msg | undefined;
  readonly ask: PendingAsk | undefined;
}

const STATE_OF_PHASE: Record<Phase, ActorState> = {
  starting: "starting",
  running: "running",
  suspended: "stopping",
  ending: "stopping",
  "backing-off": "backing-off",
  stopped: "stopping",
};

/** One actor: its inbox, its state, and its life from the first incarnation to the stop for good. */
export class ActorCell<Msg, State>
  implements Child, Parent, Runnable, IncarnationHost<Msg>, SupervisingActor {
  /** The last segment of the path. */
  readonly name: string;
  /** Where it is in the tree. */
  readonly path: string;
  /** Its address, the same across restarts. */
  readonly ref: ActorRef<Msg>;
  /** What waits for it. */
  readonly inbox: Inbox<Msg>;
  /** What it shares with the whole system. */
  readonly runtime: Runtime;
  readonly #behavior: Behavior<Msg, State>;
  readonly #options: ResolvedOptions;
  readonly #parent: Parent;
  readonly #watchers: Watchers;
  readonly #backoff: Backoff | undefined;
  readonly #spawnedAt: number;
  #phase: Phase = "starting";
  #incarnation: Incarnation<Msg> | undefined = undefined;
  /** The state, from the moment there is one. */
  #live: { state: State } | undefined = undefined;
  #supervisor: Supervisor | undefined = undefined;
  #restarts = 0;
  /** For how long the incarnation ran that failed last. */
  #ranMs = 0;
  /** A function of the behaviour is on the stack. */
  #handling = false;
  #call: AsyncCall<Msg> | undefined = undefined;
  /** Resolves when neither is the case any more, while somebody waits for that. */
  #quiet: PromiseWithResolvers<void> | undefined = undefined;
  /** Asks that were handled but not answered: they end when the actor stops. */
  readonly #unanswered = new Set<PendingAsk>();
  #ending: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;
  readonly #deadline: Deadline;
  #forced = false;

  /**
   * Starts at the first wake of its inbox.
   *
   * @throws {InvalidNameError} when the name is empty or has a slash or a control character
   * @throws {InvalidOptionError} when an option makes no sense
   */
  constructor(
    name: string,
    parentPath: string,
    behavior: Behavior<Msg, State>,
    options: SpawnOptions,
    parent: Parent,
    runtime: Runtime,
  ) {
    if (!/^[^/\p{Cc}]+$/u.test(name)) throw new InvalidNameError(name);
    this.name = name;
    this.path = `${parentPath}/${name}`;
    this.runtime = runtime;
    this.#behavior = behavior;
    this.#options = resolveOptions(options, runtime.mailboxCapacity);
    this.#parent = parent;
    this.#watchers = new Watchers(runtime.events.onListenerError);
    this.#backoff = this.#options.backoff && new Backoff(this.#options.backoff, runtime.random);
    this.#spawnedAt = runtime.clock.now();
    this.#deadline = new Deadline(runtime.clock, () => this.#force());
    this.inbox = new Inbox(this.path, this.#options.capacity, this, runtime);
    this.ref = new LocalRef<Msg>(this.inbox, this, this.#watchers, runtime.askTimeouts);
  }

  get restart(): RestartType {
    return this.#options.restart;
  }

  get supervisor(): Supervisor | undefined {
    return this.#supervisor;
  }

  get supervising(): boolean {
    return this.#phase === "running" || this.#phase === "starting";
  }

  tree(): TreeNode {
    return {
      name: this.name,
      path: this.path,
      state: STATE_OF_PHASE[this.#phase],
      mailbox: this.inbox.depth,
      restarts: this.#restarts,
      ageMs: this.runtime.clock.now() - this.#spawnedAt,
      children: Array.from(this.#supervisor?.children ?? [], (child) => child.tree()),
    };
  }

  // Handling: one thing at a time, within a turn that the dispatcher gives.

  drain(limit: number): number {
    if (this.#phase === "starting" && this.#incarnation === undefined) this.#begin();
    const live = this.#live;
    const incarnation = this.#incarnation;
    let handled = 0;
    if (live !== undefined && incarnation !== undefined && this.#call === undefined) {
      this.#handling = true;
      while (handled < limit && this.#phase === "running" && this.#call === undefined) {
        const item = this.inbox.nextSystemItem();
        if (item !== undefined) {
          this.#handleSystemItem(live, incarnation, item);
        } else {
          const entry = this.inbox.nextMessage();
          if (entry === undefined) break;
          if (entry instanceof AskedMessage) {
            this.#receive(live, incarnation, entry.message, entry.ask);
          } else {
            this.#receive(live, incarnation, entry, undefined);
          }
        }
        handled++;
      }
      this.#handling = false;
    }
    if (this.#call === undefined) this.#rest();
    return handled;
  }

  #receive(
    live: { state: State },
    incarnation: Incarnation<Msg>,
    message: Msg,
    ask: PendingAsk | undefined,
  ): void {
    try {
      const next = this.#behavior.receive(live.state, message, incarnation);
      if (next instanceof Promise) {
        this.#await(next, "receive", message, ask, (state) => {
          live.state = state;
          if (ask !== undefined) this.#keepUnanswered(ask);
        });
      } else {
        live.state = next;
        if (ask !== undefined) this.#keepUnanswered(ask);
      }
    } catch (error) {
      this.#fail(error, "receive", message, ask);
    }
  }

  #handleSystemItem(
    live: { state: State },
    incarnation: Incarnation<Msg>,
    item: SystemItem,
  ): void {
    if (item.type === "fault") return this.#fail(item.error, "receive");
    if (this.#behavior.signal === undefined) return;
    try {
      const next = this.#behavior.signal(live.state, item.signal, incarnation);
      if (next instanceof Promise) {
        this.#await(next, "signal", undefined, undefined, (state) => {
          live.state = state;
        });
      } else {
        live.state = next;
      }
    } catch (error) {
      this.#fail(error, "signal");
    }
  }

  #keepUnanswered(ask: PendingAsk): void {
    if (ask.settled) return;
    ask.unanswered = this.#unanswered;
    this.#unanswered.add(ask);
  }

  #await<T>(
    work: Promise<T>,
    during: Activity,
    message: Msg | undefined,
    ask: PendingAsk | undefined,
    done: (value: T) => void,
  ): void {
    const call: AsyncCall<Msg> = { during, message, ask };
    this.#call = call;
    work.then(
      (value) => {
        if (this.#call !== call) return;
        this.#call = undefined;
        done(value);
        this.#rest();
      },
      (error) => {
        if (this.#call !== call) return this.#emit({ type: "late-failure", during, error });
        this.#call = undefined;
        this.#fail(error, during, message, ask);
        this.#rest();
      },
    );
    if (this.#forced) this.#abandon(call);
  }

  /** Nothing is being handled any more: go on with what waits, or let the end go on. */
  #rest(): void {
    if (this.#phase === "running" && !this.inbox.empty) return this.inbox.wakeAgain();
    this.inbox.rest();
    this.#quiet?.resolve();
    this.#quiet = undefined;
  }

  async #untilQuiet(): Promise<void> {
    while (this.#handling || this.#call !== undefined) {
      this.#quiet ??= Promise.withResolvers();
      await this.#quiet.promise;
    }
  }

  #emit(detail: LifecycleDetail): void {
    if (!this.runtime.events.observed) return;
    this.runtime.events.emit({ path: this.path, at: this.runtime.clock.now(), ...detail });
  }

  // Incarnations: how one begins, fails and ends.

  /** Starts the first incarnation within this call. Otherwise it starts at its first turn. */
  startNow(): void {
    this.#begin();
    if (this.#call === undefined) this.#rest();
  }

  start(): void {
    if (this.#phase !== "backing-off") return;
    this.#restarts++;
    this.#phase = "starting";
    this.inbox.wake();
  }

  #begin(): void {
    const incarnation = new Incarnation<Msg>(this);
    this.#incarnation = incarnation;
    this.#handling = true;
    try {
      const state = this.#behavior.init(incarnation);
      if (state instanceof Promise) {
        this.#await(state, "init", undefined, undefined, (value) => this.#started(value));
      } else {
        this.#started(state);
      }
    } catch (error) {
      this.#fail(error, "init");
    }
    this.#handling = false;
  }

  #started(state: State): void {
    this.#live = { state };
    if (this.#phase !== "starting") return;
    this.#phase = "running";
    this.#emit({ type: "started", restarts: this.#restarts });
  }

  /** Reports a failure; its parent decides what becomes of an actor that was not ending anyway. */
  #fail(error: unknown, during: Activity, message?: Msg, ask?: PendingAsk): void {
    this.#emit({ type: "failed", during, error, message });
    ask?.reject(new MessageFailedError(this.path, error));
    if (this.#suspend()) this.#parent.childFailed(this, error, message);
  }

  fault(error: unknown): void {
    this.inbox.notify({ type: "fault", error });
  }

  escalate(error: unknown): void {
    this.#fail(error, "supervise");
  }

  finish(): void {
    if (this.#suspend()) this.#parent.childFinished(this);
  }

  #suspend(): boolean {
    if (!this.supervising) return false;
    this.#phase = "suspended";
    this.#ranMs = this.runtime.clock.now() - (this.#incarnation?.startedAt ?? 0);
    return true;
  }

  end(reason: StopReason): Promise<void> {
    if (this.#stopping !== undefined) return this.#stopping;
    const ending = this.#endIncarnation(reason);
    this.#deadline.set(this.#options.stopDeadlineMs);
    return ending;
  }

  restartDelay(): number {
    return this.#backoff?.next(this.#ranMs) ?? 0;
  }

  awaitRestart(delayMs: number, error: unknown): void {
    if (this.#phase === "backing-off") this.#emit({ type: "restarting", delayMs, error });
  }

  #endIncarnation(reason: StopReason): Promise<void> {
    this.#ending ??= this.#runEnd(reason);
    return this.#ending;
  }

  async #runEnd(reason: StopReason): Promise<void> {
    const incarnation = this.#incarnation;
    this.#phase = "ending";
    await this.#untilQuiet();
    if (incarnation !== undefined) {
      incarnation.close();
      await this.#supervisor?.stopAll();
      await this.#release(incarnation, reason);
    }
    for (const item of this.inbox.clearSystemItems()) {
      if (item.type === "fault") this.#fail(item.error, "receive");
    }
    this.#deadline.clear();
    this.#phase = this.#stopping === undefined ? "backing-off" : "stopped";
    this.#incarnation = undefined;
    this.#live = undefined;
    this.#supervisor = undefined;
    this.#ending = undefined;
    this.#forced = false;
  }

  async #release(incarnation: Incarnation<Msg>, reason: StopReason): Promise<void> {
    try {
      const work = this.#behavior.stopped?.(this.#live?.state, incarnation, reason);
      if (work instanceof Promise) {
        this.#await(work, "stopped", undefined, undefined, () => {});
        await this.#untilQuiet();
      }
    } catch (error) {
      this.#fail(error, "stopped");
    }
  }

  // The stop for good.

  stop(reason: StopReason, deadlineMs?: number): Promise<void> {
    if (this.#stopping !== undefined) {
      if (deadlineMs !== undefined && this.#phase === "ending") this.#deadline.set(deadlineMs);
      return this.#stopping;
    }
    const stopped = Promise.withResolvers<void>();
    this.#stopping = stopped.promise;
    this.#emit({ type: "stopping" });
    this.inbox.close();
    void this.#runStop(reason).then(stopped.resolve);
    this.#deadline.set(deadlineMs ?? this.#options.stopDeadlineMs);
    return stopped.promise;
  }

  async #runStop(reason: StopReason): Promise<void> {
    await this.#endIncarnation(reason);
    for (const ask of [...this.#unanswered]) ask.reject(new ActorStoppedError(this.path));
    this.#emit({ type: "stopped", reason });
    this.#parent.childStopped(this, reason);
    this.#watchers.notify({ type: "terminated", ref: this.ref, path: this.path, reason });
  }

  /** Gives up what is under way, here and below, so that the end goes on. */
  #force(): void {
    this.#forced = true;
    if (this.#call !== undefined) this.#abandon(this.#call);
    this.#supervisor?.forceAll();
  }

  #abandon(call: AsyncCall<Msg>): void {
    this.#call = undefined;
    this.#incarnation?.close();
    this.#emit({ type: "abandoned", during: call.during });
    if (call.message !== undefined) this.inbox.deadLetter(call.message, "interrupted");
    call.ask?.reject(new ActorStoppedError(this.path));
    this.#rest();
  }

  // Children.

  spawnChild<M, S>(
    name: string,
    behavior: Behavior<M, S>,
    options: SpawnOptions = {},
  ): ActorRef<M> {
    const child = new ActorCell<M, S>(name, this.path, behavior, options, this, this.runtime);
    this.#supervisor ??= new Supervisor(this, this.#options, this.runtime.clock);
    this.#supervisor.add(child);
    child.inbox.wake();
    return child.ref;
  }

  childFailed(child: Child, error: unknown, message: unknown): void {
    if (this.supervising) {
      const { ref, path } = child;
      const signal = { type: "child-failed", ref, path, error, message } as const;
      this.inbox.notify({ type: "signal", signal });
    }
    this.#supervisor?.childFailed(child, error);
  }

  childFinished(child: Child): void {
    this.#supervisor?.childFinished(child);
  }

  childStopped(child: Child): void {
    this.#supervisor?.childStopped(child);
  }
}
