/**
 * The user's own shell commands around a payload, and the start-up file before them. Pure.
 *
 * Each command is handed to `eval` as one word, so that an open quote in one does not reach over what follows
 * it, and is told by its number where it fails. One that ends the shell is noticed too: nothing of the payload
 * is passed over in silence.
 *
 * @module
 */

import type { JobSpec, Software } from "../model/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";
import { NOTED_SIGNALS, TERMINATED_EXIT_CODE } from "./signals.ts";
import { softwareShell } from "./software.ts";
import { endWith } from "./software_errors.ts";

/** Exit status of a job of which a command in `before` failed. */
export const BEFORE_EXIT_CODE = 97;

/** Exit status of a job whose start-up file of the shell cannot be read. */
export const BASHRC_EXIT_CODE = 98;

/** Exit status of a job whose payload had succeeded, and of which a command in `after` failed. */
export const AFTER_EXIT_CODE = 99;

/** What a user has run around a payload. */
export type UserCommands = Pick<JobSpec, "before" | "after" | "bashrc">;

/** The shell that runs a job's script: what is written by users and in start-up files is written for bash. */
export function scriptShell(
  { software, before, after, bashrc }: UserCommands & { readonly software: Software },
): "/bin/sh" | "/bin/bash" {
  if (bashrc !== false || before.length > 0 || after.length > 0) return "/bin/bash";
  return softwareShell(software);
}

/** The command that runs one of the user's. `command` keeps a shell alive that cannot parse it. */
function evaluate(text: string): string {
  // What begins with a dash would be taken for an option.
  return `command eval ${quote(text.startsWith("-") ? ` ${text}` : text)}`;
}

/** The shell commands that read the start-up file, before everything else. */
export function bashrcLines(bashrc: UserCommands["bashrc"]): string[] {
  if (bashrc === false) return [];
  const path = bashrc === true ? "~/.bashrc" : bashrc;
  const file = quotePath(path);
  const end = (what: string) => endWith(BASHRC_EXIT_CODE, `${JSON.stringify(path)} ${what}`);
  return [
    "set --",
    `{ [ -f ${file} ] && [ -r ${file} ]; } || ${
      end("cannot be read on this node: correct `bashrc`, or leave it out.")
    }`,
    `trap ${
      quote(end("ended the shell that read it: leave `bashrc` out, or have the file return."))
    } EXIT`,
    `. ${file} >&2`,
    "trap - EXIT",
  ];
}

/** The shell commands that run what comes before the payload. */
export function beforeLines(before: UserCommands["before"]): string[] {
  if (before.length === 0) return [];
  const told =
    `printf "sluice: command %s of 'before' ended the job, with exit status %s.\\n" "$sluice_number" "$?" >&2`;
  return [
    "set --",
    `trap ${quote(`${told}; exit ${BEFORE_EXIT_CODE}`)} EXIT`,
    `trap 'trap - EXIT; exit ${TERMINATED_EXIT_CODE}' TERM`,
    ...before.flatMap((text, index) => [`sluice_number=${index + 1}`, `${evaluate(text)} || exit`]),
    "trap - EXIT TERM",
  ];
}

/**
 * The body with what comes after it, in the shell that has run what came before: that lives through all signals
 * that reach the payload too.
 */
export function withAfter(
  body: readonly string[],
  after: UserCommands["after"],
): readonly string[] {
  if (after.length === 0) return body;
  const others = NOTED_SIGNALS.filter((signal) => signal !== "TERM");
  return [
    "sluice_stop=",
    `trap : ${others.join(" ")}`,
    "trap 'sluice_stop=1' TERM",
    "SLUICE_EXIT_CODE=0",
    // The shell's own words on how the payload ended are not for the job's output.
    "exec 7>&2 2>/dev/null",
    "(",
    "  exec 2>&7 7>&-",
    `  if [ -n "$sluice_stop" ]; then exit ${TERMINATED_EXIT_CODE}; fi`,
    ...body.map((line) => `  ${line}`),
    // Not by itself: a shell that is to end at the first failure would.
    ") || SLUICE_EXIT_CODE=$?",
    "exec 2>&7 7>&-",
    "export SLUICE_EXIT_CODE",
    "set --",
    "sluice_verdict=$SLUICE_EXIT_CODE sluice_status=0",
    "sluice_failed() {",
    `  printf "sluice: command %s of 'after' failed, with exit status %s.\\n" "$sluice_number" "$1" >&2`,
    `  if [ "$sluice_verdict" = 0 ]; then sluice_verdict=${AFTER_EXIT_CODE}; fi`,
    "}",
    `trap 'sluice_status=$?; [ "$sluice_status" = 0 ] || sluice_failed "$sluice_status"; exit "$sluice_verdict"' EXIT`,
    ...after.flatMap((text, index) => [
      `sluice_number=${index + 1}`,
      `${evaluate(text)} || sluice_failed "$?"`,
    ]),
    "trap - EXIT",
    'exit "$sluice_verdict"',
  ];
}
