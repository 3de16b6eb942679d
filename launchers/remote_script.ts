/**
 * Running a script that lies on the cluster. Pure.
 *
 * @module
 */

import { quote, quotePath } from "../shell/mod.ts";

/** Exit status of a job whose script is not on the cluster any more. */
export const SCRIPT_GONE_EXIT_CODE = 79;

/**
 * The program that becomes the script, with its own arguments as the script's: by the script itself where that
 * is a program, else by the interpreter that its first line names, as sbatch would.
 */
export function remoteScriptProgram(path: string): string {
  const gone = `sluice: there is no readable file ${
    JSON.stringify(path)
  } on this node any more: put the script back, or correct the payload's path.`;
  return [
    "#!/bin/sh",
    "# Becomes the script that lies on the cluster.",
    `sluice_script=${quotePath(path)}`,
    'if [ ! -f "$sluice_script" ] || [ ! -r "$sluice_script" ]; then',
    `  printf '%s\\n' ${quote(gone)} >&2`,
    `  exit ${SCRIPT_GONE_EXIT_CODE}`,
    "fi",
    'if [ -x "$sluice_script" ]; then exec "$sluice_script" "$@"; fi',
    "sluice_first=",
    'IFS= read -r sluice_first <"$sluice_script"',
    // As the kernel reads it: the program, and all that is behind it as one word.
    "read -r sluice_program sluice_word <<EOF",
    "${sluice_first#??}",
    "EOF",
    'exec "$sluice_program" ${sluice_word:+"$sluice_word"} "$sluice_script" "$@"',
    "",
  ].join("\n");
}
