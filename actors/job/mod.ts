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
export * from "./errors.ts";
export * from "./fold.ts";
export * from "./job_actor.ts";
export * from "./job_effects.ts";
export type { JobInput } from "./job_input.ts";
export * from "./job_messages.ts";
export * from "./memory.ts";
export type { MessagePiece, WantedMessages } from "./messages.ts";
export { retryOutcome } from "./retry.ts";
export { MISSING_GRACE_MS } from "./sighted.ts";
