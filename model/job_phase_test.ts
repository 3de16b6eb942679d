import assert from "node:assert/strict";
import fc from "fast-check";
import { arrayPhase, finalPhaseSchema, isFinal, jobPhases } from "./mod.ts";
import type { JobPhase } from "./mod.ts";

/** The phase of an array with tasks in these phases. */
function phaseOf(tasks: readonly JobPhase[]): JobPhase {
  const counted = Map.groupBy(tasks, (one) => one).entries();
  return arrayPhase(Object.fromEntries(counted.map(([one, { length }]) => [one, length])));
}

const phase = fc.constantFrom(...jobPhases);

Deno.test("final are exactly the four verdicts", () => {
  assert.deepEqual(jobPhases.filter(isFinal), ["succeeded", "failed", "cancelled", "timed_out"]);
  for (const phase of jobPhases) {
    assert.equal(finalPhaseSchema.safeParse(phase).success, isFinal(phase), phase);
  }
});

Deno.test("an array has ended when all of its tasks have, and not before", () => {
  fc.assert(fc.property(fc.array(phase, { minLength: 1 }), (tasks) => {
    assert.equal(isFinal(phaseOf(tasks)), tasks.every(isFinal));
  }));
});

Deno.test("an array has succeeded when all of its tasks have, and not otherwise", () => {
  fc.assert(fc.property(fc.array(phase, { minLength: 1 }), (tasks) => {
    const all = tasks.every((task) => task === "succeeded");
    assert.equal(phaseOf(tasks) === "succeeded", all);
  }));
});

Deno.test("an array's phase is one of its tasks', in whatever order they stand", () => {
  fc.assert(fc.property(fc.array(phase, { minLength: 1 }), (tasks) => {
    assert.ok(tasks.includes(phaseOf(tasks)));
    assert.equal(phaseOf(tasks.toReversed()), phaseOf(tasks));
  }));
});

Deno.test("of several verdicts the worst is the array's", () => {
  assert.equal(phaseOf(["succeeded", "cancelled"]), "cancelled");
  assert.equal(phaseOf(["cancelled", "timed_out", "succeeded"]), "timed_out");
  assert.equal(phaseOf(["timed_out", "failed", "cancelled"]), "failed");
  assert.equal(phaseOf(["failed", "queued"]), "queued");
  assert.equal(phaseOf(["queued", "running"]), "running");
});
