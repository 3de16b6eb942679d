/**
 * Chance that can be repeated: everything that a run of faults draws comes from its seed.
 *
 * @module
 */

import { pseudoRandom } from "../../tests/cluster/support/pseudo_random.ts";

/** A source of draws; the same seed gives the same draws. */
export interface Chance {
  /** A whole number from 0 up to, and without, the bound. */
  below(bound: number): number;
  /** A whole number from the first to the second, both included. */
  between(least: number, most: number): number;
  /** One of the items; of an empty list, `undefined`. */
  pick<Item>(items: readonly Item[]): Item | undefined;
  /** The items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[];
}

/** The draws of a seed. */
export function chanceOf(seed: number): Chance {
  const below = pseudoRandom(seed);
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    pick: (items) => items[below(items.length)],
    shuffled: (items) => {
      const left = [...items];
      return items.flatMap(() => left.splice(below(left.length), 1));
    },
  };
}

/**
 * The seed for one part of a run: a part that is run alone draws what it draws within the whole run.
 *
 * Source: FNV-1a, by Fowler, Noll and Vo, in the public domain.
 */
export function partSeed(seed: number, part: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const byte of new TextEncoder().encode(part)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
