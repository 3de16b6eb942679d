import { ActorCell } from "./actor_cell.ts";
import type { Parent } from "./actor_cell.ts";
import type { ActorRef, StopOptions } from "./actor_ref.ts";
import { AskTimeouts } from "./ask_timeouts.ts";
import type { Behavior } from "./behavior.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { DeadLetters } from "./dead_letters.ts";
import type { DeadLetter } from "./dead_letters.ts";
import { Dispatcher } from "./dispatcher.ts";
import { ActorStoppedError, InvalidOptionError } from "./errors.ts";
import { LifecycleStream } from "./lifecycle.ts";
import type { LifecycleEvents } from "./lifecycle.ts";
import type { SpawnOptions, SupervisionOptions } from "./options.ts";
import type { RandomSource } from "./random.ts";
import { systemRandom } from "./random.ts";
import type { Runtime } from "./runtime.ts";
import type { StopReason } from "./stop_reason.ts";
import type { TreeNode } from "./tree.ts";

/**
 * Something that nobody in the tree could deal with:
 * - `root-failed`: a failure reached the root, and the whole system stops.
 * - `listener-failed`: a listener of `events`, or one given to `ref.watch`, threw.
 */
export interface Fault {
  /** What happened. */
  readonly type: "root-failed" | "listener-failed";
  /** The failure itself. */
  readonly error: unknown;
}

/** How a system is run. */
export interface SystemOptions {
  /** The first segment of every path; default `root`. */
  name?: string;
  /** Where time comes from; default is real time. */
  clock?: Clock;
  /** Where chance comes from; default is real chance. */
  random?: RandomSource;
  /** How many messages may wait in the mailbox of an actor whose options say nothing; default 1,000. */
  mailboxCapacity?: number;
  /** How many dead letters are kept; default 256. */
  deadLetterCapacity?: number;
  /** How the root supervises the actors spawned by the system; defaults as for any actor. */
  supervision?: SupervisionOptions;
  /** How long the whole tree may take to stop before it is forced, in ms; default 5,000. */
  stopDeadlineMs?: number;
  /** Is told of what nobody in the tree could deal with; default writes it to the console. */
  onFault?: (fault: Fault) => void;
}

/**
 * A tree of actors with one clock, one stream of events and one place for dead letters.
 *
 * @example
 * ```ts
 * import { ActorSystem } from "@sluice/sluice/kernel";
 *
 * await using system = new ActorSystem({ name: "lab" });
 * const printer = system.spawn<string, null>("printer", {
 *   init: () => null,
 *   receive: (state, line) => (console.log(line), state),
 * });
 * printer.tell("hello");
 * console.log(system.tree().children[0]?.path); // "/lab/printer"
 * ```
 */
export class ActorSystem implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #root: ActorCell<never, null>;
  readonly #events: LifecycleStream;
  readonly #terminated = Promise.withResolvers<StopReason>();
  readonly #onFault: (fault: Fault) => void;

  /** Starts a system, empty but for its root. @throws {InvalidOptionError} when an option makes no sense */
  constructor(options: SystemOptions = {}) {
    const { name = "root", clock = systemClock, random = systemRandom } = options;
    const { mailboxCapacity = 1_000, deadLetterCapacity = 256, stopDeadlineMs = 5_000 } = options;
    if (!Number.isInteger(deadLetterCapacity) || deadLetterCapacity < 0) {
      throw new InvalidOptionError("deadLetterCapacity", deadLetterCapacity, "a whole number");
    }
    this.#onFault = options.onFault ?? reportToConsole;
    this.#events = new LifecycleStream((error) => {
      this.#report({ type: "listener-failed", error });
    });
    this.#runtime = {
      clock,
      random,
      mailboxCapacity,
      dispatcher: new Dispatcher(),
      askTimeouts: new AskTimeouts(clock),
      events: this.#events,
      deadLetters: new DeadLetters(deadLetterCapacity),
    };
    const above: Parent = {
      childFailed: (root, error) => {
        void root.stop({ type: "failed", error });
        this.#report({ type: "root-failed", error });
      },
      childFinished: (root) => void root.stop({ type: "finished" }),
      childStopped: (_root, reason) => this.#end(reason),
    };
    const supervision = options.supervision ?? {};
    const guardian: Behavior<never, null> = { init: () => null, receive: (state) => state };
    this.#root = new ActorCell(
      name,
      "",
      guardian,
      { supervision, stopDeadlineMs },
      above,
      this.#runtime,
    );
    this.#root.startNow();
  }

  /** Everything that happens in the tree, for logs, metrics and tests. */
  get events(): LifecycleEvents {
    return this.#events;
  }

  /**
   * Resolves when the system has stopped, with why: `requested`, or `failed` with the error that
   * reached the root. Never rejects.
   */
  get terminated(): Promise<StopReason> {
    return this.#terminated.promise;
  }

  /**
   * Starts an actor right below the root.
   *
   * @throws {NameTakenError} when a living actor below the root has this name
   * @throws {InvalidNameError} when the name is empty or has a slash or a control character
   * @throws {InvalidOptionError} when an option makes no sense
   * @throws {ActorStoppedError} when the system has stopped or is stopping
   */
  spawn<Msg, State>(
    name: string,
    behavior: Behavior<Msg, State>,
    options?: SpawnOptions,
  ): ActorRef<Msg> {
    if (!this.#root.supervising) throw new ActorStoppedError(this.#root.path);
    return this.#root.spawnChild(name, behavior, options);
  }

  /** Stops all actors, children before parents, and resolves when none is left. Never rejects. */
  async stop(options?: StopOptions): Promise<void> {
    await this.#root.stop({ type: "requested" }, options?.deadlineMs);
    this.#events.flush();
  }

  /** Stops the system at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The tree as it is at this moment. */
  tree(): TreeNode {
    return this.#root.tree();
  }

  /** The last messages that reached nobody, oldest first. */
  deadLetters(): readonly DeadLetter[] {
    return this.#runtime.deadLetters.list();
  }

  /** How many messages reached nobody since the start. */
  get deadLetterCount(): number {
    return this.#runtime.deadLetters.total;
  }

  #report(fault: Fault): void {
    try {
      this.#onFault(fault);
    } catch (error) {
      reportToConsole(fault);
      console.error("actor system: onFault threw", error);
    }
  }

  #end(reason: StopReason): void {
    this.#runtime.askTimeouts.close();
    this.#terminated.resolve(reason);
  }
}

function reportToConsole(fault: Fault): void {
  console.error(`actor system: ${fault.type}`, fault.error);
}
