import assert from "node:assert/strict";
import fc from "fast-check";
import { arrayPhase, finalPhaseSchema, isFinal, jobPhases } from "./mod.ts";

const phase = fc.constantFrom(...jobPhases);

Deno.test("final are exactly the four verdicts", () => {
  assert.deepEqual(jobPhases.filter(isFinal), ["succeeded", "failed", "cancelled", "timed_out"]);
  for (const phase of jobPhases) {
    assert.equal(finalPhaseSchema.safeParse(phase).success, isFinal(phase), phase);
  }
});

Deno.test("an array has ended when all of its tasks have, and not before", () => {
  fc.assert(fc.property(fc.array(phase, { minLength: 1 }), (tasks) => {
    assert.equal(isFinal(arrayPhase(tasks)), tasks.every(isFinal));
  }));
});

Deno.test("an array has succeeded when all of its tasks have, and not otherwise", () => {
  fc.assert(fc.property(fc.array(phase, { minLength: 1 }), (tasks) => {
    const all = tasks.every((task) => task === "succeeded");
    assert.equal(arrayPhase(tasks) === "succeeded", all);
  }));
});

Deno.test("an array's phase is one of its tasks', in whatever order they stand", () => {
  fc.assert(fc.property(fc.array(phase, { minLength: 1 }), (tasks) => {
    assert.ok(tasks.includes(arrayPhase(tasks)));
    assert.equal(arrayPhase(tasks.toReversed()), arrayPhase(tasks));
  }));
});

Deno.test("of several verdicts the worst is the array's", () => {
  assert.equal(arrayPhase(["succeeded", "cancelled"]), "cancelled");
  assert.equal(arrayPhase(["cancelled", "timed_out", "succeeded"]), "timed_out");
  assert.equal(arrayPhase(["timed_out", "failed", "cancelled"]), "failed");
  assert.equal(arrayPhase(["failed", "queued"]), "queued");
  assert.equal(arrayPhase(["queued", "running"]), "running");
});
