import assert from "node:assert/strict";
import type { SacctJob, SlurmState, SqueueJob } from "../../slurm/mod.ts";
import { slurmStates, stateMeaning } from "../../slurm/mod.ts";
import type { ExitRecord } from "../exit_record.ts";
import { newAttempt } from "../testing/attempts.ts";
import { verdict } from "./verdict.ts";

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

const none = { queue: undefined, accounting: undefined, record: undefined };

Deno.test("while the queue has a job, its state alone decides, whatever else is said", () => {
  for (const state of slurmStates) {
    const meaning = stateMeaning(state);
    for (const accounting of [undefined, accountingLine("FAILED"), accountingLine("COMPLETED")]) {
      for (const record of [undefined, exitRecord(), exitRecord({ caught: "TERM" })]) {
        const sighting = verdict({ queue: queueLine(state), accounting, record });
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

Deno.test("a record with a signal could be a time limit or a cancellation: only Slurm can say", () => {
  for (const exitCode of [0, 143]) {
    const record = exitRecord({ exitCode, caught: "TERM" });
    assert.equal(verdict({ ...none, record }).kind, "missing");
    const sighting = verdict({ ...none, record, accounting: accountingLine("TIMEOUT") });
    assert.ok(sighting.kind === "ended" && sighting.phase === "timed_out");
  }
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
