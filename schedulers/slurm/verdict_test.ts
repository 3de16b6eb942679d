import assert from "node:assert/strict";
import type { SacctJob, SlurmState, SqueueJob } from "../../slurm/mod.ts";
import { slurmStates, stateMeaning } from "../../slurm/mod.ts";
import type { ExitRecord } from "../exit_record.ts";
import { newAttempt } from "../testing/attempts.ts";
import type { RunWords } from "./present_run.ts";
import { needsLastWords, verdict } from "./verdict.ts";
import type { Evidence } from "./verdict.ts";

const id = { kind: "job", job: 12 } as const;

function queueLine(state: SlurmState | undefined, more: Partial<SqueueJob> = {}): SqueueJob {
  return {
    id,
    ...(state === undefined ? {} : { state }),
    stateText: state ?? "DREAMING",
    nodeList: "n[1-2]",
    comment: "",
    ...more,
  };
}

function accountingLine(state: SlurmState, more: Partial<SacctJob> = {}): SacctJob {
  return { id, state, stateText: state, nodeList: "n1", ...more };
}

function exitRecord(more: Partial<ExitRecord> = {}): ExitRecord {
  return {
    attemptId: newAttempt(),
    schedulerId: "12",
    restart: 0,
    exitCode: 3,
    startedAt: 1_000,
    endedAt: 2_000,
    ...more,
  };
}

const none: Evidence = {
  queue: undefined,
  accounting: undefined,
  record: undefined,
  words: undefined,
  requeues: undefined,
  killWaitMs: 30_000,
};

/** Slurm's words at the given time, by default a second before the record's end. */
function said(
  reason: NonNullable<RunWords["end"]>["reason"],
  more: Partial<RunWords> = {},
): RunWords {
  return { end: { reason, at: 1_000 }, outOfMemory: false, ...more };
}

Deno.test("while the queue has a job, its state alone decides, whatever else is said", () => {
  for (const state of slurmStates) {
    const meaning = stateMeaning(state);
    for (const accounting of [undefined, accountingLine("FAILED"), accountingLine("COMPLETED")]) {
      for (const record of [undefined, exitRecord(), exitRecord({ caught: "TERM" })]) {
        const sighting = verdict({ ...none, queue: queueLine(state), accounting, record });
        assert.equal(sighting.kind, meaning.kind, state);
        if (meaning.kind === "ended") {
          assert.ok(sighting.kind === "ended");
          assert.equal(sighting.phase, meaning.phase, state);
        }
        assert.equal(sighting.state, state);
      }
    }
  }
});

Deno.test("a job that is completing is active still, and its exit code is not told", () => {
  const exit = { exitCode: 0 };
  const sighting = verdict({ ...none, queue: queueLine("COMPLETING", { exit }) });
  assert.equal(sighting.kind, "active");
  assert.ok(!("exitCode" in sighting));
});

Deno.test("a state that nobody knows is missing, not guessed", () => {
  const sighting = verdict({ ...none, queue: queueLine(undefined), record: exitRecord() });
  assert.ok(sighting.kind === "missing");
  assert.match(sighting.reason.text, /DREAMING/);
  assert.equal(sighting.queued, true);
});

Deno.test("of a job that left the queue, accounting's final word counts before the record", () => {
  for (const state of slurmStates) {
    const meaning = stateMeaning(state);
    if (meaning.kind !== "ended") continue;
    const sighting = verdict({ ...none, accounting: accountingLine(state), record: exitRecord() });
    assert.ok(sighting.kind === "ended");
    assert.equal(sighting.phase, meaning.phase, state);
  }
});

Deno.test("accounting that lags behind says nothing: the record counts, or nothing does", () => {
  for (const state of slurmStates.filter((state) => stateMeaning(state).kind !== "ended")) {
    const accounting = accountingLine(state);
    assert.equal(verdict({ ...none, accounting }).kind, "missing", state);
    const sighting = verdict({ ...none, accounting, record: exitRecord() });
    assert.ok(sighting.kind === "ended", state);
    assert.equal(sighting.exitCode, 3);
  }
});

