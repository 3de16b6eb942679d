/**
 * The actor of one job.
 *
 * @module
 */

export { neverHeld } from "./allocation.ts";
export type { AllocationInput } from "./allocation.ts";
export type { CancelRequest } from "./cancel.ts";
export * from "./decide.ts";
export * from "./entries.ts";
export * from "./memory.ts";
export * from "./errors.ts";
export * from "./fold.ts";
export * from "./job_actor.ts";
export * from "./job_effects.ts";
export * from "./job_messages.ts";
export type { MessagePiece, WantedMessages } from "./messages.ts";
export { MISSING_GRACE_MS } from "./sighted.ts";
export { retryOutcome } from "./retry.ts";
