/**
 * Batch scripts: what sbatch would refuse in one, and the options it would read from it.
 *
 * Source: sbatch(1), DESCRIPTION: options after `#SBATCH` count until the first line that is neither a
 * comment nor blank.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import {
  COMPONENTS_INSTEAD,
  OptionValueError,
  ReservedOptionError,
  UnknownOptionError,
} from "./sbatch.ts";
import type { SbatchOption } from "./sbatch_options.ts";
import {
  isHeterogeneousOption,
  isSbatchOption,
  optionOfLetter,
  optionValue,
  sbatchOptions,
} from "./sbatch_options.ts";

/** Raised for a script that sbatch or the node would not run. */
export class InvalidScriptError extends SluiceError {
  override readonly name: string = "InvalidScriptError";
}

/**
 * Checks that the text can run as a script at all.
 *
 * @throws {InvalidScriptError} `SCRIPT_BOM`: it starts with a byte order mark. `SCRIPT_NO_SHEBANG`: its
 * first line does not start with `#!`. `SCRIPT_CRLF`: lines end as on Windows. `SCRIPT_NUL`: it holds a
 * NUL character.
 */
export function checkScript(text: string): void {
  if (text.startsWith("\ufeff")) {
    throw new InvalidScriptError({
      code: "SCRIPT_BOM",
      message: "The script starts with a byte order mark, so its first line is not seen as `#!`.",
      next: "Save the script as UTF-8 without a byte order mark.",
    });
  }
  if (!/^#![ \t]*\S/.test(text)) {
    throw new InvalidScriptError({
      code: "SCRIPT_NO_SHEBANG",
      message: "The script's first line does not name an interpreter.",
      next: "Start the script with a line such as `#!/bin/bash`.",
    });
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    throw new InvalidScriptError({
      code: "SCRIPT_NUL",
      message: `The script holds a NUL character in line ${lineOf(text, nul)}.`,
      next: "Remove the NUL character, and keep binary data in a file of its own.",
    });
  }
  const carriageReturn = text.indexOf("\r\n");
  if (carriageReturn >= 0) {
    throw new InvalidScriptError({
      code: "SCRIPT_CRLF",
      message: `Line ${lineOf(text, carriageReturn)} of the script ends with CR LF, as on Windows.`,
      next: "Change the line ends to LF, for example with `dos2unix`.",
    });
  }
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** The options that sbatch would read from a script. */
export interface ScriptDirectives {
  /** The `#SBATCH` lines to copy into the batch script, each option in its long form. */
  readonly lines: readonly string[];
  /** The options that those lines set. */
  readonly options: readonly SbatchOption[];
}

/** Options that a script may not set, since Sluice must know of them. */
const refused: ReadonlyMap<SbatchOption, string> = new Map([
  ["array", "Remove the line and use `resources.array`."],
  ["cluster", "Remove the line and name the other cluster in the job's `cluster`."],
  ["clusters", "Remove the line and name the other cluster in the job's `cluster`."],
  ["external", "Remove the line: a job of Sluice's runs a payload."],
  ["gid", "Remove the line and configure a cluster whose `user` is the one to run jobs as."],
  ["test-only", "Remove the line and use `jobs.preview` to see what would be sent."],
  ["uid", "Remove the line and configure a cluster whose `user` is the one to run jobs as."],
]);

/** Options that Sluice sets itself for every job, so that a script's have no effect. */
const overriding = new Set<SbatchOption>([
  "chdir",
  "comment",
  "error",
  "export",
  "export-file",
  "help",
  "ignore-pbs",
  "input",
  "job-name",
  "open-mode",
  "output",
  "parsable",
  "quiet",
  "usage",
  "verbose",
  "version",
  "wait",
  "wrap",
]);

interface Directive {
  readonly option: SbatchOption;
  readonly words: readonly string[];
}

/** The `#SBATCH` lines of a script, with their numbers from 1 on: sbatch looks for them up to the first command. */
export function* directiveLines(
  text: string,
): Generator<{ readonly number: number; readonly line: string }> {
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#SBATCH")) yield { number: index + 1, line };
    else if (!/^\s*(?:#|$)/.test(line)) return;
  }
}

/**
 * The `#SBATCH` options of a script that reach the job. What the job's own resources and options say wins
 * over them, as the command line does for sbatch.
 *
 * @throws {ReservedOptionError} An option that Sluice must know of, such as `--array`, or a line that separates
 * the components of a heterogeneous job.
 * @throws {UnknownOptionError} An option that sbatch does not have.
 * @throws {OptionValueError} An option without the value that it needs.
 * @throws {InvalidScriptError} `SCRIPT_DIRECTIVE`: a line that is not made of options.
 */
export function scriptDirectives(text: string): ScriptDirectives {
  const lines: string[] = [];
  const options = new Set<SbatchOption>();
  for (const { line } of directiveLines(text)) {
    const kept: string[] = [];
    for (const { option, words } of directives(splitWords(line.slice("#SBATCH".length)))) {
      const instead = refused.get(option);
      if (instead !== undefined) throw new ReservedOptionError(option, instead);
      if (overriding.has(option)) continue;
      options.add(option);
      kept.push(...words);
    }
    if (kept.length > 0) lines.push(`#SBATCH ${kept.map(quoteWord).join(" ")}`);
  }
  return { lines, options: [...options] };
}

/**
 * The options of `#SBATCH` lines as {@linkcode scriptDirectives} gives them, each as one word of a command line.
 */
export function directiveWords(lines: readonly string[]): string[] {
  return lines.flatMap((line) =>
    directives(splitWords(line.slice("#SBATCH".length))).flatMap(({ words }) => words)
  );
}

/** Raised for a `#SBATCH` line that sbatch would not understand. */
function invalidDirective(problem: string): InvalidScriptError {
  return new InvalidScriptError({
    code: "SCRIPT_DIRECTIVE",
    message: `A #SBATCH line of the script cannot be read: ${problem}.`,
    next: "Write options as on sbatch's command line, such as `#SBATCH --time=10`.",
  });
}

/** The words of a line, with quotes and backslashes as sbatch reads them; `#` begins a comment. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? "";
    if (character === "\\" && index + 1 < line.length) {
      word = (word ?? "") + (line[++index] ?? "");
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (character === "#") {
      break;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== undefined) throw invalidDirective(`the quote ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

function quoteWord(word: string): string {
  return /^[^\s"'#\\]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The options in a line's words, each with its own words in the `--name=value` form. */
function directives(words: readonly string[]): Directive[] {
  const found: Directive[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (isHeterogeneousOption(word)) throw new ReservedOptionError(word, COMPONENTS_INSTEAD);
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (long !== null) {
      found.push(directive(optionOfName(long[1] ?? ""), long[2], rest));
      continue;
    }
    if (!/^-[^-]/.test(word)) {
      throw invalidDirective(`${JSON.stringify(word)} is not an option`);
    }
    let letters = word.slice(1);
    while (letters !== "") {
      const option = optionOfLetter(letters.charAt(0));
      if (option === undefined) throw new UnknownOptionError(letters.charAt(0));
      letters = letters.slice(1);
      // A letter whose option needs a value takes what is left of its word for it.
      const value = optionValue(option) !== "required" || letters === "" ? undefined : letters;
      if (value !== undefined) letters = "";
      found.push(directive(option, value, rest));
    }
  }
  return found;
}

function directive(option: SbatchOption, value: string | undefined, rest: string[]): Directive {
  if (value !== undefined) return { option, words: [`--${option}=${value}`] };
  if (optionValue(option) !== "required") return { option, words: [`--${option}`] };
  const next = rest.shift();
  if (next === undefined) throw new OptionValueError(option);
  return { option, words: [`--${option}=${next}`] };
}

/** The option of a long name, which may be cut short as long as only one begins so. */
function optionOfName(name: string): SbatchOption {
  if (isHeterogeneousOption(name)) throw new ReservedOptionError(name, COMPONENTS_INSTEAD);
  if (isSbatchOption(name)) return name;
  const candidates = sbatchOptions.filter((option) => option.startsWith(name));
  const [only, ...others] = candidates;
  if (only === undefined || others.length > 0) throw new UnknownOptionError(name);
  return only;
}
