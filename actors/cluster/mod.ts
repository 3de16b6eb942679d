/**
 * The actor of one cluster and those that work for it:
 *
 * ```
 * cluster:NAME     fails when those below it fail too often, and is started anew without limit
 * ├── link         the connection; a login that was refused is not tried again by itself
 * ├── poller       asks the scheduler, once for all jobs
 * ├── stager        sends what jobs bring along
 * ├── submitter    hands jobs over, and ends them
 * ├── outputs      reads what jobs write
 * ├── cleaner      removes what jobs left
 * ├── jobs         supervises the jobs, each by its own measure
 * │   └── job:ID   one that fails again and again is left alone
 * └── follower     hears what the jobs' scripts say
 * ```
 *
 * @module
 */

export type { Retention } from "./cleaner.ts";
export * from "./cluster_actor.ts";
export * from "./cluster_messages.ts";
export * from "./connection.ts";
export * from "./errors.ts";
export { OutputReaderStoppedError } from "./output_reader.ts";
export type { OutputQuestion } from "./output_reader.ts";
export type { ClusterOptions } from "./parts.ts";
