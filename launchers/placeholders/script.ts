/**
 * Placeholders in a script for a shell. Pure.
 *
 * @module
 */

import { quote } from "../../shell/mod.ts";
import { directiveLines } from "../../slurm/mod.ts";
import { partsWord, placeParts } from "../file_places.ts";
import type { PathPart } from "../file_places.ts";
import { interpreterOf } from "../interpreter.ts";
import { hazardsOf } from "./commands.ts";
import type { Hazards } from "./commands.ts";
import { inDirective, misplaced, notOneWord } from "./errors.ts";
import { shellContexts } from "./scan.ts";
import { MARK } from "./shell_context.ts";
import type { HereDocument, ShellContext, ShellName } from "./shell_context.ts";
import { piecesOf } from "./values.ts";
import type { Placeholder, Value, Values } from "./values.ts";

/** The shell that reads the script, if it is one. */
function shellOf(script: string): ShellName | undefined {
  const name = interpreterOf(script);
  switch (name) {
    case "sh":
    case "dash":
    case "bash":
    case "ksh":
    case "zsh":
      return name;
    default:
      return undefined;
  }
}

/** A value as text and variables, for each of its words. */
function wordsOf(value: Value): readonly (readonly PathPart[])[] {
  switch (value.kind) {
    case "text":
      return [[{ literal: value.text }]];
    case "place":
      return [placeParts(value.place)];
    case "list":
      return value.elements.map((literal) => [{ literal }]);
  }
}

/** Text that the shell takes for no more than its characters, wherever it reads it once more. */
function isHarmless(parts: readonly PathPart[]): boolean {
  return parts.every((part) =>
    "literal" in part && part.literal !== "" && quote(part.literal) === part.literal
  );
}

function isNumber(parts: readonly PathPart[]): boolean {
  return parts.every((part) => "literal" in part && /^[-+]?\d+(?:\.\d+)?$/.test(part.literal));
}

/** Why a word cannot stand in a here-document, if it cannot. */
function documentTrouble(parts: readonly PathPart[], { quoted }: HereDocument): string | undefined {
  if (parts.some((part) => "literal" in part && part.literal.includes("\n"))) {
    return "it stands in a here-document, and its value has a line end";
  }
  if (quoted && parts.some((part) => "variable" in part)) {
    return "it stands in a here-document in which the shell expands nothing, and its path is known on the node only";
  }
  return undefined;
}

