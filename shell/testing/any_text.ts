/**
 * Values for tests of quoting.
 *
 * @module
 */

import fc from "fast-check";

/** Characters that mean something to some shell, and some that might slip through an encoding. */
const special = fc.constantFrom(
  ..."'\"`$\\!*?[]{}()<>|&;#~=%^ \t\n\r-/:,.@+_aZ09éß日\u{1f980}\x01\x1f\x7f\x81\x88\u2028",
);

/**
 * Any text that a program can be given.
 *
 * @param examples Texts that are to come often.
 */
export function anyText(...examples: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.array(special, { maxLength: 30 }).map((characters) => characters.join("")),
    fc.constantFrom("", "-n", "--", "~", "a=b", "$(id)", "`id`", "\\", "'", "\n", ...examples),
  ).filter((text) => !text.includes("\0"));
}
