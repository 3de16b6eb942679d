/**
 * Where in a shell script marks stand: what a value needs around it there to reach a program as it is. Pure.
 *
 * It follows the quoting of POSIX sh and what bash, ksh and zsh add to it, and only as far as all of them agree
 * or the script's own shell is sure: from what it cannot follow on, every mark is refused.
 *
 * Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.3 Token Recognition, 2.6 Word Expansions and
 * 2.7.4 Here-Document; bash(1), zshmisc(1) and ksh(1) for the rest.
 *
 * @module
 */

import { readScript, readSubstitution } from "./code.ts";
import { Cursor, Lost } from "./cursor.ts";
import type { ShellContext, ShellName } from "./shell_context.ts";

/** Options of zsh, and a mode of it, in which quotes mean something else. */
function changesQuotes(text: string): boolean {
  return /rcquotes|cshjunkie|emulate\s+(?:-\w+\s+)*csh/.test(
    text.replaceAll("_", "").toLowerCase(),
  );
}

/** Reads all of the text; gives where the thread was lost, if it was. */
function readAll(cursor: Cursor): Lost | undefined {
  if (cursor.shell === "zsh" && changesQuotes(cursor.text)) {
    return new Lost(0, "the script changes what quotes mean to zsh");
  }
  try {
    readScript(cursor);
    return undefined;
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    return error;
  }
}

/**
 * Where each mark of a script stands, in their order.
 *
 * @param shell The shell that reads it.
 */
export function shellContexts(text: string, shell: ShellName): readonly ShellContext[] {
  const cursor = new Cursor(text, shell, readSubstitution);
  const lost = readAll(cursor);
  if (lost === undefined) return cursor.contexts;
  return [...text.matchAll(/\0/g)].map(({ index: offset }, index): ShellContext => {
    const context = cursor.contexts[index];
    if (context === undefined || offset >= lost.from) return { kind: "refused", why: lost.why };
    // What is behind a word may change what the command makes of it.
    return "command" in context && !context.command.ended
      ? { kind: "refused", why: "what follows it in its command cannot be followed for sure" }
      : context;
  });
}
