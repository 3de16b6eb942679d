/**
 * The place in a shell script up to which it has been read. Pure.
 *
 * @module
 */

import { MARK } from "./shell_context.ts";
import type { HereDocument, ShellContext, ShellName } from "./shell_context.ts";

const UNSURE = "the quotes or brackets before it cannot be followed for sure";

/** Thrown where the thread is lost: every mark from there on is refused. */
export class Lost {
  /** @param from Offset of the first character that is not understood. */
  constructor(readonly from: number, readonly why: string = UNSURE) {}
}

/** Goes through a text once and notes where its marks stand; it passes over none without a note. */
export class Cursor {
  readonly text: string;
  readonly shell: ShellName;
  /**
   * Reads the code of a `$(…)` up to and with its `)`. It is handed in, since what reads code reads whatever may
   * stand in it, and so substitutions again.
   */
  readonly readSubstitution: (cursor: Cursor) => void;
  /** Where the marks stand that have been passed, in their order. */
  readonly contexts: ShellContext[] = [];
  /** The here-document of whose body a line is being read. */
  document: HereDocument | undefined;
  /** Where something has begun that must not go over the end of its line; undefined where the line may end. */
  unbrokenFrom: number | undefined;
  #at = 0;
  #refusal: string | undefined;

  /** Stands before the first character. */
  constructor(text: string, shell: ShellName, readSubstitution: (cursor: Cursor) => void) {
    this.text = text;
    this.shell = shell;
    this.readSubstitution = readSubstitution;
  }

  /** Whether the shell is one that knows no more than POSIX sh. */
  get isPosixOnly(): boolean {
    return this.shell === "sh" || this.shell === "dash";
  }

  /** Offset of the next character. */
  get at(): number {
    return this.#at;
  }

  /** The character at so many from the next one; empty where the text has none. */
  here(offset = 0): string {
    return this.text[this.#at + offset] ?? "";
  }

  /**
   * Passes over so many characters, of which marks are refused.
   *
   * @throws {Lost} The text ends there, or a line that must not.
   */
  pass(count = 1): void {
    for (const end = this.#at + count; this.#at < end; this.#at++) {
      const character = this.here();
      if (character === "") throw new Lost(0);
      if (character === "\n" && this.unbrokenFrom !== undefined) throw new Lost(this.unbrokenFrom);
      if (character === MARK) this.#note({ kind: "refused", why: UNSURE });
    }
  }

  /** Passes over a backslash and what it stands before. */
  passEscaped(): void {
    this.pass();
    this.refusing("a backslash stands before it", () => this.pass());
  }

  /** Passes over a mark that stands in such a place. */
  mark(context: ShellContext): void {
    this.#note(context);
    this.#at++;
  }

  /** Reads what no mark may stand in, whatever else is said of it there. */
  refusing(why: string, read: () => void): void {
    const outer = this.#refusal;
    this.#refusal ??= why;
    read();
    this.#refusal = outer;
  }

  /** Reads what must not go over the end of a line. */
  inOneLine(read: () => void): void {
    const outer = this.unbrokenFrom;
    this.unbrokenFrom ??= this.#at;
    read();
    this.unbrokenFrom = outer;
  }

  #note(context: ShellContext): void {
    const where = this.#refusal === undefined
      ? context
      : { kind: "refused", why: this.#refusal } as const;
    const { document } = this;
    this.contexts.push(document === undefined ? where : { ...where, document });
  }
}
