/**
 * Writing commands for a POSIX shell.
 *
 * @module
 */

export * from "./quote.ts";
export * from "./through_shell.ts";
