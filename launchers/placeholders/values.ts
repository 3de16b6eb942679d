/**
 * The placeholders of a text and what they stand for. Pure.
 *
 * @module
 */

import type { Inputs, Outputs } from "../../model/mod.ts";
import { inputPlaces, outputPlaces } from "../file_places.ts";
import type { FilePlace, PlaceTerms } from "../file_places.ts";
import { unknownName } from "./errors.ts";

/** What a placeholder stands for. */
export type Value =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly elements: readonly string[] }
  /** The path of a file, which is known on the node only. */
  | { readonly kind: "place"; readonly place: FilePlace };

/** What a job's values are found by. */
export type ValueTerms = PlaceTerms & { readonly inputs: Inputs; readonly outputs: Outputs };

/** A placeholder where it stands in a text. */
export interface Placeholder {
  /** As it is written. */
  readonly text: string;
  readonly kind: "inputs" | "outputs";
  readonly name: string;
  /** Offset of its first character. */
  readonly index: number;
}

/** A placeholder, or in double braces the characters of one. */
const PATTERN = /\{\{((inputs|outputs)\.[^{}\p{Cc}]+)\}\}|\{(inputs|outputs)\.([^{}\p{Cc}]+)\}/gu;

/** The text in pieces: its characters, and the placeholders between them. */
export function piecesOf(text: string): (string | Placeholder)[] {
  const pieces: (string | Placeholder)[] = [];
  let end = 0;
  for (const match of text.matchAll(PATTERN)) {
    const [whole, literal, , kind, name] = match;
    pieces.push(text.slice(end, match.index));
    if (literal !== undefined) pieces.push(`{${literal}}`);
    else if (name !== undefined) {
      pieces.push({
        text: whole,
        kind: kind === "inputs" ? "inputs" : "outputs",
        name,
        index: match.index,
      });
    }
    end = match.index + whole.length;
  }
  pieces.push(text.slice(end));
  return pieces;
}

/** What the placeholders of one job stand for. */
export class Values {
  readonly #terms: ValueTerms;
  readonly #places: Readonly<Record<"inputs" | "outputs", ReadonlyMap<string, FilePlace>>>;

  /**
   * Finds the values by the job's terms.
   *
   * @throws {SamePlaceError} Two files would lie in the same place.
   */
  constructor(terms: ValueTerms) {
    this.#terms = terms;
    this.#places = {
      inputs: inputPlaces(terms.inputs, terms),
      outputs: outputPlaces(terms.outputs, terms),
    };
  }

  /**
   * The value of a placeholder.
   *
   * @param where Where it stands, for people.
   * @throws {PlaceholderError} The job has none of that name.
   */
  of({ kind, name, text }: Placeholder, where: string): Value {
    const place = this.#places[kind].get(name);
    if (place !== undefined) return { kind: "place", place };
    const given = kind === "inputs" && Object.hasOwn(this.#terms.inputs, name)
      ? this.#terms.inputs[name]
      : undefined;
    if (Array.isArray(given)) return { kind: "list", elements: given.map(String) };
    if (given === undefined || typeof given === "object") {
      throw unknownName(where, text, kind, Object.keys(this.#terms[kind]));
    }
    return { kind: "text", text: String(given) };
  }
}
