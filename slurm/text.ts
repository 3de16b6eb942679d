/**
 * Reading the text that Slurm's commands write.
 *
 * @module
 */

/**
 * Stands between the fields of a line in every format that Sluice asks for: ASCII's unit separator, which
 * no name of Slurm's own contains.
 */
export const fieldSeparator = "\x1f";

/** What a command wrote: bytes that need not be UTF-8, or text that was decoded before. */
export type SlurmOutput = Uint8Array | string;

/**
 * The output as text. Bytes that are not UTF-8 become U+FFFD; separators and line ends are ASCII and
 * survive whatever stands beside them.
 */
function decodeOutput(output: SlurmOutput): string {
  return typeof output === "string"
    ? output
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(output);
}

/** The output's lines without their ends; an empty last line is left out. */
export function outputLines(output: SlurmOutput): string[] {
  const lines = decodeOutput(output).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * What stands in a field, or `undefined` for the words with which Slurm's commands say that there is
 * nothing.
 */
export function fieldValue(field: string | undefined): string | undefined {
  const value = field?.trim();
  switch (value) {
    case undefined:
    case "":
    case "(null)":
    case "N/A":
    case "None":
    case "None assigned":
    case "Unknown":
      return undefined;
    default:
      return value;
  }
}
