/**
 * Environments that are brought along: read where Sluice runs, and sent to a cluster once.
 *
 * @module
 */

export * from "./errors.ts";
export * from "./local_environments.ts";
export * from "./remote_environments.ts";
