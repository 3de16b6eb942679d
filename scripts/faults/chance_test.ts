import assert from "node:assert/strict";
import { chanceOf, partSeed } from "./chance.ts";

Deno.test("the same seed draws the same, another one something else", () => {
  const draws = (seed: number) => {
    const chance = chanceOf(seed);
    return Array.from({ length: 20 }, () => chance.below(1000));
  };
  assert.deepEqual(draws(7), draws(7));
  assert.notDeepEqual(draws(7), draws(8));
});

Deno.test("draws stay within their bounds, reach both, and a shuffle keeps every item", () => {
  const chance = chanceOf(3);
  const drawn = Array.from({ length: 500 }, () => chance.between(2, 5));
  assert.deepEqual([...new Set(drawn)].sort(), [2, 3, 4, 5]);
  const items = Array.from({ length: 30 }, (_, index) => index);
  const shuffled = chance.shuffled(items);
  assert.notDeepEqual(shuffled, items);
  assert.deepEqual(shuffled.toSorted((a, b) => a - b), items);
  assert.equal(chance.pick([]), undefined);
});

Deno.test("each part of a run has a seed of its own, which depends on the run's", () => {
  assert.equal(partSeed(1, "cut-all"), partSeed(1, "cut-all"));
  assert.notEqual(partSeed(1, "cut-all"), partSeed(2, "cut-all"));
  assert.notEqual(partSeed(1, "cut-all"), partSeed(1, "cut-submission"));
});
