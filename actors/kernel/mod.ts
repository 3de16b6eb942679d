/**
 * A small actor kernel: typed references, bounded mailboxes, supervision, death watch, a live tree and
 * virtual time. It depends on nothing and knows nothing of what its actors do.
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
export type { StopReason } from "./stop_reason.ts";
export type { Activity, LifecycleEvent, LifecycleEvents } from "./lifecycle.ts";
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
