/**
 * What the shell expands: all that begins with `$`, and the double quotes in which it does. Pure.
 *
 * @module
 */

import type { Command } from "./commands.ts";
import { Lost } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { ansiQuoted, backquoted, quotedMark } from "./quotes.ts";
import { MARK } from "./shell_context.ts";

/** `"…"` */
export function doubleQuoted(cursor: Cursor, command: Command): void {
  cursor.pass();
  for (;;) {
    switch (cursor.here()) {
      case '"':
        cursor.pass();
        return;
      case MARK:
        quotedMark(cursor, "double", command);
        break;
      case "\\":
        if (cursor.here(1) === "\n" && cursor.here(-1) === "$") throw new Lost(cursor.at);
        cursor.passEscaped();
        break;
      case "`":
        backquoted(cursor);
        break;
      case "$":
        expansion(cursor);
        break;
      default:
        cursor.pass();
    }
  }
}

/**
 * What begins with `$`.
 *
 * @param unquoted The command among whose words it stands without quotes. Default: it stands in quotes.
 */
export function expansion(cursor: Cursor, unquoted?: Command): void {
  const start = cursor.at;
  switch (cursor.here(1)) {
    case "(":
      if (cursor.here(2) === "(") {
        arithmetic(cursor, "$((");
      } else {
        cursor.pass(2);
        cursor.readSubstitution(cursor);
      }
      return;
    case "{":
      cursor.refusing("it stands in `${…}`", () => parameter(cursor));
      return;
    case "[":
      throw new Lost(start, "`$[` stands before it");
    case "'":
      cursor.pass();
      if (unquoted !== undefined) ansiQuoted(cursor);
      return;
    case '"':
      cursor.pass();
      if (unquoted !== undefined) doubleQuoted(cursor, unquoted);
      return;
    case MARK:
      cursor.refusing("a `$` stands before it", () => cursor.pass(2));
      return;
    case "\\":
      // What the next line begins with would be joined to it.
      if (cursor.here(2) === "\n") throw new Lost(start);
      cursor.pass();
      return;
    default:
      variable(cursor);
  }
}

/** `$name`, `$1` and the like; or a `$` that means nothing. */
function variable(cursor: Cursor): void {
  const start = cursor.at;
  cursor.pass();
  if (/[A-Za-z_]/.test(cursor.here())) {
    while (/[A-Za-z0-9_]/.test(cursor.here())) cursor.pass();
  } else if (/[0-9#$!?*@-]/.test(cursor.here())) {
    cursor.pass();
  } else {
    return;
  }
  if (cursor.shell === "zsh" && cursor.here() === "[") throw new Lost(start);
}

/** `${…}`, as far as what stands in it is the same to all shells. */
function parameter(cursor: Cursor): void {
  const lost = new Lost(cursor.at, "a `${…}` before it cannot be followed for sure");
  cursor.pass(2);
  // bash and ksh run commands there.
  if (/[\s|]/.test(cursor.here())) throw lost;
  for (;;) {
    const character = cursor.here();
    switch (character) {
      case "}":
        cursor.pass();
        return;
      case "\\":
        if (!/[^{}"'`$\n\0]/.test(cursor.here(1))) throw lost;
        cursor.pass(2);
        break;
      case '"':
      case "'":
        cursor.pass();
        while (cursor.here() !== character) {
          if (/[{}"'`$\\\n]/.test(cursor.here())) throw lost;
          cursor.pass();
        }
        cursor.pass();
        break;
      case "`":
      case "{":
      case "\n":
        throw lost;
      case "$":
        if (/['"[]/.test(cursor.here(1)) || cursor.text.startsWith("$((", cursor.at)) throw lost;
        expansion(cursor);
        break;
      default:
        cursor.pass();
    }
  }
}

/**
 * `((…))` or `$((…))`, which may also be commands in brackets: nothing is let pass that these would be read
 * differently by.
 */
export function arithmetic(cursor: Cursor, opening: "((" | "$(("): void {
  const start = cursor.at;
  const lost = new Lost(start, "`((…))` before it cannot be followed for sure");
  const isCommand = opening === "((";
  cursor.refusing("it stands in arithmetic", () => {
    cursor.pass(opening.length);
    for (let depth = 0; depth >= 0;) {
      switch (cursor.here()) {
        case "(":
          depth++;
          cursor.pass();
          break;
        case ")":
          if (depth === 0 && cursor.here(1) !== ")") throw lost;
          cursor.pass(depth === 0 ? 2 : 1);
          depth--;
          break;
        case "#":
          if (!/[A-Za-z0-9$]/.test(cursor.here(-1))) throw lost;
          cursor.pass();
          break;
        case ";":
          if (!isCommand) throw lost;
          cursor.pass();
          break;
        case "<":
          if (isCommand && cursor.here(1) === "<" && cursor.isPosixOnly) throw lost;
          cursor.pass();
          break;
        case "$":
          if (/['"[\n]/.test(cursor.here(1))) throw lost;
          cursor.inOneLine(() => expansion(cursor));
          break;
        case "'":
        case '"':
        case "`":
        case "\\":
        case "\n":
          throw lost;
        default:
          cursor.pass();
      }
    }
  });
  // The ')' of its patterns would be taken for one of these.
  if (/(?<![A-Za-z0-9_$])case(?![A-Za-z0-9_])/.test(cursor.text.slice(start, cursor.at))) {
    throw lost;
  }
}
