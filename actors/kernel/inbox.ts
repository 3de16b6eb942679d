import type { ActorRef, TellResult } from "./actor_ref.ts";
import { AskedMessage } from "./ask.ts";
import type { PendingAsk } from "./ask.ts";
import type { Signal } from "./behavior.ts";
import type { DeadLetterReason } from "./dead_letters.ts";
import type { Runnable } from "./dispatcher.ts";
import { ActorStoppedError, InvalidMessageError, MailboxFullError } from "./errors.ts";
import { Mailbox } from "./mailbox.ts";
import type { Runtime } from "./runtime.ts";

/** What the kernel itself has for an actor. It is handled before the messages. */
export type SystemItem =
  | { readonly type: "signal"; readonly signal: Signal }
  | { readonly type: "fault"; readonly error: unknown };

/**
 * All that waits for one actor, messages and system items, and whether the actor has its turn coming.
 * What it refuses or drops becomes a dead letter, and the ask that belongs to it ends at once.
 */
export class Inbox<Msg> {
  /** Whose it is. */
  readonly path: string;
  readonly #owner: Runnable;
  readonly #runtime: Runtime;
  readonly #mailbox: Mailbox<Msg | AskedMessage<Msg>>;
  #system: SystemItem[] = [];
  #closed = false;
  /** Whether the owner is in the dispatcher's queue, or is sure to look here when it is done. */
  #awake = false;

  /** Is empty and open. @param owner gets a turn when something waits */
  constructor(path: string, capacity: number, owner: Runnable, runtime: Runtime) {
    this.path = path;
    this.#owner = owner;
    this.#runtime = runtime;
    this.#mailbox = new Mailbox(capacity);
  }

  /** How many messages wait. */
  get depth(): number {
    return this.#mailbox.size;
  }

  /** Whether anything waits. */
  get empty(): boolean {
    return this.#mailbox.size === 0 && this.#system.length === 0;
  }

  /** Takes a message if there is room. @throws {InvalidMessageError} for `undefined` */
  tell(message: Msg): TellResult {
    if (message === undefined) throw new InvalidMessageError(this.path);
    if (this.#closed) {
      this.deadLetter(message, "stopped");
      return "stopped";
    }
    if (!this.#mailbox.push(message)) {
      this.deadLetter(message, "mailbox-full");
      return "full";
    }
    if (!this.#awake) this.wake();
    return "accepted";
  }

  /** Takes a message that somebody waits for the answer of. @throws {InvalidMessageError} */
  ask(message: Msg, ask: PendingAsk): void {
    if (message === undefined) throw new InvalidMessageError(this.path);
    if (this.#closed) {
      this.deadLetter(message, "stopped");
      ask.reject(new ActorStoppedError(this.path));
    } else if (!this.#mailbox.push(new AskedMessage(message, ask))) {
      this.deadLetter(message, "mailbox-full");
      ask.reject(new MailboxFullError(this.path, this.#mailbox.capacity));
    } else if (!this.#awake) {
      this.wake();
    }
  }

  /** Takes a message whether or not there is room. */
  deliver(message: Msg): void {
    if (this.#closed) return this.deadLetter(message, "stopped");
    this.#mailbox.pushAnyway(message);
    if (!this.#awake) this.wake();
  }

  /** Takes a system item. */
  notify(item: SystemItem): void {
    this.#system.push(item);
    if (!this.#awake) this.wake();
  }

  /** Takes the end of that actor out again. */
  forget(ref: ActorRef<never>): void {
    this.#system = this.#system.filter((item) =>
      item.type !== "signal" || item.signal.type !== "terminated" || item.signal.ref !== ref
    );
  }

  /** The next system item. */
  nextSystemItem(): SystemItem | undefined {
    return this.#system.length === 0 ? undefined : this.#system.shift();
  }

  /** The next message. */
  nextMessage(): Msg | AskedMessage<Msg> | undefined {
    return this.#mailbox.shift();
  }

  /** Takes all system items out: they were for an incarnation that has ended. */
  clearSystemItems(): SystemItem[] {
    const items = this.#system;
    this.#system = [];
    return items;
  }

  /** Refuses messages from now on, and drops those that wait. */
  close(): void {
    this.#closed = true;
    for (let entry = this.#mailbox.shift(); entry !== undefined; entry = this.#mailbox.shift()) {
      if (entry instanceof AskedMessage) {
        this.deadLetter(entry.message, "unprocessed");
        entry.ask.reject(new ActorStoppedError(this.path));
      } else {
        this.deadLetter(entry, "unprocessed");
      }
    }
  }

  /** Gives the owner a turn, unless one is coming. */
  wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#runtime.dispatcher.push(this.#owner);
  }

  /** Gives the owner, which has its turn now, another one. */
  wakeAgain(): void {
    this.#awake = true;
    this.#runtime.dispatcher.push(this.#owner);
  }

  /** The owner's turn is over: the next item wakes it. */
  rest(): void {
    this.#awake = false;
  }

  /** Keeps a message or an answer that reached nobody. */
  deadLetter(message: unknown, reason: DeadLetterReason): void {
    const { path } = this;
    const at = this.#runtime.clock.now();
    const letter = { path, message, reason, at };
    this.#runtime.deadLetters.add(letter);
    this.#runtime.events.emit({ type: "dead-letter", path, at, letter });
  }
}
