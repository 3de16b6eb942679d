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

import {
  Command,
  hazardsOf,
  inConditional,
  namesShell,
  NO_HAZARDS,
  troubleOf,
} from "./commands.ts";
import type { Hazards } from "./commands.ts";

/** What stands for one mark in the text. */
export const MARK = "\0";

/** A here-document in whose body something stands. */
export interface HereDocument {
  /** The line that ends it. */
  readonly delimiter: string;
  /** Whether the shell expands nothing in it. */
  readonly quoted: boolean;
  /** Whether leading tabs are taken off its lines. */
  readonly stripsTabs: boolean;
  /** Whether a shell reads it as code. */
  readonly rereads: boolean;
  /** Where the line with the mark begins and ends in the text. */
  readonly line: readonly [start: number, end: number];
}

/** Where a mark stands. */
export type ShellContext =
  & { readonly document?: HereDocument }
  & (
    | { readonly kind: "comment" }
    /** Outside of quotes; `word` says whether it is a word by itself. */
    | { readonly kind: "plain"; readonly word: boolean; readonly hazards: Hazards }
    | { readonly kind: "double" | "single"; readonly hazards: Hazards }
    /** In the body of a here-document itself. */
    | { readonly kind: "document"; readonly document: HereDocument }
    /** Where no value can be put for sure, with the reason why. */
    | { readonly kind: "refused"; readonly why: string }
  );

/** The shells whose scripts can be followed. */
export type ShellName = "sh" | "dash" | "bash" | "ksh" | "zsh";

const QUOTES = "the quotes or brackets before it cannot be followed for sure";

/** Thrown where the scanner has lost the thread: every mark from there on is refused. */
class Lost {
  /** @param from Offset of the first character that is not understood. */
  constructor(readonly from: number, readonly why: string = QUOTES) {}
}

type Open = Omit<HereDocument, "line" | "rereads"> & { readonly from: number };

/** What a here-document's line that is being read allows. */
interface Line {
  readonly document: HereDocument;
}

const NAME = /[A-Za-z0-9_]/;

class Scanner {
  readonly #text: string;
  readonly #shell: ShellName;
  readonly contexts: ShellContext[] = [];
  #at = 0;
  #line: Line | undefined;

  constructor(text: string, shell: ShellName) {
    this.#text = text;
    this.#shell = shell;
  }

  /** Reads all of the text. */
  run(): void {
    this.#code(false, 0);
  }

