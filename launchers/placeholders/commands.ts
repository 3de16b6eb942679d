/**
 * What a command makes of the words that it is given, as far as a value among them must know. Pure.
 *
 * @module
 */

/** What the shell makes of the words among which a mark stands. */
export interface Hazards {
  /** Whether the command reads its words as shell code once more, as `eval` does. */
  readonly rereads: boolean;
  /** Whether the command takes words for arithmetic, in which a shell may run commands. */
  readonly calculates: boolean;
}

/** No hazard at all. */
export const NO_HAZARDS: Hazards = { rereads: false, calculates: false };

/** The commands that read their words as shell code once more. */
const REREADING: ReadonlySet<string> = new Set(["eval", "trap", "ssh", "alias"]);
const SHELLS: ReadonlySet<string> = new Set(["sh", "dash", "bash", "ksh", "zsh", "su"]);
const ARITHMETIC_OPERATORS: ReadonlySet<string> = new Set([
  "-eq",
  "-ne",
  "-lt",
  "-le",
  "-gt",
  "-ge",
]);
const TESTS: ReadonlySet<string> = new Set(["[[", "[", "test"]);
const DECLARATIONS: ReadonlySet<string> = new Set([
  "declare",
  "typeset",
  "local",
  "readonly",
  "export",
]);

/** A simple command as far as it has been read: its words without what is quoted, and the marks in it. */
export class Command {
  readonly words: string[] = [];
  /** Each by its number, and whether it is a word by itself. */
  readonly marks: { readonly index: number; readonly alone: boolean }[] = [];
}

/** A line with a program that may read what it is given as shell code. */
const SHELL_LINE = /(?:^|[\s|;&/(])(?:sh|dash|bash|ksh|zsh|su|ssh|eval)(?![\w.-])/;

/** Whether a line starts what may read its input as shell code. */
export function namesShell(line: string): boolean {
  return SHELL_LINE.test(line);
}

/** Whether a command is `[[ … ]]` up to where its `]]` is to come. */
export function inConditional({ words }: Command): boolean {
  return words.lastIndexOf("[[") > words.lastIndexOf("]]");
}

/**
 * Why what follows a word is read in another way than before, if it is.
 *
 * @param substituted Whether it stands in `$(…)`.
 */
export function troubleOf(
  word: string,
  { words }: Command,
  substituted: boolean,
): string | undefined {
  // The ')' of its patterns would be taken for that of the substitution.
  if (substituted && word === "case") return "`case` stands in a `$(…)` around it";
  if (word === "alias") return "an alias is defined before it";
  const declares = words.some((other) => DECLARATIONS.has(other));
  return word === "integer" || word === "float" || (declares && /^-[A-Za-z]*[iEF]/.test(word))
    ? "a variable is declared before it whose values are arithmetic"
    : undefined;
}

/**
 * What the whole of a command means for a mark in it.
 *
 * @param alone Whether the mark is a word by itself.
 */
export function hazardsOf({ words }: Command, alone: boolean): Hazards {
  const names = words.map((word) => word.replace(/^.*\//s, ""));
  const has = (set: ReadonlySet<string>) => names.some((name) => set.has(name));
  const shell = names.findIndex((name) => SHELLS.has(name));
  const inner = shell !== -1 &&
    names.slice(shell).some((word) => /^-[A-Za-z]*c[A-Za-z]*$/.test(word));
  return {
    rereads: has(REREADING) || (inner && !alone),
    calculates: names.includes("let") || (has(TESTS) && has(ARITHMETIC_OPERATORS)),
  };
}
