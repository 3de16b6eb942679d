/**
 * The base of every error that the kernel itself raises. What a behaviour throws is never replaced:
 * where the kernel wraps it, the original is the `cause`.
 *
 * @example
 * ```ts
 * import { ActorError } from "@sluice/sluice/kernel";
 *
 * function explain(error: unknown): string {
 *   return error instanceof ActorError ? `${error.code}: ${error.message}; ${error.next}` : String(error);
 * }
 * console.log(explain(new Error("not ours")));
 * ```
 */
export abstract class ActorError extends Error {
  /** Stable, for programs: `ask_timeout`, `actor_stopped`, … */
  abstract readonly code: string;
  /** Whether the same call may succeed when made again. */
  abstract readonly retryable: boolean;
  /** What the caller can do about it. */
  abstract readonly next: string;
  /** The class's name, so that logs show more than `Error`. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** No answer came within the time given to an ask. The message may still be handled later. */
export class AskTimeoutError extends ActorError {
  /** `ask_timeout` */
  readonly code = "ask_timeout";
  /** The actor may only have been slow. */
  readonly retryable = true;
  /** What the caller can do about it. */
  readonly next =
    "raise timeoutMs, or look at system.tree() for the actor's state and mailbox depth";

  /** Made by the kernel. @param path the actor that was asked @param timeoutMs how long the asker waited, in ms */
  constructor(readonly path: string, readonly timeoutMs: number) {
    super(`${path} did not answer within ${timeoutMs} ms`);
  }
}

/** The asker's AbortSignal fired before the answer came; the signal's reason is the `cause`. */
export class AskAbortedError extends ActorError {
  /** `ask_aborted` */
  readonly code = "ask_aborted";
  /** It was the caller's own wish. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next = "nothing: the caller gave up; the message may still be handled";

  /** Made by the kernel. @param path the actor that was asked @param reason the reason of the signal */
  constructor(readonly path: string, reason: unknown) {
    super(`the ask of ${path} was aborted`, { cause: reason });
  }
}

/** The actor has stopped or is stopping: it takes no message, answers no ask and has no children. */
export class ActorStoppedError extends ActorError {
  /** `actor_stopped` */
  readonly code = "actor_stopped";
  /** A stopped actor never comes back; another of the same name is another actor. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next = "get a reference to a live actor from its parent; watch it to learn of its end";

  /** Made by the kernel. @param path the actor that has stopped */
  constructor(readonly path: string) {
    super(`${path} has stopped`);
  }
}

/** The mailbox was full, so the message of an ask was not accepted. */
export class MailboxFullError extends ActorError {
  /** `mailbox_full` */
  readonly code = "mailbox_full";
  /** The actor may catch up. */
  readonly retryable = true;
  /** What the caller can do about it. */
  readonly next = "send less, wait and try again, or raise the actor's mailbox capacity";

  /** Made by the kernel. @param path the actor that was asked @param capacity the size of its mailbox in messages */
  constructor(readonly path: string, readonly capacity: number) {
    super(`the mailbox of ${path} is full (${capacity} messages)`);
  }
}

/** The actor failed while handling the asked message; what it threw is the `cause`. */
export class MessageFailedError extends ActorError {
  /** `message_failed` */
  readonly code = "message_failed";
  /** The message is not replayed: it may have had half of its effects. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next = "see the cause; the actor's supervisor has decided what becomes of the actor";

  /** Made by the kernel. @param path the actor that failed @param cause what it threw */
  constructor(readonly path: string, cause: unknown) {
    super(`${path} failed while handling the message: ${describe(cause)}`, { cause });
  }
}

/** Two living children of one parent cannot have the same name. */
export class NameTakenError extends ActorError {
  /** `name_taken` */
  readonly code = "name_taken";
  /** The name is free again once its holder has stopped. */
  readonly retryable = true;
  /** What the caller can do about it. */
  readonly next = "choose another name, or await the stop of the actor that has it";

  /** Made by the kernel. @param path the path that is in use */
  constructor(readonly path: string) {
    super(`there is already an actor ${path}`);
  }
}

/** A name must be usable as one segment of a path. */
export class InvalidNameError extends ActorError {
  /** `invalid_name` */
  readonly code = "invalid_name";
  /** The same name stays invalid. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next = "use a non-empty name without slashes and control characters";

  /** Made by the kernel. @param invalid the name that was refused */
  constructor(readonly invalid: string) {
    super(`${JSON.stringify(invalid)} is not a valid actor name`);
  }
}

/** An option has a value that makes no sense. */
export class InvalidOptionError extends ActorError {
  /** `invalid_option` */
  readonly code = "invalid_option";
  /** The same value stays invalid. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next: string;

  /** Made by the kernel. @param option its name @param value what was given @param expected what it must be */
  constructor(readonly option: string, value: unknown, expected: string) {
    super(`${option} is ${String(value)}, but must be ${expected}`);
    this.next = `give ${option} ${expected}`;
  }
}

/** A reference that is not one of the actor's children was given where a child is needed. */
export class NotAChildError extends ActorError {
  /** `not_a_child` */
  readonly code = "not_a_child";
  /** It will not become one. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next = "call stop() on the reference itself, or send its parent a message";

  /** Made by the kernel. @param parent the path of the caller @param path the actor that is not its child */
  constructor(readonly parent: string, readonly path: string) {
    super(`${path} is not a child of ${parent}`);
  }
}

/**
 * Children were restarted more often than their parent allows, so the parent itself has failed. The
 * last child's error is the `cause`.
 */
export class RestartLimitError extends ActorError {
  /** `restart_limit` */
  readonly code = "restart_limit";
  /** Restarting did not help. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next =
    "see the cause; if the failures are to be expected, give the child a backoff or raise supervision.restarts";

  /**
   * Made by the kernel.
   *
   * @param path the child that failed last
   * @param restarts how many restarts are allowed
   * @param withinMs in which time, in ms
   * @param cause what the child failed with
   */
  constructor(
    readonly path: string,
    readonly restarts: number,
    readonly withinMs: number,
    cause: unknown,
  ) {
    super(
      `${path} failed again after ${restarts} restarts within ${withinMs} ms: ${describe(cause)}`,
      { cause },
    );
  }
}

/** `undefined` cannot be a message: an empty place in a mailbox is `undefined`. */
export class InvalidMessageError extends ActorError {
  /** `invalid_message` */
  readonly code = "invalid_message";
  /** It stays invalid. */
  readonly retryable = false;
  /** What the caller can do about it. */
  readonly next = 'send an object of the message union, such as { type: "tick" }';

  /** Made by the kernel. @param path the actor it was sent to */
  constructor(readonly path: string) {
    super(`undefined was sent to ${path}, which is not a message`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
