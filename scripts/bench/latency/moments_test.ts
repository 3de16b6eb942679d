import assert from "node:assert/strict";
import { Moments, runName } from "./moments.ts";

Deno.test("delays count from the truth to when a moment was first learnt of", () => {
  const truth = new Moments();
  const learnt = new Moments();
  const [job, task] = [runName("a", undefined), runName("a", 3)];
  truth.note("end", job, 100);
  truth.note("end", task, 200);
  learnt.note("end", job, 104.5);
  learnt.note("end", job, 150);
  learnt.note("end", task, 199);
  assert.deepEqual(learnt.delays("end", [job, task], truth), [4.5, -1]);
  assert.equal(learnt.count("end"), 2);
});

Deno.test("a moment that was never learnt of is no delay of any length", () => {
  const truth = new Moments();
  truth.note("start", "a", 100);
  assert.throws(() => new Moments().delays("start", ["a"], truth), /never learnt of/);
});
