/**
 * A small actor kernel: typed references, bounded mailboxes, supervision, death watch, a live tree and
 * virtual time. It depends on nothing and knows nothing of what its actors do.
 *
 * What it holds to:
 * - An actor handles one message at a time, also when handling is async, and the messages of one sender
 *   in the order they were sent.
 * - A mailbox is bounded. Who sends to a full one, or to a stopped actor, is told so.
 * - Every accepted message is handled, reported as failed, or found among the dead letters. None is
 *   replayed.
 * - An ask always ends: answered, timed out, aborted, or rejected as soon as its message is dropped or
 *   its actor has stopped.
 * - Signals and stops come before the messages that are queued.
 * - A failure is decided on by the parent: restart (with backoff, alone or with siblings), stop, or
 *   fail itself. A restart keeps the mailbox and the address.
 * - A stop goes from the leaves to the root, gives each actor a deadline, and then is forced.
 * - Time and chance are injected.
 *
 * @example A worker that is restarted, supervised by a parent that gives up on some errors
 * ```ts
 * import { ActorSystem, type Behavior, type Reply } from "@sluice/sluice/kernel";
 *
 * type Command = { type: "fetch"; url: string; reply: Reply<number> };
 *
 * const worker: Behavior<Command, { fetched: number }> = {
 *   init: () => ({ fetched: 0 }),
 *   async receive(state, message, ctx) {
 *     const response = await fetch(message.url, { signal: ctx.signal });
 *     message.reply.ok(response.status);
 *     return { fetched: state.fetched + 1 };
 *   },
 * };
 *
 * const pool: Behavior<never, null> = {
 *   init(ctx) {
 *     ctx.spawn("worker", worker, { backoff: { minMs: 200, maxMs: 10_000 } });
 *     return null;
 *   },
 *   receive: (state) => state,
 *   signal(state, signal, ctx) {
 *     console.log(`${ctx.path} learns: ${signal.type} of ${signal.path}`);
 *     return state;
 *   },
 * };
 *
 * await using system = new ActorSystem();
 * system.spawn("pool", pool, {
 *   supervision: {
 *     strategy: "one-for-one",
 *     restarts: Infinity,
 *     decide: (error) => error instanceof TypeError ? "restart" : "escalate",
 *   },
 * });
 * ```
 *
 * @module
 */

export { ActorSystem } from "./system.ts";
export type { Fault, SystemOptions } from "./system.ts";
export type { ActorContext, Behavior, ChildFailed, Signal } from "./behavior.ts";
export type {
  ActorRef,
  AnswerTo,
  AskOptions,
  MemberOf,
  MessageOf,
  Reply,
  StopOptions,
  TellResult,
  Terminated,
} from "./actor_ref.ts";
export type {
  RestartStrategy,
  RestartType,
  SpawnOptions,
  SupervisionDecision,
  SupervisionOptions,
} from "./options.ts";
export { Backoff } from "./backoff.ts";
export type { BackoffOptions } from "./backoff.ts";
export { RestartWindow } from "./restart_window.ts";
export type { StopReason } from "./stop_reason.ts";
export type { Activity, LifecycleDetail, LifecycleEvent, LifecycleEvents } from "./lifecycle.ts";
export type { DeadLetter, DeadLetterReason } from "./dead_letters.ts";
export type { ActorState, TreeNode } from "./tree.ts";
export { systemClock } from "./clock.ts";
export type { Cancellable, Clock } from "./clock.ts";
export { VirtualClock } from "./virtual_clock.ts";
export { seededRandom, systemRandom } from "./random.ts";
export type { RandomSource } from "./random.ts";
export {
  ActorError,
  ActorStoppedError,
  AskAbortedError,
  AskTimeoutError,
  InvalidMessageError,
  InvalidNameError,
  InvalidOptionError,
  MailboxFullError,
  MessageFailedError,
  NameTakenError,
  NotAChildError,
  RestartLimitError,
} from "./errors.ts";
