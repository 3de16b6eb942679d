/**
 * The files that jobs take in and bring out: read here, sent once, and fetched.
 *
 * @module
 */

export * from "./content.ts";
export * from "./errors.ts";
export * from "./fetch.ts";
export * from "./local_files.ts";
export * from "./remote_files.ts";
export * from "./tree_hash.ts";
