/**
 * How a signal to the job's script alone wakes its body. Pure.
 *
 * A shell that waits for a command in the foreground runs no trap until that has ended, so the body runs in
 * the background. A wake-up is a line in a pipe that the body reads from, so none is lost, whenever it comes.
 *
 * @module
 */

import { NOTED_SIGNALS } from "./signals.ts";

/** Lines of a batch script that make the pipe, on file descriptor 8; a file of it stays nowhere. */
export function makeWakes(): string[] {
  return [
    // On a disk of the node's own, where there is one.
    'for sluice_pipe in "${TMPDIR:-/tmp}" "$sluice_dir"; do',
    "  sluice_pipe=$sluice_pipe/sluice.$SLURM_JOB_ID.$$",
    '  if mkfifo -m 600 "$sluice_pipe" 2>/dev/null; then break; fi',
    "done",
    // For both ways, so that neither side waits for the other.
    'exec 8<>"$sluice_pipe"',
    'rm -f "$sluice_pipe"',
  ];
}

/** Lines of a batch script that turn the signal into a line in the pipe. */
export function noteWakes(): string[] {
  return ["trap 'echo wake >&8' USR2"];
}

/** Lines of a batch script that run the payload while signals are heard, and leave its status in `sluice_code`. */
export function whileWoken(payload: readonly string[]): string[] {
  return [
    "{",
    // Whoever is told to end still tells how the payload has ended.
    `  trap : ${NOTED_SIGNALS.join(" ")} CONT`,
    ...payload.map((line) => `  ${line}`),
    // How it ended is not asked of `wait`, which after a trap may say something else.
    '  echo "$?" >"$sluice_dir/.status"',
    "} &",
    "sluice_body=$!",
    'while wait "$sluice_body"; kill -s 0 "$sluice_body"; do :; done',
    'read -r sluice_code <"$sluice_dir/.status" || sluice_code=137',
  ];
}
