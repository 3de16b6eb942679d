/**
 * The options that all commands share that talk to the server.
 *
 * @module
 */

import { Command, Option } from "commander";

/** A command with the options that say where the server is and how to print. */
export function clientCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--url <url>", "the server (default: SLUICE_URL, the configuration, or port 7878 here)")
    .option("--config <file>", "the configuration that names server and token")
    .option("--json", "print one JSON value a line")
    .option("--debug", "print the stack of errors");
}

/** One JSON value on one line. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** An option that may be given several times, each with a value of its own. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (word: string, before: readonly string[] | undefined) => [...before ?? [], word],
  );
}
