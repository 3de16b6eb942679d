import assert from "node:assert/strict";
import { NO_WORD } from "../../launchers/mod.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { Sighting } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import type { ComponentMarks } from "./component_marks.ts";
import { componentVerdict, leavesOpen } from "./component_verdict.ts";

function record(exitCode: number, caught?: string, restart = 0): ExitRecord {
  return {
    attemptId: newAttempt(),
    task: 1,
    schedulerId: "12",
    restart,
    exitCode,
    ...(caught === undefined ? {} : { caught }),
    startedAt: 1_000,
    endedAt: 2_000,
  };
}

const nodes = ["n1"];
const waiting: Sighting = { kind: "waiting", state: "PENDING" };
const running: Sighting = { kind: "active", state: "RUNNING", nodes };
const completing: Sighting = { kind: "active", state: "COMPLETING", nodes, completing: true };
const succeeded: Sighting = { kind: "ended", phase: "succeeded", state: "COMPLETED", nodes };
const failed: Sighting = { kind: "ended", phase: "failed", state: "FAILED", exitCode: 3, nodes };
const killed: Sighting = { kind: "ended", phase: "failed", state: "FAILED", signal: 9, nodes };
const timedOut: Sighting = { kind: "ended", phase: "timed_out", state: "TIMEOUT", nodes };
const untold: Sighting = { kind: "missing", reason: { code: "LeftQueue", text: "" } };

function judge(slurm: Sighting | undefined, some: Partial<ComponentMarks> = {}): string {
  const marks = { record: undefined, begun: true, cancelled: false, never: false, ...some };
  const seen = componentVerdict(slurm, marks, () => untold);
  switch (seen.kind) {
    case "ended":
      return `${seen.state} ${seen.exitCode ?? "-"} ${seen.nodes.join()}`.trim();
    case "active":
    case "waiting":
      return seen.state;
    case "missing":
      return `missing ${seen.reason.code}`;
  }
}

Deno.test("a component has ended as its own record says, however the job stands", () => {
  for (const slurm of [running, completing, succeeded, failed, killed, timedOut]) {
    assert.equal(judge(slurm, { record: record(0) }), "COMPLETED 0 n1");
    assert.equal(judge(slurm, { record: record(4, "USR1") }), "FAILED 4 n1");
  }
  assert.equal(judge(undefined, { record: record(0) }), "COMPLETED 0");
});

Deno.test("a component that Slurm ended has ended as Slurm says", () => {
  for (const caught of ["CONT", NO_WORD]) {
    assert.equal(judge(timedOut, { record: record(143, caught) }), "TIMEOUT 143 n1");
  }
  assert.equal(judge(timedOut), "TIMEOUT - n1");
});

Deno.test("a component that is being ended has no verdict until Slurm tells why", () => {
  assert.equal(judge(completing, { record: record(143, "CONT") }), "COMPLETING");
  assert.equal(judge(completing, { record: record(137, NO_WORD) }), "COMPLETING");
});

Deno.test("a component that others than Slurm ended has failed, while the job runs and after", () => {
  for (const slurm of [running, failed]) {
    assert.equal(judge(slurm, { record: record(137, NO_WORD) }), "FAILED 137 n1");
    assert.equal(judge(slurm, { record: record(143, "CONT") }), "FAILED 143 n1");
  }
});

Deno.test("what a component without a record came to is not taken from how the batch script ended", () => {
  assert.equal(judge(running), "RUNNING");
  assert.equal(judge(failed), "missing NoRecord");
  assert.equal(judge(succeeded), "COMPLETED - n1");
  assert.equal(judge(killed), "FAILED - n1");
  assert.equal(judge(failed, { begun: false }), "FAILED 3 n1", "nothing of the job has begun");
  assert.equal(judge(undefined), "missing LeftQueue");
  assert.equal(judge(undefined, { record: record(143, "CONT") }), "missing LeftQueue");
});

Deno.test("a component that somebody wants ended is cancelled once it has ended or never begins", () => {
  const cancelled = true;
  const never = { cancelled, never: true, begun: false };
  for (const slurm of [waiting, running, failed, undefined]) {
    assert.equal(judge(slurm, never), "CANCELLED -");
  }
  assert.equal(judge(running, { cancelled }), "RUNNING");
  assert.equal(judge(running, { cancelled, record: record(143, "TERM") }), "CANCELLED -");
  assert.equal(judge(running, { cancelled, record: record(1, NO_WORD) }), "CANCELLED -");
  assert.equal(judge(running, { cancelled, record: record(137) }), "CANCELLED -");
  assert.equal(judge(running, { cancelled, record: record(0) }), "COMPLETED 0 n1", "it was sooner");
});

Deno.test("a run that was put back says nothing of the one to come, but a component that had ended has", () => {
  const again: Sighting = { kind: "active", state: "RUNNING", nodes, restarts: 1 };
  for (const caught of ["CONT", NO_WORD]) {
    assert.equal(judge(waiting, { record: record(143, caught) }), "PENDING");
    assert.equal(judge(again, { record: record(143, caught) }), "RUNNING");
  }
  assert.equal(judge(again, { record: record(143, "CONT", 1) }), "FAILED 143 n1");
  assert.equal(judge(waiting, { record: record(0) }), "COMPLETED 0");
  assert.equal(judge(again, { record: record(0) }), "COMPLETED 0 n1");
});

Deno.test("records are looked for once more where Slurm has ended a component without one", () => {
  const marks = { record: undefined, begun: true, cancelled: false, never: false };
  assert.equal(leavesOpen(failed, marks), true);
  assert.equal(leavesOpen(running, marks), false);
  assert.equal(leavesOpen(failed, { ...marks, record: record(0) }), false);
});