Deno.test("a record tells the end where nothing else does", () => {
  const sighting = verdict({ ...none, record: exitRecord() });
  assert.deepEqual(sighting, {
    kind: "ended",
    phase: "failed",
    state: "FAILED",
    reason: { code: "NonZeroExitCode", text: "The job ended with exit code 3." },
    exitCode: 3,
    nodes: [],
    startedAt: 1_000,
    endedAt: 2_000,
  });
  const good = verdict({ ...none, record: exitRecord({ exitCode: 0 }) });
  assert.ok(good.kind === "ended" && good.phase === "succeeded" && good.reason === undefined);
  const killed = verdict({ ...none, record: exitRecord({ exitCode: 137 }) });
  assert.ok(killed.kind === "ended" && killed.signal === 9);
  assert.equal(killed.reason?.code, "RaisedSignal");
});

Deno.test("the record of a job that only a signal reached is the payload's own end", () => {
  for (const exitCode of [0, 143]) {
    const record = exitRecord({ exitCode, caught: "TERM" });
    for (const words of [undefined, said("cancelled")]) {
      const sighting = verdict({ ...none, record, words });
      assert.ok(sighting.kind === "ended");
      assert.equal(sighting.state, exitCode === 0 ? "COMPLETED" : "FAILED");
      assert.equal(sighting.exitCode, exitCode);
    }
  }
});

Deno.test("how Slurm ended a job is known from accounting or Slurm's words, and not without", () => {
  for (const exitCode of [0, 3, 143]) {
    const record = exitRecord({ exitCode, caught: "CONT" });
    assert.equal(verdict({ ...none, record }).kind, "missing");
    const accounted = verdict({ ...none, record, accounting: accountingLine("TIMEOUT") });
    assert.ok(accounted.kind === "ended" && accounted.phase === "timed_out");
    assert.equal(accounted.exitCode, exitCode || undefined);
  }
});

Deno.test("Slurm's words tell of a time limit and of a cancellation, with a record and without", () => {
  for (const record of [undefined, exitRecord({ exitCode: 143, caught: "CONT" })]) {
    for (
      const [reason, phase, state] of [
        ["time_limit", "timed_out", "TIMEOUT"],
        ["cancelled", "cancelled", "CANCELLED"],
      ] as const
    ) {
      const sighting = verdict({ ...none, record, words: said(reason) });
      assert.ok(sighting.kind === "ended");
      assert.deepEqual([sighting.phase, sighting.state], [phase, state]);
      assert.equal(sighting.reason?.code, state);
      assert.equal(sighting.exitCode, record?.exitCode);
      assert.equal(sighting.endedAt, record === undefined ? 1_000 : 2_000);
      assert.equal(sighting.mayReturn, undefined);
    }
  }
});

Deno.test("a job that lived on after words of a cancellation was not cancelled then", () => {
  const late = 1_000 + 30_000 + 60_000;
  const words = said("cancelled", { wroteAt: late });
  assert.equal(verdict({ ...none, words }).kind, "missing");
  const record = exitRecord({ caught: "CONT", endedAt: late });
  assert.equal(verdict({ ...none, words: said("cancelled"), record }).kind, "missing");
  const killed = verdict({ ...none, words: said("cancelled", { wroteAt: 31_000 }) });
  assert.ok(killed.kind === "ended" && killed.state === "CANCELLED");
});

Deno.test("words after which a job may run again are an end only where it may not", () => {
  for (const record of [undefined, exitRecord({ exitCode: 143, caught: "CONT" })]) {
    for (
      const [reason, state] of [["preemption", "PREEMPTED"], ["node_failure", "NODE_FAIL"]] as const
    ) {
      const evidence = { ...none, record, words: said(reason) };
      for (const requeues of [undefined, true]) {
        assert.equal(verdict({ ...evidence, requeues }).kind, "missing");
      }
      const sighting = verdict({ ...evidence, requeues: false });
      assert.ok(sighting.kind === "ended");
      assert.deepEqual([sighting.phase, sighting.state], ["failed", state]);
    }
    for (const requeues of [undefined, true, false]) {
      const sighting = verdict({ ...none, record, words: said("requeue"), requeues });
      assert.equal(sighting.kind, "missing");
    }
  }
});

