/**
 * Text as a terminal shows it.
 *
 * @module
 */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Text from a cluster or a user with every control character made visible, so that it can neither move
 * the cursor nor break a line.
 */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (letter) => `\\x${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`,
  );
}

/** Columns that a grapheme takes: two where East Asian scripts and emoji are drawn wide. */
function columnsOf(grapheme: string): number {
  return /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
      .test(grapheme)
    ? 2
    : 1;
}

/** Columns that a text takes. */
export function width(text: string): number {
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) columns += columnsOf(segment);
  return columns;
}

/** The text cut to a number of columns, with an ellipsis for what is left out. */
export function shorten(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns <= 0) return "";
  let short = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += columnsOf(segment);
    if (used > columns - 1) break;
    short += segment;
  }
  return `${short}…`;
}

/** The text filled with blanks to a number of columns. */
export function padded(text: string, columns: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, columns - width(text)));
  return align === "left" ? text + blanks : blanks + text;
}
