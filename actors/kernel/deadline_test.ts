import assert from "node:assert/strict";
import { Deadline } from "./deadline.ts";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("a deadline is brought forward but not put off, and is reached once", async () => {
  const clock = new VirtualClock();
  const reached: number[] = [];
  const deadline = new Deadline(clock, () => reached.push(clock.now()));
  deadline.set(100);
  deadline.set(40);
  deadline.set(70);
  await clock.advance(200);
  assert.deepEqual(reached, [40]);
  deadline.set(10);
  await clock.advance(10);
  assert.deepEqual(reached, [40, 210], "it can be set again");
});

Deno.test("an endless deadline arms no timer, a cleared one is not reached, zero is at once", async () => {
  const clock = new VirtualClock();
  const reached: number[] = [];
  const deadline = new Deadline(clock, () => reached.push(clock.now()));
  deadline.set(Infinity);
  assert.equal(clock.pending, 0);
  deadline.set(5);
  deadline.clear();
  await clock.advance(10);
  deadline.set(0);
  assert.deepEqual([reached, clock.pending], [[10], 0]);
});
