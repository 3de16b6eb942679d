/**
 * Quotes in which the shell expands nothing, and backquotes. Pure.
 *
 * @module
 */

import type { Command } from "./commands.ts";
import { Lost } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { MARK } from "./shell_context.ts";

/** Passes over a mark in quotes, among the words of a command. */
export function quotedMark(cursor: Cursor, kind: "double" | "single", command: Command): void {
  const quote = cursor.here(-1);
  // They hold nothing else, and stand by themselves.
  const alone = /^["']$/.test(quote) && cursor.here(1) === quote &&
    /^\s?$/.test(cursor.here(-2)) && /^[\s;&|)]?$/.test(cursor.here(2));
  cursor.mark({ kind, alone, command });
}

/** `'…'` */
export function singleQuoted(cursor: Cursor, command: Command): void {
  cursor.pass();
  while (cursor.here() !== "'") {
    if (cursor.here() === MARK) quotedMark(cursor, "single", command);
    else cursor.pass();
  }
  cursor.pass();
}

/** `'…'` behind a `$`, of whose backslashes a plain sh may know nothing. */
export function ansiQuoted(cursor: Cursor): void {
  const start = cursor.at;
  cursor.refusing("it stands in `$'…'`", () => {
    cursor.pass();
    while (cursor.here() !== "'") {
      if (cursor.here() === "\\") {
        if (cursor.isPosixOnly) throw new Lost(start, "`$'…'` stands before it");
        cursor.pass();
      }
      cursor.pass();
    }
    cursor.pass();
  });
}

/** The first backquote that no backslash precedes ends it, whatever else stands there. */
export function backquoted(cursor: Cursor): void {
  cursor.refusing("it stands in backquotes", () => {
    cursor.pass();
    while (cursor.here() !== "`") {
      if (cursor.here() === "\\") cursor.pass();
      cursor.pass();
    }
    cursor.pass();
  });
}
