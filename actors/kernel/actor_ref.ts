import type { Cancellable } from "./clock.ts";
import type { StopReason } from "./stop_reason.ts";

/**
 * What became of a message that was sent: `accepted` into the mailbox, or refused because the mailbox
 * is `full` or the actor is `stopped` (or stopping). Refused messages are also dead letters.
 */
export type TellResult = "accepted" | "full" | "stopped";

/**
 * How an actor answers an ask. It travels in the message and may be kept, or handed to another actor;
 * the first answer counts, and any later one becomes a dead letter.
 */
export interface Reply<in R> {
  /** Answers with a value. */
  ok(value: R): void;
  /** Answers with an error: the asker's promise rejects with exactly this. */
  fail(error: unknown): void;
}

/** How long an ask waits, and what ends it early. */
export interface AskOptions {
  /** After this long the ask rejects with an AskTimeoutError; in ms, default 5,000. May be Infinity. */
  timeoutMs?: number;
  /** Aborting it rejects the ask with an AskAbortedError. The message may still be handled. */
  signal?: AbortSignal;
}

/** How an actor is stopped from outside. */
export interface StopOptions {
  /**
   * How long the actor and everything below it may take to stop by themselves, in ms; default is the
   * actor's own `stopDeadlineMs`. After that they are stopped by force.
   */
  deadlineMs?: number;
}

/** The end of a watched actor. */
export interface Terminated {
  /** Distinguishes it from other signals. */
  readonly type: "terminated";
  /** The reference that was watched. */
  readonly ref: ActorRef<never>;
  /** Its path. */
  readonly path: string;
  /** Why it stopped. */
  readonly reason: StopReason;
}

/** The message type of a reference. */
export type MessageOf<Ref> = Ref extends ActorRef<infer Msg> ? Msg : never;

/** What the asker of a message gets: the type of the `Reply` among the message's properties. */
export type AnswerTo<Message> = Message extends object ? {
    [Key in keyof Message]-?: NonNullable<Message[Key]> extends Reply<infer Answer> ? Answer
      : never;
  }[keyof Message]
  : never;

/** Those members of the union `Msg` that `Built` is one of. */
export type MemberOf<Msg, Built> = Msg extends unknown ? Built extends Msg ? Msg : never : never;

/**
 * The address of an actor: all that others ever hold of it. It stays the same across restarts. A
 * reference to an actor of many messages can be passed where one of fewer is wanted; any reference can
 * be passed as `ActorRef<never>`.
 *
 * @example
 * ```ts
 * import { ActorSystem, type Reply } from "@sluice/sluice/kernel";
 *
 * type Counter = { type: "add"; by: number } | { type: "get"; reply: Reply<number> };
 *
 * await using system = new ActorSystem();
 * const counter = system.spawn<Counter, number>("counter", {
 *   init: () => 0,
 *   receive(count, message) {
 *     switch (message.type) {
 *       case "add":
 *         return count + message.by;
 *       case "get":
 *         message.reply.ok(count);
 *         return count;
 *     }
 *   },
 * });
 * counter.tell({ type: "add", by: 2 });
 * const count: number = await counter.ask((reply) => ({ type: "get", reply }));
 * console.log(count); // 2
 * ```
 */
export interface ActorRef<in Msg> {
  /** Where the actor is in the tree, such as `/root/cluster:dev/poller`. */
  readonly path: string;

  /**
   * Puts a message into the mailbox and returns at once. Messages of one sender are handled in the
   * order they were sent.
   *
   * @throws {InvalidMessageError} for `undefined`
   */
  tell(message: Msg): TellResult;

  /**
   * Sends a message that carries a `Reply` and resolves with the answer, whose type follows from the
   * message's.
   *
   * Rejects with AskTimeoutError, AskAbortedError, MailboxFullError, ActorStoppedError (at once when the
   * message is dropped, or when the actor stops without having answered), MessageFailedError (when the
   * actor fails on this message), or with what `reply.fail` was given. A restart does not end the asks
   * that were handled but not answered, since whoever has the reply may still answer; else they time
   * out.
   */
  ask<Message extends Msg, Self extends ActorRef<never>>(
    this: Self,
    build: (reply: Reply<unknown>) => Message,
    options?: AskOptions,
  ): Promise<AnswerTo<MemberOf<MessageOf<Self>, Message>>>;
  /** The same with the type of the answer given by the caller, as `ref.ask<number>(…)`. */
  ask<R>(build: (reply: Reply<R>) => Msg, options?: AskOptions): Promise<R>;

  /**
   * Stops the actor for good, whatever its restart type, children first. The message in hand is
   * finished; those still queued become dead letters. Resolves when it has stopped, and never rejects.
   */
  stop(options?: StopOptions): Promise<void>;

  /**
   * Calls `listener` once, when the actor has stopped for good (soon, if it already has). For code
   * that is not an actor; actors use `ctx.watch`.
   */
  watch(listener: (terminated: Terminated) => void): Cancellable;
}
