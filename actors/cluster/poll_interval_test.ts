import assert from "node:assert/strict";
import { nextInterval } from "./poll_interval.ts";

const pace = { minMs: 2_000, maxMs: 30_000, previousMs: 2_000, moved: false, tookMs: 10 };

Deno.test("while things move the wait is the shortest", () => {
  assert.equal(nextInterval({ ...pace, previousMs: 20_000, moved: true }), 2_000);
});

Deno.test("while nothing moves the wait grows, up to the longest", () => {
  let { previousMs } = pace;
  const waits = Array.from({ length: 9 }, () => previousMs = nextInterval({ ...pace, previousMs }));
  assert.deepEqual(waits, waits.toSorted((a, b) => a - b));
  assert.equal(waits[0], 3_000);
  assert.equal(waits.at(-1), 30_000);
});

Deno.test("a slow scheduler is asked less, however much moves", () => {
  assert.equal(nextInterval({ ...pace, moved: true, tookMs: 1_000 }), 20_000);
  assert.equal(nextInterval({ ...pace, moved: true, tookMs: 5_000 }), 100_000);
});
