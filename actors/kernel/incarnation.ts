import type { ActorRef } from "./actor_ref.ts";
import type { ActorContext, Behavior } from "./behavior.ts";
import type { Cancellable, Clock } from "./clock.ts";
import {
  ActorStoppedError,
  InvalidMessageError,
  InvalidOptionError,
  NotAChildError,
} from "./errors.ts";
import type { Inbox } from "./inbox.ts";
import type { SpawnOptions } from "./options.ts";
import type { RandomSource } from "./random.ts";
import type { Runtime } from "./runtime.ts";
import type { Supervisor } from "./supervision.ts";

/** What an incarnation needs of the actor it belongs to. */
export interface IncarnationHost<Msg> {
  /** Its address. */
  readonly ref: ActorRef<Msg>;
  /** Where it is in the tree. */
  readonly path: string;
  /** What waits for it. */
  readonly inbox: Inbox<Msg>;
  /** What it shares with the whole system. */
  readonly runtime: Runtime;
  /** Its children, when it has ever had any. */
  readonly supervisor: Supervisor | undefined;
  /** Starts a child. */
  spawnChild<M, S>(name: string, behavior: Behavior<M, S>, options?: SpawnOptions): ActorRef<M>;
  /** Fails the actor at its next turn. */
  fault(error: unknown): void;
  /** Ends the actor after the message in hand. */
  finish(): void;
}

/**
 * One life of an actor, from `init` to `stopped`: the context its behaviour sees, and the owner of its
 * timers, watches and abort signal, which end with it.
 */
export class Incarnation<Msg> implements ActorContext<Msg> {
  readonly self: ActorRef<Msg>;
  readonly path: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** When it began, in the clock's milliseconds. */
  readonly startedAt: number;
  readonly #host: IncarnationHost<Msg>;
  readonly #timers = new Set<Cancellable>();
  readonly #watches = new Map<ActorRef<never>, Cancellable>();
  #abort: AbortController | undefined = undefined;
  #closed = false;

  /** Begins now. */
  constructor(host: IncarnationHost<Msg>) {
    this.#host = host;
    this.self = host.ref;
    this.path = host.path;
    this.clock = host.runtime.clock;
    this.random = host.runtime.random;
    this.startedAt = this.clock.now();
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#closed) this.#abort.abort(new ActorStoppedError(this.path));
    }
    return this.#abort.signal;
  }

  get children(): readonly ActorRef<never>[] {
    return Array.from(this.#host.supervisor?.children ?? [], (child) => child.ref);
  }

  child(name: string): ActorRef<never> | undefined {
    return this.#host.supervisor?.child(name)?.ref;
  }

  spawn<M, S>(name: string, behavior: Behavior<M, S>, options?: SpawnOptions): ActorRef<M> {
    this.#assertOpen();
    return this.#host.spawnChild(name, behavior, options);
  }

  watch(ref: ActorRef<never>): void {
    this.#assertOpen();
    if (this.#watches.has(ref)) return;
    const watch = ref.watch((terminated) => {
      this.#watches.delete(ref);
      this.#host.inbox.notify({ type: "signal", signal: terminated });
    });
    this.#watches.set(ref, watch);
  }

  unwatch(ref: ActorRef<never>): void {
    this.#watches.get(ref)?.cancel();
    this.#watches.delete(ref);
    this.#host.inbox.forget(ref);
  }

  after(delayMs: number, message: Msg): Cancellable {
    this.#assertOpen();
    if (message === undefined) throw new InvalidMessageError(this.path);
    if (!(delayMs >= 0)) throw new InvalidOptionError("delayMs", delayMs, "at least 0");
    const timer = this.clock.setTimeout(() => {
      this.#timers.delete(owned);
      this.#host.inbox.deliver(message);
    }, delayMs);
    const owned: Cancellable = {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(owned);
      },
    };
    this.#timers.add(owned);
    return owned;
  }

  every(intervalMs: number, message: Msg): Cancellable {
    this.#assertOpen();
    if (message === undefined) throw new InvalidMessageError(this.path);
    if (!(intervalMs > 0)) throw new InvalidOptionError("intervalMs", intervalMs, "above 0");
    const tick = () => {
      timer = this.clock.setTimeout(tick, intervalMs);
      this.self.tell(message);
    };
    let timer = this.clock.setTimeout(tick, intervalMs);
    const owned: Cancellable = {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(owned);
      },
    };
    this.#timers.add(owned);
    return owned;
  }

  pipe<T>(work: Promise<T>, ok: (value: T) => Msg, failed: (error: unknown) => Msg): void {
    work.then(
      (value) => this.#deliverPiped(() => ok(value)),
      (error) => this.#deliverPiped(() => failed(error)),
    );
  }

  stop(): void {
    if (!this.#closed) this.#host.finish();
  }

  async stopChild(ref: ActorRef<never>, options?: { deadlineMs?: number }): Promise<void> {
    if (!this.children.includes(ref)) throw new NotAChildError(this.path, ref.path);
    await ref.stop(options);
  }

  /** Ends what belongs to this incarnation. */
  close(): void {
    this.#closed = true;
    for (const timer of [...this.#timers]) timer.cancel();
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
    this.#abort?.abort(new ActorStoppedError(this.path));
  }

  #assertOpen(): void {
    if (this.#closed) throw new ActorStoppedError(this.path);
  }

  #deliverPiped(build: () => Msg): void {
    let message: Msg;
    try {
      message = build();
      if (message === undefined) throw new InvalidMessageError(this.path);
    } catch (error) {
      if (this.#closed) this.#host.inbox.deadLetter(error, "incarnation-ended");
      else this.#host.fault(error);
      return;
    }
    if (this.#closed) this.#host.inbox.deadLetter(message, "incarnation-ended");
    else this.#host.inbox.deliver(message);
  }
}
