/**
 * The actors: the only mutable state of Sluice, and what they do for callers.
 *
 * @module
 */

export * from "./api.ts";
export { ClusterUnreachableError, UnknownClusterError } from "./cluster/mod.ts";
export { JobNotEndedError, TaskError, UnknownJobError } from "./job/mod.ts";
export * from "./sluice.ts";
export { VERSION } from "./version.ts";
