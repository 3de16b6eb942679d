/**
 * The code of a shell script: its words, its commands, and what parts them. Pure.
 *
 * @module
 */

import { Command, inConditional, troubleOf } from "./commands.ts";
import { Lost } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { arithmetic, doubleQuoted, expansion } from "./expansions.ts";
import { announced, documentBody } from "./here_documents.ts";
import type { Announced } from "./here_documents.ts";
import { backquoted, singleQuoted } from "./quotes.ts";
import { MARK } from "./shell_context.ts";

/** Reads the code of a whole script. */
export function readScript(cursor: Cursor): void {
  new CodeReader(cursor, false).read();
}

/** Reads the code of a `$(…)` up to and with its `)`. */
export function readSubstitution(cursor: Cursor): void {
  new CodeReader(cursor, true).read();
}

/** Reads code word by word, and knows the command that each belongs to. */
class CodeReader {
  readonly #cursor: Cursor;
  /** Whether the code is that of a `$(…)`. */
  readonly #substituted: boolean;
  readonly #began: number;
  readonly #outerUnbroken: number | undefined;
  /** The here-documents whose bodies begin with the next line. */
  readonly #announced: Announced[] = [];
  /** The brackets that are open: whether each is that of a pattern, such as `@(a|b)`. */
  readonly #brackets: boolean[] = [];
  #command = new Command();
  /** The present word without what is quoted in it; undefined between words. */
  #word: string | undefined;
  /** Whether the next word is where a redirection leads. */
  #redirected = false;

  constructor(cursor: Cursor, substituted: boolean) {
    this.#cursor = cursor;
    this.#substituted = substituted;
    this.#began = cursor.at;
    this.#outerUnbroken = cursor.unbrokenFrom;
  }

  read(): void {
    const cursor = this.#cursor;
    for (;;) {
      const character = cursor.here();
      switch (character) {
        case "":
          if (this.#substituted || this.#announced.length > 0) throw new Lost(0);
          this.#endCommand();
          return;
        case MARK:
          this.#mark();
          break;
        case "\\":
          this.#backslash();
          break;
        case "'":
          singleQuoted(cursor, this.#command);
          this.#add(character);
          break;
        case '"':
          doubleQuoted(cursor, this.#command);
          this.#add(character);
          break;
        case "`":
          backquoted(cursor);
          this.#add(character);
          break;
        case "$":
          expansion(cursor, this.#command);
          this.#add(character);
          break;
        case "#":
          this.#hash();
          break;
        case "<":
        case ">":
          this.#redirection();
          break;
        case "\n":
          this.#lineEnd();
          break;
        case " ":
        case "\t":
          this.#endWord();
          cursor.pass();
          break;
        case "&":
        case "|":
        case ";":
          this.#operator(character);
          break;
        case "(":
          this.#opening();
          break;
        case ")":
          if (this.#closing()) return;
          break;
        default:
          this.#add(character);
          cursor.pass();
      }
    }
  }

  #add(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #endWord(): void {
    const word = this.#word;
    if (word === undefined) return;
    const why = troubleOf(word, this.#command, this.#substituted);
    if (why !== undefined) throw new Lost(this.#cursor.at - word.length, why);
    this.#command.words.push(word);
    this.#word = undefined;
    this.#redirected = false;
  }

  #endCommand(): void {
    this.#endWord();
    this.#command.ended = true;
    this.#command = new Command();
    this.#redirected = false;
  }

  /** What ends a command, except within `[[ … ]]`. */
  #separate(): void {
    this.#endWord();
    if (!inConditional(this.#command)) this.#endCommand();
    this.#redirected = false;
  }

  #mark(): void {
    const alone = this.#word === undefined && !this.#redirected &&
      /^[\s;&|)]?$/.test(this.#cursor.here(1));
    this.#cursor.mark({ kind: "plain", alone, command: this.#command });
    this.#add(MARK);
  }

  #backslash(): void {
    const cursor = this.#cursor;
    const next = cursor.here(1);
    if (next === "\n") {
      // Else it may be in the midst of an operator.
      if (!/^[\w\0 \t"'.,:;%+@/=&|)}\]-]?$/.test(cursor.here(-1))) throw new Lost(cursor.at);
      cursor.pass(2);
      return;
    }
    cursor.passEscaped();
    // A command's name is the same with it.
    this.#add(/\w/.test(next) ? next : "\\");
  }

  #hash(): void {
    const cursor = this.#cursor;
    if (this.#word !== undefined) {
      this.#add("#");
      cursor.pass();
      return;
    }
    // There it may be part of a pattern, of a flag or of an operator.
    if (
      /[(|<>]/.test(cursor.here(-1)) || this.#brackets.includes(true) ||
      this.#command.words.some((word) => word === "[[" || /^\w+\[[^\]]*$/.test(word))
    ) {
      throw new Lost(cursor.at);
    }
    while (!/^\n?$/.test(cursor.here())) {
      if (cursor.here() === MARK) cursor.mark({ kind: "comment" });
      else cursor.pass();
    }
  }

  #redirection(): void {
    const cursor = this.#cursor;
    // A number before it is the redirection's own.
    this.#endWord();
    if (cursor.text.startsWith("<<<", cursor.at)) {
      cursor.pass(3);
    } else if (cursor.text.startsWith("<<", cursor.at)) {
      const document = announced(cursor);
      this.#announced.push(document);
      // Shells differ in where its body begins if the line ends in the midst of something.
      cursor.unbrokenFrom ??= document.from;
    } else {
      cursor.pass();
    }
    this.#redirected = true;
  }

  #lineEnd(): void {
    const cursor = this.#cursor;
    this.#separate();
    cursor.unbrokenFrom = this.#outerUnbroken;
    cursor.pass();
    for (const document of this.#announced.splice(0)) documentBody(cursor, document);
  }

  #operator(operator: "&" | "|" | ";"): void {
    const cursor = this.#cursor;
    const before = cursor.here(-1);
    cursor.pass();
    if (operator === ";") {
      this.#endCommand();
    } else if (/[<>]/.test(before) || (operator === "&" && cursor.here() === ">")) {
      // Part of a redirection.
      this.#endWord();
    } else {
      this.#separate();
    }
  }

  #opening(): void {
    const cursor = this.#cursor;
    if (cursor.here(1) === "(" && this.#word === undefined) {
      arithmetic(cursor, "((");
      return;
    }
    this.#brackets.push(/[?*+@!]/.test(cursor.here(-1)));
    this.#separate();
    cursor.pass();
  }

  /** Gives whether the bracket ends the code. */
  #closing(): boolean {
    this.#cursor.pass();
    if (!this.#substituted || this.#brackets.length > 0) {
      this.#separate();
      this.#brackets.pop();
      return false;
    }
    if (this.#announced.length > 0) throw new Lost(this.#began);
    this.#endCommand();
    return true;
  }
}
