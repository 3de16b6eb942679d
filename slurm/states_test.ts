import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parseState, slurmStates, stateMeaning } from "./states.ts";

Deno.test("every state is recognised in any case", () => {
  for (const state of slurmStates) {
    equal(parseState(state), state);
    equal(parseState(state.toLowerCase()), state);
  }
});

Deno.test("each short form stands for one state", () => {
  const compact = [
    "BF CA CD CF CG DL EX F LF NF OOM PD PO PR RE",
    "RD RF RH RQ RS RV R SI SE SO ST S TO UD",
  ].join(" ").split(" ");
  deepEqual(compact.map((form) => parseState(` ${form} `)).sort(), slurmStates);
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

Deno.test("each state says whether a job waits, runs or has ended, and in which phase", () => {
  const meanings = Object.fromEntries(slurmStates.map((state) => {
    const meaning = stateMeaning(state);
    return [state, meaning.kind === "ended" ? meaning.phase : meaning.kind];
  }));
  deepEqual(meanings, {
    BOOT_FAIL: "failed",
    CANCELLED: "cancelled",
    COMPLETED: "succeeded",
    COMPLETING: "active",
    CONFIGURING: "waiting",
    DEADLINE: "timed_out",
    EXPEDITING: "waiting",
    FAILED: "failed",
    LAUNCH_FAILED: "waiting",
    NODE_FAIL: "failed",
    OUT_OF_MEMORY: "failed",
    PENDING: "waiting",
    POWER_UP_NODE: "waiting",
    PREEMPTED: "failed",
    RECONFIG_FAIL: "waiting",
    REQUEUED: "waiting",
    REQUEUE_FED: "waiting",
    REQUEUE_HOLD: "waiting",
    RESIZING: "active",
    RESV_DEL_HOLD: "waiting",
    REVOKED: "cancelled",
    RUNNING: "active",
    SIGNALING: "active",
    SPECIAL_EXIT: "waiting",
    STAGE_OUT: "active",
    STOPPED: "active",
    SUSPENDED: "active",
    TIMEOUT: "timed_out",
    UPDATE_DB: "active",
  });
});
