/**
 * The actor of one job.
 *
 * @module
 */

export * from "./decide.ts";
export * from "./errors.ts";
export * from "./fold.ts";
export * from "./job_actor.ts";
