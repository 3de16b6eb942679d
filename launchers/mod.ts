/**
 * Turning a payload into a script. Pure.
 *
 * @module
 */

export * from "./bash.ts";
export * from "./job_script.ts";
export * from "./plan.ts";
