/**
 * Whatever decides when a job runs: Slurm, or this machine itself.
 *
 * @module
 */

export * from "./errors.ts";
export * from "./layout.ts";
export * from "./process/planner.ts";
export * from "./process/scheduler.ts";
export * from "./scheduler.ts";
export * from "./script_head.ts";
export * from "./slurm/planner.ts";
export * from "./slurm/scheduler.ts";
export * from "./spool.ts";
