/**
 * Placeholders that cannot be filled in.
 *
 * @module
 */

import { SluiceError } from "../../model/mod.ts";

/** Raised for a placeholder of a job that cannot be filled in. */
export class PlaceholderError extends SluiceError {
  override readonly name: string = "PlaceholderError";
}

/** There is no input or output of that name. */
export function unknownName(
  where: string,
  placeholder: string,
  kind: "inputs" | "outputs",
  known: readonly string[],
): PlaceholderError {
  const what = kind === "inputs" ? "input" : "output";
  return new PlaceholderError({
    code: "UNKNOWN_PLACEHOLDER",
    message: `${where} has \`${placeholder}\`, but the job has no ${what} of that name.`,
    next: `${
      known.length === 0
        ? `The job has no ${kind}`
        : `The job has these ${kind}: ${known.map((name) => JSON.stringify(name)).join(", ")}`
    }. Write \`{${placeholder}}\` for those characters themselves.`,
  });
}

/** A value cannot be put there as it is. */
export function misplaced(where: string, placeholder: string, why: string): PlaceholderError {
  return new PlaceholderError({
    code: "PLACEHOLDER_MISPLACED",
    message: `${where} has \`${placeholder}\` where its value cannot be put for sure: ${why}.`,
    next:
      `Assign it to a variable first, in a line of its own above: \`x=${placeholder}\`; and use "$x" there.`,
  });
}

/** A value of several words stands where one word is wanted. */
export function notOneWord(where: string, placeholder: string): PlaceholderError {
  return new PlaceholderError({
    code: "PLACEHOLDER_LIST",
    message: `${where} has \`${placeholder}\`, a list, where it is only part of a word.`,
    next: "Let it be a word by itself, outside of quotes, so that each element becomes a word.",
  });
}

/** A placeholder stands in a `#SBATCH` line. */
export function inDirective(where: string, placeholder: string): PlaceholderError {
  return new PlaceholderError({
    code: "PLACEHOLDER_MISPLACED",
    message: `${where} has \`${placeholder}\` in an #SBATCH line, which is read as it stands.`,
    next: "Remove the line, and say the same in the job's `resources` or `options`.",
  });
}
