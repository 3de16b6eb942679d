/**
 * How the script of a job lives through the signals that reach the job, and passes on those that reach it
 * alone. Pure.
 *
 * @module
 */

import { signalNameSchema } from "../model/mod.ts";
import type { SignalName } from "../model/mod.ts";

/** Exit status of a payload that was told to end before it had begun: that of one which SIGTERM ends. */
export const TERMINATED_EXIT_CODE = 128 + 15;

/**
 * Signals with which a scheduler or a user reaches a whole job, and of which the script must not die: SIGCONT kills
 * nothing, and SIGKILL cannot be noted.
 */
export const NOTED_SIGNALS = signalNameSchema.exclude(["CONT", "KILL"]).options;

/**
 * Lines of a batch script that note the signals which reach the whole job.
 *
 * @param early A signal that comes to the script alone and must reach the payload at once.
 */
export function catchSignals(early: SignalName | undefined): string[] {
  if (early !== undefined) return catchAndPassOn(early);
  return [
    ...NOTED_SIGNALS.map((signal) => `trap 'sluice_caught=${signal}' ${signal}`),
    "trap 'sluice_woken=1' CONT",
  ];
}

function catchAndPassOn(early: SignalName): string[] {
  return [
    "sluice_group=",
    "sluice_early=",
    "sluice_told=",
    "sluice_again=",
    "sluice_pass_on() {",
    `  if [ -n "$sluice_group" ]; then kill -s ${early} -- "-$sluice_group"; else sluice_early=1; fi`,
    "} 2>/dev/null",
    `trap 'sluice_told=$SECONDS; sluice_again=1; sluice_pass_on' ${early}`,
    ...NOTED_SIGNALS.filter((signal) => signal !== early).map((signal) =>
      `trap 'sluice_caught=${signal}; sluice_again=1' ${signal}`
    ),
    "trap 'sluice_woken=$SECONDS; sluice_again=1' CONT",
  ];
}

/**
 * Lines of a batch script for when a payload with an early signal has ended. Slurm wakes a job also before that
 * signal, and either may arrive first: a SIGCONT at its time tells of no end.
 */
export const FORGET_WAKING: readonly string[] = [
  'if [ -n "$sluice_woken" ] && [ -n "$sluice_told" ] &&',
  "  [ $((sluice_woken - sluice_told)) -ge -2 ] && [ $((sluice_woken - sluice_told)) -le 2 ]; then",
  "  sluice_woken=",
  "fi",
];

/**
 * Lines of a batch script that run the payload in a process group of its own while signals are heard and passed
 * on, and leave its status in `sluice_code`.
 *
 * How the payload ended is not asked of bash's `wait`: after a trap has interrupted it once, it can say -1
 * or the trapped signal. Instead the group's first process, which signals do not end, waits for the payload
 * in the foreground and tells its status through a pipe.
 */
export function whilePassingOn(payload: readonly string[]): string[] {
  return [
    // Else bash knows no process substitution, and a trap interrupts `read`.
    "set +o posix",
    // A pipe: both ends at first, then one that is written and one that is read.
    "exec 4<> <(:)",
    "exec 5>/dev/fd/4 6</dev/fd/4 4>&-",
    "sluice_read() {",
    '  while sluice_again=; ! read -r "$1" <&6 && [ -n "$sluice_again" ]; do :; done',
    "}",
    // With job control a command in the background has a group of its own, does not ignore SIGINT and keeps
    // its input.
    "set -m",
    "(",
    `  trap : ${NOTED_SIGNALS.join(" ")}`,
    "  echo begun >&5",
    ...payload.map((line) => `  ${line}`),
    '  echo "$?" >&5',
    ") &",
    "set +m",
    "exec 5>&-",
    "sluice_read sluice_begun",
    'if [ -n "$sluice_begun" ]; then sluice_group=$!; fi',
    'if [ -n "$sluice_early" ]; then sluice_pass_on; fi',
    "sluice_read sluice_code",
    // Only SIGKILL leaves no word of the payload.
    'if [ -z "$sluice_code" ]; then sluice_code=137; fi',
  ];
}