/** One word in the body of a here-document. */
function inDocument(parts: readonly PathPart[], { quoted }: HereDocument): string {
  return parts.map((part) => {
    if ("variable" in part) return part.variable;
    return quoted ? part.literal : part.literal.replaceAll(/[\\$`]/g, "\\$&");
  }).join("");
}

/** Why the words cannot stand in such a command, if they cannot. */
function commandTrouble(
  words: readonly (readonly PathPart[])[],
  { rereads, calculates }: Hazards,
): string | undefined {
  if (rereads && !words.every(isHarmless)) {
    return "the command reads its words as shell code once more, which its value must not be";
  }
  if (calculates && !words.every(isNumber)) {
    return "the shell calculates with it, and its value is no number";
  }
  return undefined;
}

/** A piece of a script, as it was scanned and as it is sent. */
interface Piece {
  readonly source: string;
  readonly text: string;
  readonly placeholder?: Placeholder;
  /** The here-document in which a placeholder stands. */
  readonly document?: HereDocument | undefined;
}

/** A script with its placeholders filled in. */
class Filled {
  readonly #values: Values;
  readonly #where: (placeholder: Placeholder) => string;

  constructor(script: string, values: Values) {
    this.#values = values;
    this.#where = ({ index }) => `Line ${script.slice(0, index).split("\n").length} of the script`;
  }

  /** What stands in the script in the place of a placeholder. */
  text(placeholder: Placeholder, context: ShellContext): string {
    if (context.kind === "comment") return placeholder.text;
    const where = this.#where(placeholder);
    const value = this.#values.of(placeholder, where);
    const words = wordsOf(value);
    const refuse = (why: string | undefined) => {
      if (why !== undefined) throw misplaced(where, placeholder.text, why);
    };
    const { document } = context;
    if (document !== undefined) {
      for (const word of words) {
        // Within a substitution a variable is expanded also where quotes stand around it.
        refuse(documentTrouble(word, document));
      }
    }
    if (context.kind === "refused") throw misplaced(where, placeholder.text, context.why);
    if (value.kind === "list" && (context.kind !== "plain" || !context.alone)) {
      throw notOneWord(where, placeholder.text);
    }
    if (context.kind === "document") {
      const { rereads } = context.document;
      refuse(commandTrouble(words, { rereads, calculates: false }));
      return words.map((word) => inDocument(word, context.document)).join("");
    }
    refuse(commandTrouble(words, hazardsOf(context.command, context.alone)));
    const text = words.map(partsWord).join(" ");
    switch (context.kind) {
      case "plain":
        return text;
      case "double":
        return `"${text}"`;
      case "single":
        return `'${text}'`;
    }
  }

  /** Refuses lines of here-documents that values have made into other ones than they were. */
  checkLines(pieces: readonly Piece[]): void {
    let offset = 0;
    const placed = pieces.map((piece) => {
      const start = offset;
      offset += piece.source.length;
      return { ...piece, start };
    });
    placed.forEach(({ placeholder, document }, index) => {
      if (placeholder === undefined || document === undefined) return;
      const [from, to] = document.line;
      let first = index;
      while ((placed[first]?.start ?? 0) > from) first--;
      let before = "";
      let after = "";
      for (let at = first; (placed[at]?.start ?? to) < to; at++) {
        const { source = "", text = "", start = to, placeholder } = placed[at] ?? {};
        const part = source.slice(Math.max(0, from - start), to - start);
        before += part;
        after += placeholder === undefined ? part : text;
      }
      this.#checkLine(placeholder, document, before, after);
    });
  }

  #checkLine(
    placeholder: Placeholder,
    { delimiter, stripsTabs }: HereDocument,
    before: string,
    after: string,
  ): void {
    const tabs = (text: string) => /^\t*/.exec(text)?.[0].length ?? 0;
    const line = stripsTabs ? after.slice(tabs(after)) : after;
    const why = line === delimiter
      ? "with its value the line would end the here-document"
      : stripsTabs && tabs(after) > tabs(before)
      ? "the tabs that its value begins with would be taken off"
      : undefined;
    if (why !== undefined) throw misplaced(this.#where(placeholder), placeholder.text, why);
  }
}

/** Refuses placeholders in lines that are read as they stand, before there are values. */
function checkDirectives(script: string): void {
  for (const { number, line } of directiveLines(script)) {
    const placeholder = piecesOf(line).find((piece) => typeof piece !== "string");
    if (placeholder === undefined) continue;
    throw inDirective(`Line ${number} of the script`, placeholder.text);
  }
}

/**
 * The script with the values of its placeholders, each quoted as it must be where it stands, so that the program
 * that gets it gets exactly the value. The script of another interpreter than a shell stays as it is.
 *
 * Whatever reads a word as code once more, such as another shell that it is handed to, reads the value as code.
 *
 * @throws {PlaceholderError} A placeholder cannot be filled in: there is nothing of that name, or it stands where
 * a value cannot be quoted for sure.
 */
export function filledScript(script: string, values: Values): string {
  const shell = shellOf(script);
  if (shell === undefined) return script;
  const pieces = piecesOf(script);
  if (pieces.length === 1) return script;
  checkDirectives(script);
  const source = pieces.map((piece) => typeof piece === "string" ? piece : MARK).join("");
  const contexts = shellContexts(source, shell);
  const filled = new Filled(script, values);
  let next = 0;
  const texts = pieces.map((piece): Piece => {
    if (typeof piece === "string") return { source: piece, text: piece };
    const context = contexts[next++];
    const text = context === undefined ? piece.text : filled.text(piece, context);
    return { source: MARK, text, placeholder: piece, document: context?.document };
  });
  filled.checkLines(texts);
  return texts.map(({ text }) => text).join("");
}