Deno.test("a job that ended with an error beyond its memory is out of memory", () => {
  const words = { outOfMemory: true };
  for (const record of [undefined, exitRecord({ exitCode: 137 })]) {
    const sighting = verdict({ ...none, record, words });
    assert.ok(sighting.kind === "ended");
    assert.deepEqual([sighting.phase, sighting.state], ["failed", "OUT_OF_MEMORY"]);
    assert.equal(sighting.exitCode, record?.exitCode);
  }
  const good = verdict({ ...none, record: exitRecord({ exitCode: 0 }), words });
  assert.ok(good.kind === "ended" && good.state === "COMPLETED");
});

Deno.test("in accounting, an end after which the job may run again is marked as such", () => {
  for (const state of ["PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "TIMEOUT", "CANCELLED"] as const) {
    const accounting = accountingLine(state);
    const returns = state !== "TIMEOUT" && state !== "CANCELLED";
    const sighting = verdict({ ...none, accounting });
    assert.ok(sighting.kind === "ended");
    assert.equal(sighting.mayReturn, returns ? true : undefined, state);
    const final = verdict({ ...none, accounting, requeues: false });
    assert.ok(final.kind === "ended" && final.mayReturn === undefined, state);
  }
});

Deno.test("accounting takes 128 off high exit codes, so the record's counts, and none is made up", () => {
  const accounting = accountingLine("FAILED", { exit: { exitCode: 15 } });
  for (const [recorded, expected] of [[143, 143], [15, 15], [3, undefined]] as const) {
    const record = exitRecord({ exitCode: recorded });
    const sighting = verdict({ ...none, accounting, record });
    assert.ok(sighting.kind === "ended");
    assert.equal(sighting.exitCode, expected);
    assert.equal(sighting.signal, recorded === 143 ? 15 : undefined);
  }
  const alone = verdict({ ...none, accounting });
  assert.ok(alone.kind === "ended" && alone.exitCode === undefined);
  const good = accountingLine("COMPLETED", { exit: { exitCode: 0 } });
  const completed = verdict({ ...none, accounting: good });
  assert.ok(completed.kind === "ended" && completed.exitCode === 0);
});

Deno.test("Slurm's words are asked for only where the end depends on them", () => {
  const ask = (record: ExitRecord | undefined, accounting?: SacctJob) =>
    needsLastWords({ record, accounting });
  assert.equal(ask(undefined), true);
  assert.equal(ask(undefined, accountingLine("RUNNING")), true);
  assert.equal(ask(exitRecord({ exitCode: 0, caught: "CONT" })), true);
  assert.equal(ask(exitRecord({ exitCode: 3 })), true);
  assert.equal(ask(exitRecord({ exitCode: 0 })), false);
  assert.equal(ask(exitRecord({ exitCode: 0, caught: "TERM" })), false);
  assert.equal(ask(undefined, accountingLine("FAILED")), false);
});

Deno.test("without any evidence a job is missing", () => {
  const sighting = verdict(none);
  assert.ok(sighting.kind === "missing");
  assert.equal(sighting.reason.code, "LeftQueue");
});

Deno.test("the exit code is the payload's, and none is made up where Slurm ended the job", () => {
  const exit = { exitCode: 0 };
  for (
    const [state, expected] of [["COMPLETED", 0], ["CANCELLED", undefined], [
      "TIMEOUT",
      undefined,
    ]] as const
  ) {
    const sighting = verdict({ ...none, queue: queueLine(state, { exit }) });
    assert.ok(sighting.kind === "ended");
    assert.equal(sighting.exitCode, expected, state);
  }
  const killed = verdict({
    ...none,
    queue: queueLine("FAILED", { exit: { exitCode: 0, signal: 9 } }),
  });
  assert.ok(killed.kind === "ended" && killed.signal === 9);
});

Deno.test("nodes are named one by one", () => {
  const sighting = verdict({ ...none, queue: queueLine("RUNNING") });
  assert.ok(sighting.kind === "active");
  assert.deepEqual(sighting.nodes, ["n1", "n2"]);
});
