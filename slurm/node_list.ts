/**
 * Slurm's compressed lists of node names.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";
import { fieldValue } from "./text.ts";

/** The most names that a list is expanded to. */
export const maxNodeNames = 100_000;

/** Raised for a list of nodes that cannot be expanded. */
export class InvalidNodeListError extends SluiceError {
  override readonly name: string = "InvalidNodeListError";

  /** Shows the start of the list, and says what is wrong with it. */
  constructor(list: string, problem: string) {
    super({
      code: "INVALID_NODE_LIST",
      message: `${JSON.stringify(list.slice(0, 200))} is not a list of nodes: ${problem}.`,
      next: "Write names and ranges separated by commas, such as `n[1-4,7],gpu01`.",
    });
  }
}

/**
 * The names in a list such as `n[1-4,7],gpu[01-03]-ib`, in its order. Leading zeros are kept, and a name
 * may hold several brackets.
 *
 * Source: the hostlist expressions of slurm.conf(5).
 *
 * @returns No names for an empty list or `(null)`.
 * @throws {InvalidNodeListError} The brackets do not match, a range is empty or runs backwards, or there
 * are more than {@linkcode maxNodeNames} names.
 */
export function expandNodeList(list: string): string[] {
  const text = fieldValue(list);
  if (text === undefined) return [];
  const names: string[] = [];
  for (const item of splitOutsideBrackets(text)) {
    for (const name of expandName(item, text)) {
      if (names.length >= maxNodeNames) throw tooMany(text);
      names.push(name);
    }
  }
  return names;
}

function tooMany(list: string): InvalidNodeListError {
  return new InvalidNodeListError(list, `it names more than ${maxNodeNames} nodes`);
}

function splitOutsideBrackets(list: string): string[] {
  const items: string[] = [];
  let start = 0;
  let inside = false;
  for (let index = 0; index < list.length; index++) {
    const character = list[index];
    if (character === "[") {
      if (inside) throw new InvalidNodeListError(list, "a bracket stands inside another");
      inside = true;
    } else if (character === "]") {
      if (!inside) throw new InvalidNodeListError(list, "a bracket closes that was not open");
      inside = false;
    } else if (character === "," && !inside) {
      items.push(list.slice(start, index));
      start = index + 1;
    }
  }
  if (inside) throw new InvalidNodeListError(list, "a bracket is not closed");
  items.push(list.slice(start));
  if (items.some((item) => item.trim() === "")) {
    throw new InvalidNodeListError(list, "a name is empty");
  }
  return items.map((item) => item.trim());
}

function expandName(item: string, list: string): string[] {
  let names = [""];
  // Odd pieces are what stood in brackets.
  for (const [index, piece] of item.split(/[[\]]/).entries()) {
    const choices = index % 2 === 0 ? [piece] : expandRanges(piece, list);
    if (names.length * choices.length > maxNodeNames) throw tooMany(list);
    names = names.flatMap((start) => choices.map((choice) => start + choice));
  }
  return names;
}

function expandRanges(ranges: string, list: string): string[] {
  const numbers: string[] = [];
  for (const range of ranges.split(",")) {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(range.trim());
    if (match === null) {
      throw new InvalidNodeListError(list, `${JSON.stringify(range)} is not a range of numbers`);
    }
    const [, from = "", to = from] = match;
    const first = Number(from);
    const last = Number(to);
    if (last < first) throw new InvalidNodeListError(list, `the range ${range} runs backwards`);
    if (last - first >= maxNodeNames - numbers.length) throw tooMany(list);
    for (let number = first; number <= last; number++) {
      numbers.push(String(number).padStart(from.length, "0"));
    }
  }
  return numbers;
}
