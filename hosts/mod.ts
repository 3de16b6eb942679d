/**
 * Machines on which commands run and files lie.
 *
 * @module
 */

export * from "./archive.ts";
export * from "./errors.ts";
export * from "./file_errors.ts";
export * from "./host.ts";
export * from "./local/mod.ts";
export * from "./openssh/mod.ts";
export * from "./run_aside.ts";
export * from "./ssh/mod.ts";
