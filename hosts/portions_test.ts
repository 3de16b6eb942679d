import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { collect } from "./portions.ts";

const MEGABYTE = 1024 * 1024;

/** So many chunks, in each of which every byte is the chunk's number. */
function chunks(count: number, bytes: number): ReadableStream<Uint8Array> {
  return ReadableStream.from(
    Array.from({ length: count }, (_, number) => new Uint8Array(bytes).fill(number % 251)),
  );
}

Deno.test("the first portion comes soon, and each is twice as large as the one before, up to a limit", async () => {
  const sizes: number[] = [];
  for await (const { length } of collect(chunks(64, MEGABYTE / 4))) sizes.push(length / MEGABYTE);
  assert.deepEqual(sizes, [0.25, 0.5, 1, 2, 4, 4, 4, 0.25]);
});

Deno.test("portions hold all bytes in their order and say how many, whatever the size of the chunks", async () => {
  for (const bytes of [1_000, 300_000]) {
    const found: Uint8Array[] = [];
    for await (const { slices, length } of collect(chunks(300, bytes))) {
      assert.equal(slices.reduce((sum, slice) => sum + slice.length, 0), length);
      found.push(...slices);
    }
    const whole = Buffer.concat(found);
    assert.equal(whole.length, 300 * bytes);
    for (let number = 0; number < 300; number++) {
      const chunk = whole.subarray(number * bytes, (number + 1) * bytes);
      assert.ok(chunk.every((byte) => byte === number % 251), `chunk ${number}`);
    }
  }
});

Deno.test("of nothing there is no portion", async () => {
  assert.equal((await collect(chunks(0, 1)).next()).done, true);
});
