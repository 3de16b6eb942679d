import type { ActorRef, Terminated } from "./actor_ref.ts";
import type { Cancellable, Clock } from "./clock.ts";
import type { SpawnOptions } from "./options.ts";
import type { RandomSource } from "./random.ts";
import type { StopReason } from "./stop_reason.ts";

/**
 * A child has failed. It tells the parent's behaviour what happened; what is done about it has already
 * been decided by the parent's `supervision`.
 */
export interface ChildFailed {
  /** Distinguishes it from other signals. */
  readonly type: "child-failed";
  /** The child. */
  readonly ref: ActorRef<never>;
  /** Its path. */
  readonly path: string;
  /** What it failed with. */
  readonly error: unknown;
  /** The message it failed on, or undefined when it failed on something else. */
  readonly message: unknown;
}

/** What the kernel itself tells an actor. Signals are handled before the messages that are queued. */
export type Signal = Terminated | ChildFailed;

/**
 * What an actor does: functions over an immutable state, each returning the next state. Any of them may
 * be async; the actor then handles nothing else until the promise settles. A function that throws fails
 * the actor, and its parent decides what happens next.
 *
 * Nothing here needs a running system, so a test can call `receive` by itself.
 *
 * @example
 * ```ts
 * import { ActorSystem, type Behavior } from "@sluice/sluice/kernel";
 *
 * const greeter: Behavior<{ type: "greet"; name: string }, { greeted: number }> = {
 *   init: () => ({ greeted: 0 }),
 *   receive(state, message) {
 *     console.log(`hello ${message.name}`);
 *     return { greeted: state.greeted + 1 };
 *   },
 * };
 *
 * await using system = new ActorSystem();
 * system.spawn("greeter", greeter).tell({ type: "greet", name: "world" });
 * ```
 */
export interface Behavior<Msg, State> {
  /** Makes the first state, at the start and again at every restart. Messages wait until it is done. */
  init(ctx: ActorContext<Msg>): State | Promise<State>;
  /** Handles one message. */
  receive(state: State, message: Msg, ctx: ActorContext<Msg>): State | Promise<State>;
  /** Handles the end of a watched actor or a child's failure. Without it they are passed over. */
  signal?(state: State, signal: Signal, ctx: ActorContext<Msg>): State | Promise<State>;
  /**
   * Releases what this incarnation holds. Called once for every incarnation whose `init` was called,
   * after its children have stopped, also before a restart. The state is the last one there was, and
   * undefined when `init` did not finish. The context's signal is aborted by then: no timers and no
   * children can be made. What it throws is reported as a `failed` event and holds up nothing.
   */
  stopped?(
    state: State | undefined,
    ctx: ActorContext<Msg>,
    reason: StopReason,
  ): void | Promise<void>;
}

/**
 * What an actor can do besides returning its next state. A context belongs to one incarnation: after
 * the stop or restart its timers are cancelled, its watches are gone, its signal is aborted, and
 * `spawn`, `after`, `every` and `watch` throw an ActorStoppedError.
 */
export interface ActorContext<Msg> {
  /** The actor's own address. */
  readonly self: ActorRef<Msg>;
  /** Its path. */
  readonly path: string;
  /** The system's clock. */
  readonly clock: Clock;
  /** The system's source of chance. */
  readonly random: RandomSource;
  /**
   * Aborted when this incarnation ends. Pass it to every I/O. The message in hand is first given until
   * the stop deadline to finish.
   */
  readonly signal: AbortSignal;
  /** The living children, in the order they were started. */
  readonly children: readonly ActorRef<never>[];

  /**
   * Starts a child. It runs its `init` soon, not within this call.
   *
   * @throws {NameTakenError} when a living child has this name
   * @throws {InvalidNameError} when the name is empty or has a slash or a control character
   * @throws {InvalidOptionError} when an option makes no sense
   * @throws {ActorStoppedError} when this incarnation has ended
   */
  spawn<ChildMsg, ChildState>(
    name: string,
    behavior: Behavior<ChildMsg, ChildState>,
    options?: SpawnOptions,
  ): ActorRef<ChildMsg>;
  /** The living child of this name. */
  child(name: string): ActorRef<never> | undefined;
  /** Sends a `terminated` signal when that actor stops for good; soon, if it already has. */
  watch(ref: ActorRef<never>): void;
  /** Undoes `watch`: no signal comes any more, not even one that was under way. */
  unwatch(ref: ActorRef<never>): void;
  /**
   * Sends itself a message once, after `delayMs` milliseconds. It is taken even when the mailbox is
   * full, since nobody would be there to be told.
   */
  after(delayMs: number, message: Msg): Cancellable;
  /**
   * Sends itself a message every `intervalMs` milliseconds, first after one interval. A tick that finds
   * the mailbox full becomes a dead letter, and the next one comes all the same.
   */
  every(intervalMs: number, message: Msg): Cancellable;
  /**
   * Sends itself the outcome of a promise as a message, so that the actor can go on meanwhile. It is
   * taken even when the mailbox is full; after the end of this incarnation it becomes a dead letter.
   * When `ok` or `failed` throws, the actor fails.
   */
  pipe<T>(work: Promise<T>, ok: (value: T) => Msg, failed: (error: unknown) => Msg): void;
  /**
   * Ends this actor after the message in hand, as an exit with reason `normal` does in OTP: transient
   * and temporary actors are gone for good, but a permanent one (the default) is restarted. Give an
   * actor that is meant to finish `restart: "transient"`.
   */
  stop(): void;
  /**
   * Stops a child for good and resolves when it has stopped.
   *
   * @throws {NotAChildError} when it is not a living child of this actor
   */
  stopChild(ref: ActorRef<never>, options?: { deadlineMs?: number }): Promise<void>;
}
