/**
 * The shell text that Sluice sends: pure, and valid in every POSIX shell.
 *
 * @module
 */

import { commandLine, quote } from "../shell/mod.ts";
import type { Token } from "./frames.ts";

/** How the remote shell is started. */
export interface ShellOptions {
  /** Command that starts it, such as `sh` or `bash --noprofile`. Default: `"sh"`. */
  readonly command?: string;
  /** Start it as a login shell, so that profiles are read. Default: `false`. */
  readonly login?: boolean;
  /** Shell commands run once in each new shell. Default: none. */
  readonly prelude?: string;
  /** Directory put in front of `PATH` before the prelude runs. Default: none. */
  readonly path?: string;
}

// Only builtins: no process is started for a mark, and the token never shows in a process list.
const DEFINE_MARK =
  `__sluice_mark() { printf '\\036%s%s%s\\n' "$1" "$2" "$3"; printf '\\036%s%s%s\\n' "$1" "$2" "$3" >&2; }`;

function mark(token: Token, trailer: string): string {
  return `__sluice_mark ${token.head} ${token.tail} ${trailer}`;
}

/**
 * Puts a program in place of the account's login shell. The words are plain, so that any login shell
 * (csh and fish as well) reads them alike.
 */
export function shellCommand(options: ShellOptions): string {
  const words = (options.command ?? "sh").trim().split(/\s+/);
  return commandLine(["exec", ...words, ...(options.login === true ? ["-l"] : [])]);
}

/**
 * First input of a persistent shell: it marks its begin, sets itself up, and marks the end with the
 * prelude's status and its own process id. When the prelude fails the shell ends.
 */
export function handshakeScript(token: Token, options: ShellOptions): string {
  return [...opening(token, options), ""].join("\n");
}

/** The lines with which every shell begins, framed by marks, of which the second tells how they went. */
function opening(token: Token, options: ShellOptions): readonly string[] {
  return [
    DEFINE_MARK,
    mark(token, "'<'"),
    ...setUp(options),
    mark(token, `">$__sluice_status $$"`),
    `[ "$__sluice_status" = 0 ] || exit 1`,
    // Options of a prelude would otherwise end the shell at the first command that fails.
    "set +eu",
  ];
}

function setUp({ path, prelude }: ShellOptions): readonly string[] {
  const lines: string[] = [];
  if (path !== undefined) lines.push(`PATH=${quote(path)}:$PATH; export PATH`);
  lines.push("__sluice_status=0");
  if (prelude !== undefined && prelude.trim() !== "") {
    // Standard input holds our next requests, which the prelude must not eat.
    lines.push(
      `eval ${quote(` ${prelude}`)} </dev/null >/dev/null`,
      "__sluice_status=$?",
    );
  }
  return lines;
}

/**
 * One command for a persistent shell.
 *
 * The subshell keeps `exit`, `exec`, `set -e`, `cd` and variables inside; `eval` of a quoted string
 * keeps a syntax error inside as well. The leading space keeps a command that begins with `-` from
 * being taken for an option of `eval`.
 */
export function requestScript(token: Token, command: string): string {
  return [
    mark(token, "'<'"),
    `( eval ${quote(` ${command}`)} ) </dev/null`,
    mark(token, '">$?"'),
    "",
  ].join("\n");
}

/**
 * Command line of a channel of its own. It reads one line from standard input, the program of
 * {@linkcode streamScript}, and leaves the rest of the input to that program: `read` takes no byte
 * beyond the line (POSIX.1-2017, `read`). So the program itself is never parsed by the login shell.
 */
export function streamCommand(options: ShellOptions): string {
  return `${shellCommand(options)} -c 'IFS= read -r l; eval "$(printf %b "$l")"'`;
}

/**
 * First line of input for {@linkcode streamCommand}: marks its begin, sets up, marks the end with the
 * prelude's status and the process id, then becomes the command.
 */
export function streamScript(token: Token, command: string, options: ShellOptions): string {
  const program = [
    ...opening(token, options),
    `eval ${quote(` ${command}`)}`,
  ].join("\n");
  return `${program.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
}

/** Command line that signals the process group of a shell whose process id a mark told. */
export function killCommand(signal: "TERM" | "KILL", processId: number): string {
  // Without `--` and `-s`, which dash's kill does not take before a group. One that is gone is well.
  const script = `kill -${signal} -${processId} || kill -${signal} ${processId}`;
  return `exec sh -c '{ ${script}; } 2>/dev/null'`;
}
