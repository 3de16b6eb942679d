/**
 * Writing commands for a POSIX shell.
 *
 * @module
 */

export * from "./quote.ts";
