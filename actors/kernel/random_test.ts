import assert from "node:assert/strict";
import fc from "fast-check";
import { seededRandom } from "./random.ts";

Deno.test("one seed gives one sequence, between 0 and 1, and another seed another", () => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const [one, same, other] = [seededRandom(seed), seededRandom(seed), seededRandom(seed + 1)];
    const take = (source: { next(): number }) => Array.from({ length: 20 }, () => source.next());
    const sequence = take(one);
    assert.deepEqual(take(same), sequence);
    assert.notDeepEqual(take(other), sequence);
    assert.ok(sequence.every((value) => value >= 0 && value < 1));
  }));
});
