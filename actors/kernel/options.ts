import type { BackoffOptions } from "./backoff.ts";
import { InvalidOptionError } from "./errors.ts";

/**
 * When an actor is started again after it ended by itself, as in OTP:
 * - `permanent`: always, also after `ctx.stop()`.
 * - `transient`: when it failed, but not after `ctx.stop()`.
 * - `temporary`: never; nor do its siblings suffer from its failure.
 *
 * None is started again after a `stop` from outside.
 */
export type RestartType = "permanent" | "transient" | "temporary";

/**
 * Who is restarted when one child is, as in OTP:
 * - `one-for-one`: that child alone.
 * - `all-for-one`: all children.
 * - `rest-for-one`: that child and those started after it.
 *
 * They are stopped in the reverse of the order they were started in, one after the other, and started
 * in that order.
 */
export type RestartStrategy = "one-for-one" | "all-for-one" | "rest-for-one";

/** What a parent does about a child's failure: restart it, stop it for good, or fail itself. */
export type SupervisionDecision = "restart" | "stop" | "escalate";

/** How an actor supervises its children. */
export interface SupervisionOptions {
  /** Who is restarted when one child is; default `one-for-one`. */
  strategy?: RestartStrategy;
  /**
   * How many restarts are allowed within `withinMs`; default 3. One more and this actor itself fails.
   * Infinity allows any number: right for children that have a backoff.
   */
  restarts?: number;
  /** The period for `restarts`, in ms; default 5,000. */
  withinMs?: number;
  /** What to do about an error; default is always to restart. When it throws, this actor fails. */
  decide?: (error: unknown) => SupervisionDecision;
}

/** How one actor is run. */
export interface SpawnOptions {
  /** When it is started again; default `permanent`. */
  restart?: RestartType;
  /** Its mailbox. `capacity`: how many messages may wait; default is the system's, 1,000. */
  mailbox?: { capacity?: number };
  /** How it supervises its own children. */
  supervision?: SupervisionOptions;
  /** The wait before each restart; default is none at all. */
  backoff?: BackoffOptions;
  /**
   * How long it, and everything below it, may take to stop by itself before it is forced, in ms;
   * default 5,000. It also bounds how long a message in hand may hold up a restart.
   */
  stopDeadlineMs?: number;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  /** When it is started again. */
  readonly restart: RestartType;
  /** How many messages may wait. */
  readonly capacity: number;
  /** Who of its children is restarted when one is. */
  readonly strategy: RestartStrategy;
  /** How many restarts of its children are allowed within `withinMs`. */
  readonly restarts: number;
  /** The period for `restarts`, in ms. */
  readonly withinMs: number;
  /** What it does about an error of a child. */
  readonly decide: (error: unknown) => SupervisionDecision;
  /** The waits before its own restarts. */
  readonly backoff: BackoffOptions | undefined;
  /** How long it may take to stop, in ms. */
  readonly stopDeadlineMs: number;
}

/**
 * Fills in the defaults.
 *
 * @throws {InvalidOptionError} when a number is negative, or a capacity is not at least 1
 */
export function resolveOptions(options: SpawnOptions, mailboxCapacity: number): ResolvedOptions {
  const supervision = options.supervision ?? {};
  const capacity = options.mailbox?.capacity ?? mailboxCapacity;
  if (!(capacity >= 1)) throw new InvalidOptionError("mailbox.capacity", capacity, "at least 1");
  return {
    restart: options.restart ?? "permanent",
    capacity,
    strategy: supervision.strategy ?? "one-for-one",
    restarts: notNegative("supervision.restarts", supervision.restarts ?? 3),
    withinMs: notNegative("supervision.withinMs", supervision.withinMs ?? 5_000),
    decide: supervision.decide ?? (() => "restart"),
    backoff: options.backoff,
    stopDeadlineMs: notNegative("stopDeadlineMs", options.stopDeadlineMs ?? 5_000),
  };
}

function notNegative(option: string, value: number): number {
  if (!(value >= 0)) throw new InvalidOptionError(option, value, "at least 0");
  return value;
}
