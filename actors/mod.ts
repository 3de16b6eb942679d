/**
 * The actors: the only mutable state of Sluice, and what they do for callers.
 *
 * @module
 */

export * from "./api.ts";
export { ClusterUnreachableError, UnknownClusterError } from "./cluster/mod.ts";
export { BrokenResultError, NoFunctionError, ResultTooLargeError } from "./function_result.ts";
export { HeldSession } from "./held_session.ts";
export { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
export {
  NoLeaseError,
  OwnerEndedError,
  SessionClosingError,
  SessionElsewhereError,
  UnknownSessionError,
} from "./session/errors.ts";
export * from "./sluice.ts";
export { VERSION } from "./version.ts";
