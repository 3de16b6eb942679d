/**
 * What one of Slurm's commands answers.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { SchedulerUnavailableError } from "../errors.ts";
import { slurmLine } from "./command_lines.ts";

/**
 * The output of one of Slurm's commands.
 *
 * @param harmless What it may say when it fails that is no trouble. Default: nothing.
 * @throws {SchedulerUnavailableError} The command failed.
 */
export async function slurmOutput(
  host: Host,
  words: readonly string[],
  signal: AbortSignal,
  harmless?: RegExp,
): Promise<Uint8Array> {
  const { exitCode, stdout, stderr } = await host.run(slurmLine(words), { signal });
  const said = new TextDecoder().decode(stderr);
  if (exitCode !== 0 && harmless?.test(said) !== true) {
    throw new SchedulerUnavailableError(words[0] ?? "", said);
  }
  return stdout;
}
