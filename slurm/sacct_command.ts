/**
 * sacct: the command that prints what accounting has of jobs.
 *
 * Source: sacct(1).
 *
 * @module
 */

import { fieldSeparator } from "./text.ts";

/**
 * The command that prints a line for each job and each step of it.
 *
 * @param fields What stands in a line, in this order.
 * @param ids Jobs, or parts of them. At least one, or sacct would show all of a day's jobs.
 */
export function sacctCommand(
  fields: readonly string[],
  ids: readonly [string, ...string[]],
): string[] {
  return [
    "sacct",
    "--noheader",
    "--parsable2",
    `--delimiter=${fieldSeparator}`,
    "--noconvert",
    `--format=${fields.join(",")}`,
    `--jobs=${ids.join(",")}`,
  ];
}
