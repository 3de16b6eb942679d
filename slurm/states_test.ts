import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { compactState, parseState, slurmStates, stateMeaning, statePhase } from "./states.ts";

Deno.test("every state is recognised in its long and its short form, in any case", () => {
  for (const state of slurmStates) {
    equal(parseState(state), state);
    equal(parseState(state.toLowerCase()), state);
    equal(parseState(` ${compactState(state)} `), state);
  }
});

Deno.test("no two states share a short form", () => {
  equal(new Set(slurmStates.map(compactState)).size, slurmStates.length);
});

Deno.test("what sacct adds to a state does not hide it", () => {
  equal(parseState("CANCELLED by 1000"), "CANCELLED");
  equal(parseState("CANCELLED+"), "CANCELLED");
  equal(parseState("CANCELLED by+"), "CANCELLED");
  equal(parseState("OUT_OF_ME+"), "OUT_OF_MEMORY");
  equal(parseState("NODE_FAIL+"), "NODE_FAIL");
});

Deno.test("a cut that could be several states is not guessed", () => {
  equal(parseState("COMPLET+"), undefined);
  equal(parseState("REQUEUE+"), undefined);
  equal(parseState("C+"), undefined);
});

Deno.test("a word that is not Slurm's is not guessed", () => {
  for (const word of ["", "+", "DONE", "RUNNINGX", "CANCELLED-ISH", "constructor", "__proto__"]) {
    equal(parseState(word), undefined, word);
  }
});

Deno.test("reading a state never throws, and gives back only states", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (word) => {
    const state = parseState(word);
    ok(state === undefined || slurmStates.includes(state));
  }));
});

Deno.test("states map to the phases of the design", () => {
  const phases = Object.fromEntries(slurmStates.map((state) => [state, statePhase(state)]));
  deepEqual(phases, {
    BOOT_FAIL: "failed",
    CANCELLED: "cancelled",
    COMPLETED: "succeeded",
    COMPLETING: "running",
    CONFIGURING: "queued",
    DEADLINE: "timed_out",
    EXPEDITING: "queued",
    FAILED: "failed",
    LAUNCH_FAILED: "queued",
    NODE_FAIL: "failed",
    OUT_OF_MEMORY: "failed",
    PENDING: "queued",
    POWER_UP_NODE: "queued",
    PREEMPTED: "failed",
    RECONFIG_FAIL: "queued",
    REQUEUED: "queued",
    REQUEUE_FED: "queued",
    REQUEUE_HOLD: "queued",
    RESIZING: "running",
    RESV_DEL_HOLD: "queued",
    REVOKED: "cancelled",
    RUNNING: "running",
    SIGNALING: "running",
    SPECIAL_EXIT: "queued",
    STAGE_OUT: "running",
    STOPPED: "running",
    SUSPENDED: "running",
    TIMEOUT: "timed_out",
    UPDATE_DB: "running",
  });
});

Deno.test("the end of an attempt that was put back is not the job's end", () => {
  for (const state of slurmStates) {
    const phase = statePhase(state, { requeued: true });
    equal(phase, stateMeaning(state).kind === "active" ? "running" : "queued", state);
  }
});
