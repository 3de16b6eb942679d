/**
 * The one function that makes a value safe for a POSIX shell.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** Raised when a value cannot be written in a shell command at all. */
export class UnquotableError extends SluiceError {
  override readonly name: string = "UnquotableError";

  /** Names what the value was for. */
  constructor() {
    super({
      code: "UNQUOTABLE",
      message: "A value for the shell holds a NUL character, which no shell command can carry.",
      next: "Remove the NUL character from the value.",
    });
  }
}

const SAFE = /^[A-Za-z0-9_%+,.:=@/-]+$/;

/**
 * The value as one shell word: whatever it holds, the shell passes on exactly it.
 *
 * Values of harmless characters stay as they are; others are set in single quotes, inside of which
 * only the single quote itself is special.
 *
 * Source: POSIX.1-2017, Shell Command Language, 2.2.2 Single-Quotes.
 *
 * @throws {UnquotableError} The value holds a NUL character.
 */
export function quote(value: string): string {
  // A leading '=' or '~' is expanded by some shells, and a name before '=' would be an assignment.
  if (SAFE.test(value) && !value.includes("=")) return value;
  return quotePart(value);
}

/**
 * The value in quotes whatever it holds: for what stands in the midst of shell code of others, where even a
 * digit or a comma may mean something to the shell.
 *
 * @throws {UnquotableError} The value holds a NUL character.
 */
export function quotePart(value: string): string {
  if (value.includes("\0")) throw new UnquotableError();
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * A command and its arguments as one line for a POSIX shell.
 *
 * @throws {UnquotableError} A word holds a NUL character.
 */
export function commandLine(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

/**
 * A path as one shell word, in which a leading `~` or `~/` stands for the home directory, as the shell
 * that reads the word knows it.
 *
 * @throws {UnquotableError} The path holds a NUL character.
 */
export function quotePath(path: string): string {
  if (path === "~") return '"$HOME"';
  return path.startsWith("~/") ? `"$HOME"/${quote(path.slice(2))}` : quote(path);
}
