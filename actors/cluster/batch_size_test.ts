import assert from "node:assert/strict";
import { LARGEST_BATCH, nextBatchSize } from "./batch_size.ts";

Deno.test("a request holds what the scheduler takes in half a second", () => {
  assert.equal(nextBatchSize({ size: 64, jobs: 64, tookMs: 500 }), 64);
  assert.equal(nextBatchSize({ size: 64, jobs: 64, tookMs: 400 }), 80);
  assert.equal(nextBatchSize({ size: 64, jobs: 64, tookMs: 2_000 }), 16);
});

Deno.test("it grows by no more than twice, and stays within its bounds", () => {
  assert.equal(nextBatchSize({ size: 16, jobs: 16, tookMs: 1 }), 32);
  assert.equal(nextBatchSize({ size: LARGEST_BATCH, jobs: LARGEST_BATCH, tookMs: 0 }), 128);
  assert.equal(nextBatchSize({ size: 4, jobs: 4, tookMs: 60_000 }), 4);
});

Deno.test("a request that was not full does not make the next one larger, but may make it smaller", () => {
  assert.equal(nextBatchSize({ size: 64, jobs: 1, tookMs: 1 }), 64);
  assert.equal(nextBatchSize({ size: 64, jobs: 8, tookMs: 1_000 }), 4);
});