  #here(offset = 0): string {
    return this.#text[this.#at + offset] ?? "";
  }

  /** Whether the shell is one of those that know more than POSIX sh. */
  get #extended(): boolean {
    return this.#shell === "bash" || this.#shell === "ksh" || this.#shell === "zsh";
  }

  #put(context: ShellContext): number {
    const document = this.#line?.document;
    return this.contexts.push(document === undefined ? context : { ...context, document }) - 1;
  }

  #refuse(why: string): void {
    this.#put({ kind: "refused", why });
  }

  /** Takes note of the end of a line in the midst of what is read. */
  #lineEnd(pending: readonly Open[]): void {
    // Where the body of a here-document begins then is told differently by different shells.
    if (this.#line !== undefined || pending.length > 0) {
      throw new Lost(pending[0]?.from ?? this.#at);
    }
  }

  /** Code up to the end of the text, or up to and with the `)` that closes a substitution. */
  #code(closes: boolean, begin: number): void {
    const pending: Open[] = [];
    // The brackets that are open: whether each is that of a pattern, such as `@(a|b)`.
    const open: boolean[] = [];
    let command = new Command();
    // The unquoted text of the present word; undefined between words.
    let word: string | undefined;
    let redirected = false;

    const endWord = () => {
      if (word === undefined) return;
      const why = troubleOf(word, command, closes);
      if (why !== undefined) throw new Lost(this.#at - word.length, why);
      command.words.push(word);
      word = undefined;
      redirected = false;
    };
    const endCommand = () => {
      endWord();
      this.#judge(command);
      command = new Command();
    };
    const separate = () => {
      endWord();
      if (!inConditional(command)) endCommand();
    };
    const add = (text: string) => {
      word = (word ?? "") + text;
    };

    for (;;) {
      const start = this.#at;
      const character = this.#here();
      switch (character) {
        case "":
          if (closes || pending.length > 0) throw new Lost(0);
          endCommand();
          return;
        case MARK: {
          const next = this.#here(1);
          const alone = word === undefined && !redirected && /^[\s;&|)]?$/.test(next);
          const index = this.#put({ kind: "plain", word: alone, hazards: NO_HAZARDS });
          command.marks.push({ index, alone });
          this.#at++;
          add(MARK);
          break;
        }
        case "\\":
          if (this.#here(1) === "\n") {
            this.#lineEnd(pending);
            // Else it may be in the midst of an operator.
            if (!/[\w \t"'.,:;%+@/=&|)}\]-]/.test(this.#text[start - 1] ?? " ")) {
              throw new Lost(start);
            }
            this.#at += 2;
            break;
          }
          this.#at++;
          if (this.#here() === MARK) this.#refuse("a backslash stands before it");
          this.#at++;
          add("\\");
          break;
        case "'":
          this.#single(command, pending);
          add("'");
          break;
        case '"':
          this.#double(command, pending);
          add('"');
          break;
        case "`":
          this.#backquoted(pending);
          add("`");
          break;
        case "$":
          this.#dollar(false, command, pending);
          add("$");
          break;
        case "#":
          if (word !== undefined) {
            add("#");
            this.#at++;
            break;
          }
          // There it may be part of a pattern, of a flag or of an operator.
          if (
            /[(|<>]/.test(this.#text[start - 1] ?? "") || open.includes(true) ||
            command.words.some((one) => one === "[[" || /^\w+\[[^\]]*$/.test(one))
          ) {
            throw new Lost(start);
          }
          this.#comment();
          break;
        case "<":
        case ">":
          // A number before it is the redirection's own.
          endWord();
          if (character === "<" && this.#here(1) === "<") {
            if (this.#here(2) === "<") this.#at += 3;
            else pending.push(this.#hereDocument());
          } else {
            this.#at++;
          }
          redirected = true;
          break;
        case "\n":
          separate();
          this.#at++;
          redirected = false;
          if (this.#line !== undefined) throw new Lost(start);
          for (const document of pending.splice(0)) this.#body(document);
          break;
        case " ":
        case "\t":
          endWord();
          this.#at++;
          break;
        case "&":
        case "|":
        case ";":
          this.#at++;
          if (
            character !== ";" &&
            (/[<>]/.test(this.#text[start - 1] ?? "") ||
              (character === "&" && this.#here() === ">"))
          ) {
            endWord();
            break;
          }
          if (character === ";") endCommand();
          else separate();
          redirected = false;
          break;
        case "(":
          if (this.#here(1) === "(" && word === undefined) {
            endWord();
            this.#arithmetic(2, true);
            break;
          }
          open.push(/[?*+@!]/.test(this.#text[start - 1] ?? ""));
          separate();
          redirected = false;
          this.#at++;
          break;
        case ")":
          this.#at++;
          if (closes && open.length === 0) {
            if (pending.length > 0) throw new Lost(begin);
            endCommand();
            return;
          }
          separate();
          open.pop();
          break;
        default:
          add(character);
          this.#at++;
      }
    }
  }

  /** Notes what the whole of a command means for the marks in it. */
  #judge(command: Command): void {
    for (const { index, alone } of command.marks) {
      const context = this.contexts[index];
      if (context === undefined || !("hazards" in context)) continue;
      this.contexts[index] = { ...context, hazards: hazardsOf(command, alone) };
    }
  }

  #comment(): void {
    while (this.#here() !== "" && this.#here() !== "\n") {
      if (this.#here() === MARK) this.#put({ kind: "comment" });
      this.#at++;
    }
  }

  #quotedMark(kind: "double" | "single", command: Command): void {
    const index = this.#put({ kind, hazards: NO_HAZARDS });
    command.marks.push({ index, alone: this.#isWhole() });
  }

  /** Whether a mark in quotes is all that they hold, and they are a word by themselves. */
  #isWhole(): boolean {
    return /^["']$/.test(this.#here(-1)) && this.#here(1) === this.#here(-1) &&
      /^\s?$/.test(this.#here(-2)) && /^[\s;&|)]?$/.test(this.#here(2));
  }

  #single(command: Command, pending: readonly Open[]): void {
    this.#at++;
    for (;;) {
      const character = this.#here();
      if (character === "") throw new Lost(0);
      if (character === "\n") this.#lineEnd(pending);
      if (character === MARK) this.#quotedMark("single", command);
      this.#at++;
      if (character === "'") return;
    }
  }

  #double(command: Command, pending: readonly Open[]): void {
    this.#at++;
    for (;;) {
      switch (this.#here()) {
        case "":
          throw new Lost(0);
        case '"':
          this.#at++;
          return;
        case "\n":
          this.#lineEnd(pending);
          this.#at++;
          break;
        case MARK:
          this.#quotedMark("double", command);
          this.#at++;
          break;
        case "\\":
          this.#at++;
          if (this.#here() === "\n") {
            this.#lineEnd(pending);
            if (this.#text[this.#at - 2] === "$") throw new Lost(this.#at);
          }
          if (this.#here() === MARK) this.#refuse("a backslash stands before it");
          this.#at++;
          break;
        case "`":
          this.#backquoted(pending);
          break;
        case "$":
          this.#dollar(true, command, pending);
          break;
        default:
          this.#at++;
      }
    }
  }

  /** The first backquote that no backslash precedes ends it, whatever else stands there. */
  #backquoted(pending: readonly Open[]): void {
    this.#at++;
    for (;;) {
      switch (this.#here()) {
        case "":
          throw new Lost(0);
        case "`":
          this.#at++;
          return;
        case MARK:
          this.#refuse("it stands in backquotes");
          this.#at++;
          break;
        case "\n":
          this.#lineEnd(pending);
          this.#at++;
          break;
        case "\\":
          this.#at++;
          if (this.#here() === MARK) this.#refuse("it stands in backquotes");
          if (this.#here() === "\n") this.#lineEnd(pending);
          this.#at++;
          break;
        default:
          this.#at++;
      }
    }
  }

  /** What begins with `$`. */
  #dollar(quoted: boolean, command: Command, pending: readonly Open[]): void {
    const start = this.#at;
    const next = this.#here(1);
    switch (next) {
      case "(":
        if (this.#here(2) === "(") {
          this.#arithmetic(3, false);
          return;
        }
        this.#at += 2;
        if (pending.length > 0) this.#lineless(() => this.#code(true, start), pending);
        else this.#code(true, start);
        return;
      case "{":
        this.#parameter(quoted, pending);
        return;
      case "[":
        throw new Lost(start, "`$[` stands before it");
      case "'":
        this.#at++;
        if (!quoted) this.#ansi(pending);
        return;
      case '"':
        this.#at++;
        if (!quoted) this.#double(command, pending);
        return;
      case MARK:
        this.#refuse("a `$` stands before it");
        this.#at += 2;
        return;
      case "\\":
        // What is joined to it by a line that goes on.
        if (this.#here(2) === "\n") throw new Lost(start);
        this.#at++;
        return;
      default:
        this.#variable();
    }
  }

  /** `$name`, `$1` and the like; or a `$` that means nothing. */
  #variable(): void {
    const start = this.#at;
    this.#at++;
    if (/[A-Za-z_]/.test(this.#here())) {
      while (NAME.test(this.#here())) this.#at++;
    } else if (/[0-9#$!?*@-]/.test(this.#here())) {
      this.#at++;
    } else {
      return;
    }
    if (this.#shell === "zsh" && this.#here() === "[") throw new Lost(start);
  }

  /** What must not go over the end of a line, since a here-document begins there. */
  #lineless(read: () => void, pending: readonly Open[]): void {
    const start = this.#at;
    read();
    if (this.#text.slice(start, this.#at).includes("\n")) {
      throw new Lost(pending[0]?.from ?? start);
    }
  }

  /** `$'…'`, of which a plain sh may know nothing. */
  #ansi(pending: readonly Open[]): void {
    const start = this.#at;
    this.#at++;
    for (;;) {
      const character = this.#here();
      if (character === "") throw new Lost(0);
      if (character === "\n") this.#lineEnd(pending);
      if (character === "\\") {
        if (!this.#extended) throw new Lost(start, "`$'…'` stands before it");
        this.#at++;
        if (this.#here() === "\n") this.#lineEnd(pending);
      }
      if (this.#here() === MARK) this.#refuse("it stands in `$'…'`");
      this.#at++;
      if (character === "'") return;
    }
  }

  /** `${…}`, as far as what stands in it is the same to all shells. */
  #parameter(quoted: boolean, pending: readonly Open[]): void {
    const start = this.#at;
    const lost = () => new Lost(start, "a `${…}` before it cannot be followed for sure");
    const sameForAll = (end: string) => {
      this.#at++;
      for (; this.#here() !== end; this.#at++) {
        if (this.#here() === "" || /[{}"'`$\\\n]/.test(this.#here())) throw lost();
        if (this.#here() === MARK) this.#refuse("it stands in `${…}`");
      }
      this.#at++;
    };
    this.#at += 2;
    // bash and ksh run commands there.
    if (/[\s|]/.test(this.#here())) throw lost();
    for (;;) {
      const character = this.#here();
      switch (character) {
        case "}":
          this.#at++;
          return;
        case MARK:
          this.#refuse("it stands in `${…}`");
          this.#at++;
          break;
        case "\\":
          if (!/[^{}"'`$\n\0]/.test(this.#here(1))) throw lost();
          this.#at += 2;
          break;
        case '"':
        case "'":
          sameForAll(character);
          break;
        case "":
        case "`":
        case "{":
        case "\n":
          throw lost();
        case "$":
          if (/['"[]/.test(this.#here(1)) || this.#text.startsWith("$((", this.#at)) throw lost();
          this.#without("it stands in `${…}`", () => this.#dollar(quoted, new Command(), pending));
          break;
        default:
          this.#at++;
      }
    }
  }

  /** Refuses all marks in what is read. */
  #without(why: string, read: () => void): void {
    const first = this.contexts.length;
    read();
    for (let index = first; index < this.contexts.length; index++) {
      this.contexts[index] = { kind: "refused", why };
    }
  }

  /**
   * `((…))` or `$((…))`, which may also be commands in brackets: nothing is let pass that these would be read
   * differently by.
   *
   * @param opening How many characters open it.
   * @param command Whether it stands where a command does.
   */
  #arithmetic(opening: number, command: boolean): void {
    const start = this.#at;
    const lost = () => new Lost(start, "`((…))` before it cannot be followed for sure");
    const why = "it stands in arithmetic";
    let depth = 0;
    this.#at += opening;
    for (;;) {
      const character = this.#here();
      switch (character) {
        case "(":
          depth++;
          this.#at++;
          break;
        case ")":
          if (depth === 0) {
            if (this.#here(1) !== ")") throw lost();
            this.#at += 2;
            if (/(?<![A-Za-z0-9_$])case(?![A-Za-z0-9_])/.test(this.#text.slice(start, this.#at))) {
              throw lost();
            }
            return;
          }
          depth--;
          this.#at++;
          break;
        case "#":
          if (!/[A-Za-z0-9$]/.test(this.#text[this.#at - 1] ?? "")) throw lost();
          this.#at++;
          break;
        case ";":
          if (!command) throw lost();
          this.#at++;
          break;
        case "<":
          if (command && this.#here(1) === "<" && !this.#extended) throw lost();
          this.#at++;
          break;
        case MARK:
          this.#refuse(why);
          this.#at++;
          break;
        case "$":
          if (/['"[\n]/.test(this.#here(1))) throw lost();
          this.#without(why, () => this.#lineless(() => this.#dollar(true, new Command(), []), []));
          break;
        case "":
        case "'":
        case '"':
        case "`":
        case "\\":
        case "\n":
          throw lost();
        default:
          this.#at++;
      }
    }
  }

  /** The operator of a here-document with its delimiter. */
  #hereDocument(): Open {
    const from = this.#at;
    const found = /<<(-?)[ \t]*(?:(["'])([\w.+:@%,/-]+)\2|(\\?)([\w.+:@%,/-]+))(?=[\s;&|<>)]|$)/y;
    found.lastIndex = from;
    const match = found.exec(this.#text);
    if (match === null || this.#line !== undefined) {
      throw new Lost(
        from,
        "a here-document before it has a delimiter that cannot be told for sure",
      );
    }
    const [whole, dash, quote, inQuotes, backslash, bare = ""] = match;
    this.#at += whole.length;
    return {
      from,
      delimiter: inQuotes ?? bare,
      quoted: quote !== undefined || backslash !== "",
      stripsTabs: dash === "-",
    };
  }

  /** The body of a here-document, up to and with the line that ends it. */
  #body({ from, delimiter, quoted, stripsTabs }: Open): void {
    // Whether a line is joined to the next, in which its delimiter may then not be seen.
    let goesOn = false;
    let joined = "";
    const text = this.#text;
    const rereads = namesShell(
      text.slice(text.lastIndexOf("\n", from) + 1, text.indexOf("\n", from)),
    );
    for (;;) {
      const start = this.#at;
      if (start >= this.#text.length) throw new Lost(0);
      const newline = this.#text.indexOf("\n", start);
      const end = newline === -1 ? this.#text.length : newline;
      const line = this.#text.slice(start, end);
      const isDelimiter = (text: string) =>
        (stripsTabs ? text.replace(/^\t+/, "") : text) === delimiter;
      const ends = isDelimiter(line);
      joined = (goesOn ? joined : "") + line.replace(/\\$/, "");
      if (goesOn && (ends || isDelimiter(joined))) throw new Lost(from);
      if (ends) {
        this.#at = newline === -1 ? end : end + 1;
        return;
      }
      const document = { delimiter, quoted, stripsTabs, rereads, line: [start, end] } as const;
      this.#line = { document };
      goesOn = quoted ? this.#verbatim(end) : this.#expanded(end, goesOn);
      this.#line = undefined;
      this.#at = Math.min(end + 1, this.#text.length);
    }
  }

  /** A line of which the shell changes nothing. */
  #verbatim(end: number): boolean {
    for (; this.#at < end; this.#at++) {
      const document = this.#line?.document;
      if (this.#here() === MARK && document !== undefined) {
        this.#put({ kind: "document", document });
      }
    }
    return false;
  }

  /** A line that the shell expands; gives whether it goes on in the next. */
  #expanded(end: number, goesOn: boolean): boolean {
    const document = this.#line?.document;
    while (this.#at < end) {
      const start = this.#at;
      switch (this.#here()) {
        case MARK:
          if (goesOn || document === undefined) {
            this.#refuse("the line before it ends with a backslash");
          } else if (
            /\$(?:[A-Za-z_]\w*|[0-9#$!?*@-])$/.test(this.#text.slice(document.line[0], start))
          ) {
            this.#refuse("a variable stands before it: set its name in braces");
          } else {
            this.#put({ kind: "document", document });
          }
          this.#at++;
          break;
        case "\\":
          if (start + 1 === end) {
            this.#at = end;
            // What stands in the same line would be joined to what the next one holds.
            return true;
          }
          this.#at++;
          if (this.#here() === MARK) this.#refuse("a backslash stands before it");
          this.#at++;
          break;
        case "`":
          this.#backquoted([]);
          break;
        case "$":
          this.#dollar(true, new Command(), []);
          break;
        default:
          this.#at++;
      }
      if (this.#at > end) throw new Lost(start);
    }
    return false;
  }
}

/** Options of zsh, and a mode of it, in which quotes mean something else. */
function changesQuotes(text: string): boolean {
  return /rcquotes|cshjunkie|emulate\s+(?:-\w+\s+)*csh/.test(
    text.replaceAll("_", "").toLowerCase(),
  );
}

/**
 * Where each mark ({@linkcode MARK}) of a script stands, in their order.
 *
 * @param shell The shell that reads it.
 */
export function shellContexts(text: string, shell: ShellName): readonly ShellContext[] {
  const marks = [...text.matchAll(/\0/g)].map(({ index }) => index);
  const scanner = new Scanner(text, shell);
  let lost: Lost | undefined;
  if (shell === "zsh" && changesQuotes(text)) {
    lost = new Lost(0, "the script changes what quotes mean to zsh");
  } else {
    try {
      scanner.run();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      lost = error;
    }
  }
  return marks.map((offset, index): ShellContext => {
    const context = scanner.contexts[index];
    if (context === undefined || (lost !== undefined && offset >= lost.from)) {
      return { kind: "refused", why: lost?.why ?? QUOTES };
    }
    return context;
  });
}
