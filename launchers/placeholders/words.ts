/**
 * Placeholders in words that no shell of the user's reads. Pure.
 *
 * @module
 */

import { quote } from "../../shell/mod.ts";
import { placeWord } from "../file_places.ts";
import { notOneWord } from "./errors.ts";
import { piecesOf } from "./values.ts";
import type { Placeholder, Value, Values } from "./values.ts";

function partWord(value: Value, placeholder: Placeholder, where: string): string {
  switch (value.kind) {
    case "text":
      return quote(value.text);
    case "place":
      return placeWord(value.place);
    case "list":
      throw notOneWord(where, placeholder.text);
  }
}

/**
 * The words as the job's script hands them on, each quoted for it; a list that is a word by itself becomes a word
 * for each of its elements.
 *
 * @param what What the words are, for people.
 * @throws {PlaceholderError} A placeholder cannot be filled in.
 */
export function filledWords(words: readonly string[], what: string, values: Values): string[] {
  return words.flatMap((word, index) => {
    const pieces = piecesOf(word).filter((piece) => piece !== "");
    const where = `Word ${index + 1} of ${what}`;
    const [only, ...others] = pieces;
    if (only !== undefined && typeof only !== "string" && others.length === 0) {
      const value = values.of(only, where);
      return value.kind === "list" ? value.elements.map(quote) : [partWord(value, only, where)];
    }
    if (pieces.every((piece) => typeof piece === "string")) return [quote(pieces.join(""))];
    return [
      pieces.map((piece) =>
        typeof piece === "string" ? quote(piece) : partWord(values.of(piece, where), piece, where)
      ).join(""),
    ];
  });
}
