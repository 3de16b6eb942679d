import assert from "node:assert/strict";
import { newAttempt } from "../testing/attempts.ts";
import type { ExitRecord } from "../exit_record.ts";
import { stepVerdict } from "./step_verdict.ts";
import type { SessionStanding, StepEvidence } from "./step_verdict.ts";
import type { StepTraces } from "./step_traces.ts";

const NOW = 1_800_000_000_000;
const CANCELLED_WORDS = "slurmstepd: error: *** STEP 12.3 ON n1 CANCELLED AT 2026-11-27T19:00:25";

function record(exitCode: number, caught?: string): ExitRecord {
  return {
    attemptId: newAttempt(),
    schedulerId: "step:x",
    restart: 0,
    exitCode,
    ...(caught === undefined ? {} : { caught }),
    startedAt: NOW - 9_000,
    endedAt: NOW - 1_000,
  };
}

const over = (state: string): SessionStanding => ({
  kind: "over",
  state,
  phase: state === "COMPLETED"
    ? "succeeded"
    : state === "TIMEOUT"
    ? "timed_out"
    : state === "CANCELLED"
    ? "cancelled"
    : "failed",
});

/** What is said of a step, in short. */
function said(
  traces: Partial<StepTraces> | undefined,
  more: Partial<Omit<StepEvidence, "traces">> = {},
): string {
  const sighting = stepVerdict({
    traces: traces === undefined
      ? undefined
      : { entry: "none", cancelled: false, words: [], ...traces },
    session: { kind: "live" },
    closed: undefined,
    now: NOW,
    age: 1_000,
    ...more,
  });
  const code = "reason" in sighting ? sighting.reason?.code : undefined;
  switch (sighting.kind) {
    case "ended":
      return `${sighting.phase} ${code ?? ""}`.trim();
    case "active":
      return sighting.completing === true ? "completing" : "active";
    case "waiting":
    case "missing":
      return `${sighting.kind} ${code ?? ""}`;
  }
}

const begun = { begun: "12.3", nodeList: "n1", startedAt: NOW - 9_000 } as const;
const long = { exitCode: 137, at: NOW - 60_000 };
const justNow = { exitCode: 137, at: NOW - 1_000 };

Deno.test("a step that has not begun waits, in the session or for its resources", () => {
  assert.equal(said({ entry: "waits" }), "waiting SessionQueue");
  assert.equal(said({ entry: "taken" }), "waiting SessionResources");
  assert.equal(said({}), "waiting SessionQueue", "it is on its way from one place to the next");
  assert.equal(said({}, { age: 3_600_000 }), "missing SessionLost");
  assert.equal(said({}, { age: 3_600_000, closed: "asked" }), "failed SessionEnded");
  assert.equal(said(undefined), "missing SessionLost");
});

Deno.test("a step that never began has failed when its session is over, and not before", () => {
  for (const entry of ["waits", "taken", "none"] as const) {
    assert.equal(said({ entry }, { session: over("TIMEOUT") }), "failed SessionEnded");
    assert.equal(said({ entry }, { session: { kind: "unknown" } }), "missing SessionLost");
  }
});

Deno.test("a step that srun refused has failed, in srun's words, once they must have shown", () => {
  const words = ["srun: error: Unable to create step for job 12: Invalid"];
  const end = { exitCode: 1, at: NOW - 60_000 };
  assert.equal(said({ end, words }), "failed StepRefused");
  assert.equal(said({ end: { ...end, at: NOW - 1_000 }, words }), "waiting SessionResources");
  assert.equal(said({ end, words }, { session: over("CANCELLED") }), "failed SessionEnded");
  assert.equal(said({ end, words: ["srun: error: Node failure on n4"] }), "failed NODE_FAIL");
});

Deno.test("a cancelled step that never began is cancelled, one that was given up is not known", () => {
  assert.equal(said({ begun: "cancelled", entry: "taken" }), "cancelled CANCELLED");
  assert.equal(said({ begun: "given-up" }), "missing SessionLost");
});

Deno.test("the record of a step that nothing else ended is believed at once", () => {
  assert.equal(said({ ...begun, record: record(0) }), "succeeded");
  assert.equal(said({ ...begun, record: record(3) }), "failed NonZeroExitCode");
  assert.equal(said({ ...begun, record: record(137) }), "failed RaisedSignal");
});

Deno.test("where a signal came, Slurm's words decide, and are waited for", () => {
  const told = (caught: string, words: readonly string[], more: Partial<StepTraces> = {}) =>
    said({ ...begun, record: record(143, caught), words, ...more });
  assert.equal(told("CONT", []), "completing");
  assert.equal(told("CONT", [`${CANCELLED_WORDS} ***`]), "cancelled CANCELLED");
  assert.equal(told("CONT", [`${CANCELLED_WORDS} DUE TO TIME LIMIT ***`]), "timed_out TIMEOUT");
  assert.equal(told("TERM", [], { cancelled: true }), "cancelled CANCELLED");
  // Somebody's signal alone ends nothing by Slurm's will.
  assert.equal(told("TERM", [`${CANCELLED_WORDS} ***`], { end: long }), "failed RaisedSignal");
  assert.equal(told("USR1", [], { end: long }), "failed RaisedSignal");
});

Deno.test("a step without a record runs until srun or its session has ended", () => {
  assert.equal(said(begun), "active");
  assert.equal(said({ ...begun, end: justNow }), "completing");
  assert.equal(said({ ...begun, end: long }), "failed RaisedSignal");
  assert.equal(
    said({ ...begun, end: { ...long, exitCode: 1 }, words: ["srun: error: gone"] }),
    "failed StepLost",
  );
  const words = [`${CANCELLED_WORDS} ***`];
  assert.equal(said({ ...begun, end: justNow, words }), "cancelled CANCELLED");
  assert.equal(
    said({ ...begun, end: justNow, words: [...words, "srun: error: Node failure on n1"] }),
    "failed NODE_FAIL",
  );
  assert.equal(said(begun, { session: { kind: "unknown" } }), "missing SessionLost");
});

Deno.test("what a session takes along ends as the session did", () => {
  const ends = {
    TIMEOUT: "timed_out TIMEOUT",
    CANCELLED: "cancelled CANCELLED",
    NODE_FAIL: "failed NODE_FAIL",
    PREEMPTED: "failed PREEMPTED",
    COMPLETED: "failed SessionEnded",
  };
  for (const [state, end] of Object.entries(ends)) {
    assert.equal(said(begun, { session: over(state) }), end);
  }
  const caught = { ...begun, record: record(143, "CONT") };
  assert.equal(said(caught, { session: over("TIMEOUT") }), "timed_out TIMEOUT");
});
