import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff } from "./backoff.ts";
import { InvalidOptionError } from "./errors.ts";
import { seededRandom } from "./random.ts";

const noChance = { next: () => 0 };

Deno.test("the waits grow by the factor up to the longest", () => {
  const backoff = new Backoff({ minMs: 100, maxMs: 1_000, factor: 3 }, noChance);
  assert.deepEqual([0, 0, 0, 0].map((ran) => backoff.next(ran)), [100, 300, 900, 1_000]);
});

Deno.test("the waits start again after a time without failures, and not before", () => {
  const options = { minMs: 10, maxMs: 1_000, factor: 2, resetAfterMs: 500 };
  const backoff = new Backoff(options, noChance);
  assert.deepEqual([0, 499, 500, 0].map((ran) => backoff.next(ran)), [10, 20, 10, 20]);
});

Deno.test("chance takes away at most the jitter's share of each wait", () => {
  fc.assert(fc.property(
    fc.integer(),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.integer({ min: 1, max: 40 }),
    (seed, jitter, failures) => {
      const backoff = new Backoff({ minMs: 50, maxMs: 5_000, jitter }, seededRandom(seed));
      for (let failure = 0; failure < failures; failure++) {
        const full = Math.min(5_000, 50 * 2 ** failure);
        const wait = backoff.next(0);
        assert.ok(wait <= full && wait >= full * (1 - jitter), `${wait} of ${full}`);
      }
    },
  ));
});

Deno.test("options that make no sense are refused by name", () => {
  for (
    const options of [{ minMs: -1 }, { minMs: 10, maxMs: 9 }, { factor: 0.5 }, { jitter: 1.1 }, {
      resetAfterMs: NaN,
    }]
  ) {
    assert.throws(() => new Backoff(options, noChance), InvalidOptionError);
  }
});
