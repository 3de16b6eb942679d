/**
 * Slurm's commands as lines for the shell. Pure.
 *
 * @module
 */

import type { SchedulerId } from "../../model/mod.ts";
import { commandLine, quote } from "../../shell/mod.ts";
import { slurmEnvironment } from "../../slurm/mod.ts";

/** Prints a line with the comment and the id of each of the user's jobs that the queue knows. */
export const QUEUE_BY_COMMENT = commandLine([
  "squeue",
  "--noheader",
  "--all",
  "--me",
  "--states=all",
  "--format=%k %F",
]);

/** A command of Slurm's, with the environment that makes its output one that can be parsed. */
export function slurmLine(words: readonly string[]): string {
  const environment = Object.entries(slurmEnvironment).map(([name, value]) =>
    `${name}=${quote(value)}`
  );
  return [...environment, commandLine(words)].join(" ");
}

/** So many ids fit on one command line, whose longest word may have 128 KiB on Linux. */
const IDS_PER_COMMAND = 5_000;

/**
 * The lines of shell that run a command for all ids, as many as it takes.
 *
 * @param line Turns the words of a command into a line. Default: {@linkcode slurmLine}.
 */
export function forAll(
  ids: readonly SchedulerId[],
  command: (ids: readonly [SchedulerId, ...SchedulerId[]]) => readonly string[],
  line: (words: readonly string[]) => string = slurmLine,
): string[] {
  const lines: string[] = [];
  for (let start = 0; start < ids.length; start += IDS_PER_COMMAND) {
    const [first, ...rest] = ids.slice(start, start + IDS_PER_COMMAND);
    if (first !== undefined) lines.push(line(command([first, ...rest])));
  }
  return lines;
}
