/**
 * The actor of one cluster and those that work for it.
 *
 * @module
 */

export type { Retention } from "./cleaner.ts";
export * from "./cluster_actor.ts";
export * from "./cluster_messages.ts";
export * from "./connection.ts";
export * from "./errors.ts";
