import assert from "node:assert/strict";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("timers fire in the order of their times, and those of one time as they were set", async () => {
  const clock = new VirtualClock(1_000);
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
  clock.setTimeout(note("late"), 20);
  clock.setTimeout(note("early"), 10);
  clock.setTimeout(note("early too"), 10);
  clock.setTimeout(note("after the end"), 31);
  clock.setTimeout(note("cancelled"), 10).cancel();
  await clock.advance(30);
  assert.deepEqual(fired, ["early@1010", "early too@1010", "late@1020"]);
  assert.equal(clock.now(), 1_030);
  assert.equal(clock.pending, 1);
});

Deno.test("what a timer sets in motion, timers included, is done within the same advance", async () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  const again = async () => {
    for (let hop = 0; hop < 50; hop++) await Promise.resolve();
    fired.push(clock.now());
    if (fired.length < 3) clock.setTimeout(again, 5);
  };
  clock.setTimeout(again, 5);
  await clock.advance(15);
  assert.deepEqual(fired, [5, 10, 15]);
});
