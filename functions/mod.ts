/**
 * Functions of Python and TypeScript that run as jobs: how a program names one and calls it, and what it is told
 * where that gives no value.
 *
 * @module
 */

export * from "./errors.ts";
export * from "./remote_function.ts";
export * from "./result_schema.ts";
export * from "./call_function.ts";
