import assert from "node:assert/strict";
import { LARGEST_BATCH, nextBatchSize } from "./batch_size.ts";

Deno.test("a request holds what the scheduler takes in two seconds", () => {
  assert.equal(nextBatchSize({ size: 64, jobs: 64, tookMs: 2_000 }), 64);
  assert.equal(nextBatchSize({ size: 64, jobs: 64, tookMs: 1_600 }), 80);
  assert.equal(nextBatchSize({ size: 64, jobs: 64, tookMs: 8_000 }), 16);
});

Deno.test("it grows by no more than twice, and stays within its bounds", () => {
  assert.equal(nextBatchSize({ size: 16, jobs: 16, tookMs: 1 }), 32);
  assert.equal(nextBatchSize({ size: LARGEST_BATCH, jobs: LARGEST_BATCH, tookMs: 0 }), 128);
  assert.equal(nextBatchSize({ size: 4, jobs: 4, tookMs: 60_000 }), 4);
});

Deno.test("a request that was not full does not make the next one larger, but may make it smaller", () => {
  assert.equal(nextBatchSize({ size: 64, jobs: 1, tookMs: 1 }), 64);
  assert.equal(nextBatchSize({ size: 64, jobs: 8, tookMs: 4_000 }), 4);
});

Deno.test("what each request costs, full or not, does not keep requests small", () => {
  // As on a login node that is busy with others: four sbatch at a time.
  const tookMs = (jobs: number) => 400 + 200 * Math.ceil(jobs / 4);
  let size = 4;
  for (let request = 0; request < 10; request++) {
    size = nextBatchSize({ size, jobs: size, tookMs: tookMs(size) });
  }
  assert.ok(size > 24, String(size));
});
