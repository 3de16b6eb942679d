import type { ActorRef, TellResult, Terminated } from "./actor_ref.ts";
import { AskedMessage } from "./ask.ts";
import type { PendingAsk } from "./ask.ts";
import { Backoff } from "./backoff.ts";
import type { Behavior, Signal } from "./behavior.ts";
import type { Cancellable } from "./clock.ts";
import type { DeadLetterReason } from "./dead_letters.ts";
import type { Runnable } from "./dispatcher.ts";
import {
  ActorStoppedError,
  InvalidMessageError,
  InvalidNameError,
  MailboxFullError,
  MessageFailedError,
} from "./errors.ts";
import { Incarnation } from "./incarnation.ts";
import type { IncarnationHost } from "./incarnation.ts";
import type { Activity } from "./lifecycle.ts";
import { LocalRef } from "./local_ref.ts";
import type { Addressee } from "./local_ref.ts";
import { Mailbox } from "./mailbox.ts";
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

type SystemItem =
  | { readonly type: "signal"; readonly signal: Signal }
  | { readonly type: "fault"; readonly error: unknown };

/** One actor: its mailbox, its state, and its life from the first incarnation to the stop for good. */
export class ActorCell<Msg, State>
  implements Child, Parent, Runnable, Addressee<Msg>, IncarnationHost<Msg>, SupervisingActor {
  readonly name: string;
  readonly path: string;
  readonly ref: ActorRef<Msg>;
  readonly runtime: Runtime;
  readonly #behavior: Behavior<Msg, State>;
  readonly #options: ResolvedOptions;
  readonly #parent: Parent;
  readonly #mailbox: Mailbox<Msg | AskedMessage<Msg>>;
  readonly #watchers: Watchers;
  readonly #backoff: Backoff | undefined;
  readonly #spawnedAt: number;
  #phase: Phase = "starting";
  #accepting = true;
  /** In the dispatcher's queue, or sure to be put there or looked after when what is under way ends. */
  #scheduled = false;
  /** A function of the behaviour is on the stack. */
  #handling = false;
  #call: AsyncCall<Msg> | undefined = undefined;
  #system: SystemItem[] = [];
  #incarnation: Incarnation<Msg> | undefined = undefined;
  #live: { state: State } | undefined = undefined;
  #supervisor: Supervisor | undefined = undefined;
  readonly #unanswered = new Set<PendingAsk>();
  #restarts = 0;
  #ranMs = 0;
  #ending: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;
  #quiet: PromiseWithResolvers<void> | undefined = undefined;
  #deadline: { readonly at: number; readonly timer: Cancellable } | undefined = undefined;
  #forced = false;

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
    this.#mailbox = new Mailbox(this.#options.capacity);
    this.#watchers = new Watchers(runtime.events.onListenerError);
    this.#backoff = this.#options.backoff && new Backoff(this.#options.backoff, runtime.random);
    this.#spawnedAt = runtime.clock.now();
    this.ref = new LocalRef<Msg>(this, runtime.askTimeouts);
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

  // Messages.

  enqueue(message: Msg): TellResult {
    if (message === undefined) throw new InvalidMessageError(this.path);
    if (!this.#accepting) {
      this.deadLetter(message, "stopped");
      return "stopped";
    }
    if (!this.#mailbox.push(message)) {
      this.deadLetter(message, "mailbox-full");
      return "full";
    }
    if (!this.#scheduled) this.#schedule();
    return "accepted";
  }

  enqueueAsked(message: Msg, ask: PendingAsk): void {
    if (message === undefined) throw new InvalidMessageError(this.path);
    if (!this.#accepting) {
      this.deadLetter(message, "stopped");
      ask.reject(new ActorStoppedError(this.path));
    } else if (!this.#mailbox.push(new AskedMessage(message, ask))) {
      this.deadLetter(message, "mailbox-full");
      ask.reject(new MailboxFullError(this.path, this.#mailbox.capacity));
    } else if (!this.#scheduled) {
      this.#schedule();
    }
  }

  deliver(message: Msg): void {
    if (!this.#accepting) return this.deadLetter(message, "stopped");
    this.#mailbox.pushAnyway(message);
    if (!this.#scheduled) this.#schedule();
  }

  terminated(terminated: Terminated): void {
    this.#enqueueSystem({ type: "signal", signal: terminated });
  }

  forget(ref: ActorRef<never>): void {
    this.#system = this.#system.filter((item) =>
      item.type !== "signal" || item.signal.type !== "terminated" || item.signal.ref !== ref
    );
  }

  fault(error: unknown): void {
    this.#enqueueSystem({ type: "fault", error });
  }

  deadLetter(message: unknown, reason: DeadLetterReason): void {
    const letter = { path: this.path, message, reason, at: this.runtime.clock.now() };
    this.runtime.deadLetters.add(letter);
    this.runtime.events.emit({ type: "dead-letter", path: this.path, at: letter.at, letter });
  }

  watch(listener: (terminated: Terminated) => void): Cancellable {
    return this.#watchers.add(listener);
  }

  #enqueueSystem(item: SystemItem): void {
    this.#system.push(item);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.runtime.dispatcher.push(this);
  }

  // Handling.

  drain(limit: number): number {
    if (this.#phase === "starting" && this.#incarnation === undefined) this.#begin();
    let handled = 0;
    const live = this.#live;
    const incarnation = this.#incarnation;
    if (live !== undefined && incarnation !== undefined && this.#call === undefined) {
      this.#handling = true;
      while (handled < limit && this.#phase === "running" && this.#call === undefined) {
        if (this.#system.length > 0) {
          handled++;
          this.#handleSystemItem(live, incarnation);
          continue;
        }
        const entry = this.#mailbox.shift();
        if (entry === undefined) break;
        handled++;
        if (entry instanceof AskedMessage) {
          this.#receive(live, incarnation, entry.message, entry.ask);
        } else {
          this.#receive(live, incarnation, entry, undefined);
        }
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

  #handleSystemItem(live: { state: State }, incarnation: Incarnation<Msg>): void {
    const item = this.#system.shift();
    if (item === undefined) return;
    if (item.type === "fault") return this.#fail(item.error, "receive", undefined, undefined);
    try {
      const next = this.#behavior.signal?.(live.state, item.signal, incarnation);
      if (next === undefined) return;
      if (next instanceof Promise) {
        this.#await(next, "signal", undefined, undefined, (state) => {
          live.state = state;
        });
      } else {
        live.state = next;
      }
    } catch (error) {
      this.#fail(error, "signal", undefined, undefined);
    }
  }

  /** An ask that was handled but not answered yet still ends when the actor stops. */
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
        if (this.#call !== call) {
          const at = this.runtime.clock.now();
          this.runtime.events.emit({ type: "late-failure", path: this.path, at, during, error });
          return;
        }
        this.#call = undefined;
        this.#fail(error, during, message, ask);
        this.#rest();
      },
    );
    if (this.#forced) this.#abandon(call);
  }

  /** Nothing is being handled any more: go on with what is queued, or let the end go on. */
  #rest(): void {
    if (this.#phase === "running" && (this.#mailbox.size > 0 || this.#system.length > 0)) {
      this.#schedule();
      return;
    }
    this.#scheduled = false;
    this.#quiet?.resolve();
    this.#quiet = undefined;
  }

  async #untilQuiet(): Promise<void> {
    while (this.#handling || this.#call !== undefined) {
      this.#quiet ??= Promise.withResolvers();
      await this.#quiet.promise;
    }
  }

  // Life.

  /** Starts the first incarnation within this call. Otherwise it starts at its first turn. */
  startNow(): void {
    this.#begin();
    if (this.#call === undefined) this.#rest();
  }

  start(): void {
    if (this.#phase !== "backing-off" || this.#stopping !== undefined) return;
    this.#restarts++;
    this.#phase = "starting";
    if (!this.#scheduled) this.#schedule();
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
      this.#fail(error, "init", undefined, undefined);
    }
    this.#handling = false;
  }

  #started(state: State): void {
    this.#live = { state };
    if (this.#phase !== "starting") return;
    this.#phase = "running";
    this.runtime.events.emit({
      type: "started",
      path: this.path,
      at: this.runtime.clock.now(),
      restarts: this.#restarts,
    });
  }

  #fail(
    error: unknown,
    during: Activity,
    message: Msg | undefined,
    ask: PendingAsk | undefined,
  ): void {
    const at = this.runtime.clock.now();
    this.runtime.events.emit({ type: "failed", path: this.path, at, during, error, message });
    ask?.reject(new MessageFailedError(this.path, error));
    if (this.#suspend()) this.#parent.childFailed(this, error, message);
  }

  finish(): void {
    if (this.#suspend()) this.#parent.childFinished(this);
  }

  #suspend(): boolean {
    if (this.#phase !== "running" && this.#phase !== "starting") return false;
    this.#phase = "suspended";
    this.#ranMs = this.runtime.clock.now() - (this.#incarnation?.startedAt ?? 0);
    return true;
  }

  end(reason: StopReason): Promise<void> {
    if (this.#stopping !== undefined) return this.#stopping;
    const ending = this.#endIncarnation(reason);
    this.#arm(this.#options.stopDeadlineMs);
    return ending;
  }

  restartDelay(): number {
    return this.#backoff?.next(this.#ranMs) ?? 0;
  }

  awaitRestart(delayMs: number, error: unknown): void {
    if (this.#phase !== "backing-off") return;
    const at = this.runtime.clock.now();
    this.runtime.events.emit({ type: "restarting", path: this.path, at, delayMs, error });
  }

  stop(reason: StopReason, deadlineMs?: number): Promise<void> {
    if (this.#stopping !== undefined) {
      if (deadlineMs !== undefined && this.#phase !== "stopped") this.#arm(deadlineMs);
      return this.#stopping;
    }
    const stopped = Promise.withResolvers<void>();
    this.#stopping = stopped.promise;
    this.#accepting = false;
    this.runtime.events.emit({ type: "stopping", path: this.path, at: this.runtime.clock.now() });
    this.#dropMailbox();
    void this.#runStop(reason).then(stopped.resolve);
    this.#arm(deadlineMs ?? this.#options.stopDeadlineMs);
    return stopped.promise;
  }

  tree(): TreeNode {
    return {
      name: this.name,
      path: this.path,
      state: STATE_OF_PHASE[this.#phase],
      mailbox: this.#mailbox.size,
      restarts: this.#restarts,
      ageMs: this.runtime.clock.now() - this.#spawnedAt,
      children: Array.from(this.#supervisor?.children ?? [], (child) => child.tree()),
    };
  }

  async #runStop(reason: StopReason): Promise<void> {
    await this.#endIncarnation(reason);
    this.#phase = "stopped";
    this.#disarm();
    for (const ask of [...this.#unanswered]) ask.reject(new ActorStoppedError(this.path));
    const at = this.runtime.clock.now();
    this.runtime.events.emit({ type: "stopped", path: this.path, at, reason });
    this.#parent.childStopped(this, reason);
    this.#watchers.notify({ type: "terminated", ref: this.ref, path: this.path, reason });
  }

  #dropMailbox(): void {
    for (let entry = this.#mailbox.shift(); entry !== undefined; entry = this.#mailbox.shift()) {
      if (entry instanceof AskedMessage) {
        this.deadLetter(entry.message, "unprocessed");
        entry.ask.reject(new ActorStoppedError(this.path));
      } else {
        this.deadLetter(entry, "unprocessed");
      }
    }
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
    this.#phase = "backing-off";
    this.#incarnation = undefined;
    this.#live = undefined;
    this.#supervisor = undefined;
    const left = this.#system;
    this.#system = [];
    for (const item of left) {
      if (item.type === "fault") this.#fail(item.error, "receive", undefined, undefined);
    }
    this.#ending = undefined;
    this.#forced = false;
    this.#disarm();
  }

  async #release(incarnation: Incarnation<Msg>, reason: StopReason): Promise<void> {
    try {
      const work = this.#behavior.stopped?.(this.#live?.state, incarnation, reason);
      if (work instanceof Promise) {
        this.#await(work, "stopped", undefined, undefined, () => {});
        await this.#untilQuiet();
      }
    } catch (error) {
      this.#fail(error, "stopped", undefined, undefined);
    }
  }

  // The deadline of an end.

  #arm(deadlineMs: number): void {
    if (deadlineMs <= 0) return this.#force();
    if (deadlineMs === Infinity || this.#phase !== "ending") return;
    const at = this.runtime.clock.now() + deadlineMs;
    if (this.#deadline !== undefined && this.#deadline.at <= at) return;
    this.#disarm();
    const timer = this.runtime.clock.setTimeout(() => this.#force(), deadlineMs);
    this.#deadline = { at, timer };
  }

  #disarm(): void {
    this.#deadline?.timer.cancel();
    this.#deadline = undefined;
  }

  /** Gives up what is under way, here and below, so that the end goes on. */
  #force(): void {
    if (this.#phase !== "ending") return;
    this.#disarm();
    this.#forced = true;
    if (this.#call !== undefined) this.#abandon(this.#call);
    this.#supervisor?.forceAll();
  }

  #abandon(call: AsyncCall<Msg>): void {
    this.#call = undefined;
    this.#incarnation?.close();
    const at = this.runtime.clock.now();
    this.runtime.events.emit({ type: "abandoned", path: this.path, at, during: call.during });
    if (call.message !== undefined) this.deadLetter(call.message, "interrupted");
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
    child.#schedule();
    return child.ref;
  }

  childFailed(child: Child, error: unknown, message: unknown): void {
    if (this.supervising && this.#behavior.signal !== undefined) {
      const { ref, path } = child;
      this.#enqueueSystem({
        type: "signal",
        signal: { type: "child-failed", ref, path, error, message },
      });
    }
    this.#supervisor?.childFailed(child, error);
  }

  childFinished(child: Child): void {
    this.#supervisor?.childFinished(child);
  }

  childStopped(child: Child): void {
    this.#supervisor?.childStopped(child);
  }

  escalate(error: unknown): void {
    this.#fail(error, "supervise", undefined, undefined);
  }
}
