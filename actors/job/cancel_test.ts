import assert from "node:assert/strict";
import type { JobFact, SignalName } from "../../model/mod.ts";
import type { Sighting } from "../../schedulers/mod.ts";
import { EPOCH, schedulerId, SimulatedJob } from "../testing/simulated_job.ts";
import { wantedEnds } from "./cancel.ts";

const active: Sighting = { kind: "active", state: "RUNNING", nodes: ["n1"] };

function see(job: SimulatedJob, sighting: Sighting, task?: number): readonly JobFact[] {
  const observation = { attemptId: job.attempt, sighting };
  return job.tell({
    type: "sighted",
    askedAt: EPOCH + job.time,
    observations: [task === undefined ? observation : { ...observation, task }],
  });
}

function taken(job: SimulatedJob, signal: SignalName, task?: number): readonly JobFact[] {
  const cancellation = {
    attemptId: job.attempt,
    schedulerId: schedulerId("12"),
    means: { kind: "signal", signal },
  } as const;
  return job.tell({
    type: "cancelled",
    cancellation: task === undefined ? cancellation : { ...cancellation, task },
  });
}

const wanted = (job: SimulatedJob) => wantedEnds(job.view, EPOCH + job.time);
const types = (facts: readonly JobFact[]) => facts.map(({ type }) => type);
const end = { kind: "end" } as const;
const usr1 = { kind: "signal", signal: "USR1" } as const;

function running(): SimulatedJob {
  const job = new SimulatedJob().submitted();
  see(job, active);
  return job;
}

Deno.test("without a signal the scheduler ends a job wherever it is", () => {
  const job = new SimulatedJob().submitted();
  job.tell({ type: "cancel" });
  assert.deepEqual(wanted(job), [{ means: end }]);
  see(job, active);
  assert.deepEqual(wanted(job), [{ means: end }]);
});

Deno.test("with a signal a job that waits is ended, and one that runs gets the signal", () => {
  const job = new SimulatedJob().submitted();
  job.tell({ type: "cancel", signal: "USR1" });
  assert.deepEqual(wanted(job), [{ means: { kind: "end_if_waiting" } }]);
  see(job, active);
  assert.deepEqual(wanted(job), [{ means: usr1 }]);
});

Deno.test("a signal that was taken is sent no more, and force follows after the grace period", () => {
  const job = running();
  job.tell({ type: "cancel", signal: "USR1", graceSeconds: 5 });
  job.time = 1_000;
  assert.deepEqual(taken(job, "USR1"), [{ type: "signalled", task: undefined, signal: "USR1" }]);
  assert.deepEqual(taken(job, "USR1"), []);
  assert.deepEqual(wanted(job), []);
  assert.equal(job.view.forceAt, EPOCH + 6_000);
  job.time = 5_999;
  assert.deepEqual(wanted(job), []);
  job.time = 6_000;
  assert.deepEqual(wanted(job), [{ means: end }]);
});

Deno.test("where nobody says, the grace period is half a minute", () => {
  const job = running();
  job.tell({ type: "cancel", signal: "TERM" });
  taken(job, "TERM");
  assert.equal(job.view.forceAt, EPOCH + 30_000);
});

Deno.test("a job that is put back after its signal is ended in the queue", () => {
  const job = running();
  job.tell({ type: "cancel", signal: "USR1" });
  taken(job, "USR1");
  see(job, { kind: "waiting", state: "PENDING", restarts: 1 });
  assert.deepEqual(wanted(job), [{ means: { kind: "end_if_waiting" } }]);
});

Deno.test("the same wish again changes nothing, another one does", () => {
  const job = running();
  const ask = (signal?: SignalName, graceSeconds?: number) =>
    job.tell({ type: "cancel", signal, graceSeconds }).length;
  assert.equal(ask("USR1"), 1);
  assert.equal(ask("USR1"), 0);
  assert.equal(ask("USR1", 30), 0, "30 seconds are the default");
  assert.equal(ask("USR1", 5), 1);
  assert.equal(ask("TERM"), 1);
  assert.equal(ask(), 1);
  assert.equal(ask(), 0);
  assert.equal(ask("USR1"), 0, "force is not taken back");
  assert.deepEqual(wanted(job), [{ means: end }]);
});

Deno.test("a wish without a signal ends at once a job that has its signal", () => {
  const job = running();
  job.tell({ type: "cancel", signal: "USR1", graceSeconds: 500 });
  taken(job, "USR1");
  assert.deepEqual(wanted(job), []);
  job.tell({ type: "cancel" });
  assert.deepEqual(wanted(job), [{ means: end }]);
});

Deno.test("a signal that was sent before is not sent again when it is asked for again", () => {
  const job = running();
  job.tell({ type: "cancel", signal: "USR1" });
  taken(job, "USR1");
  job.tell({ type: "cancel", signal: "TERM" });
  taken(job, "TERM");
  job.time = 1_000;
  job.tell({ type: "cancel", signal: "USR1", graceSeconds: 2 });
  assert.deepEqual(wanted(job), []);
  assert.equal(job.view.forceAt, EPOCH + 3_000);
});

Deno.test("an end by the signal that was asked for is a cancellation, any other is Slurm's verdict", () => {
  const failed = { kind: "ended", phase: "failed", state: "FAILED", nodes: [] } as const;
  const ends: readonly (readonly [Sighting, string])[] = [
    [{ ...failed, signal: 10 }, "cancelled"],
    [{ ...failed, exitCode: 138 }, "cancelled"],
    [{ ...failed, exitCode: 3 }, "failed"],
    [{ ...failed, signal: 9 }, "failed"],
    [{ ...failed, phase: "succeeded", state: "COMPLETED", exitCode: 0 }, "succeeded"],
    [{ ...failed, phase: "timed_out", state: "TIMEOUT", signal: 10 }, "timed_out"],
    [{ ...failed, state: "OUT_OF_MEMORY", exitCode: 138 }, "failed"],
  ];
  for (const [sighting, phase] of ends) {
    const job = running();
    job.tell({ type: "cancel", signal: "USR1" });
    taken(job, "USR1");
    see(job, sighting);
    assert.equal(job.view.phase, phase);
    assert.equal(job.view.state, sighting.kind === "ended" ? sighting.state : "");
  }
});

Deno.test("the tasks of an array that run get the signal one by one, those that wait are ended together", () => {
  const job = new SimulatedJob([0, 1, 2, 3]).submitted();
  see(job, active, 0);
  see(job, active, 1);
  job.tell({ type: "cancel", task: 1 });
  assert.deepEqual(wanted(job), [{ task: 1, means: end }]);
  job.tell({ type: "cancel", signal: "USR1" });
  assert.deepEqual(wanted(job), [
    { means: { kind: "end_if_waiting" } },
    { task: 0, means: usr1 },
    { task: 1, means: end },
  ]);
  taken(job, "USR1", 0);
  see(job, active, 2);
  assert.deepEqual(wanted(job).slice(1), [{ task: 1, means: end }, { task: 2, means: usr1 }]);
  assert.deepEqual(types(job.tell({ type: "cancel" })), ["cancel_requested"]);
  assert.deepEqual(wanted(job), [{ means: end }]);
});

Deno.test("a signal for one task concerns that task alone", () => {
  const job = new SimulatedJob([0, 1]).submitted();
  see(job, active, 0);
  see(job, active, 1);
  job.tell({ type: "cancel", task: 1, signal: "USR1" });
  assert.deepEqual(wanted(job), [{ task: 1, means: usr1 }]);
  assert.deepEqual(taken(job, "USR1", 0), []);
  assert.deepEqual(types(taken(job, "USR1", 1)), ["signalled"]);
  assert.equal(job.view.cancelRequested, false);
});

Deno.test("components are ended one by one, and the job as a whole once none of them is to go on", () => {
  const other = { payload: { kind: "command" as const, command: ["true"] } };
  const job = new SimulatedJob([0, 1, 2], { resources: {}, components: [other, other] });
  job.submitted();
  assert.deepEqual(job.view.tasks?.map(({ schedulerId }) => schedulerId), ["12+0", "12+1", "12+2"]);
  job.tell({ type: "cancel", task: 1 });
  job.tell({ type: "cancel", task: 2 });
  assert.deepEqual(wanted(job), [{ task: 1, means: end }, { task: 2, means: end }]);
  see(job, { kind: "ended", phase: "cancelled", state: "CANCELLED", nodes: [] }, 1);
  assert.deepEqual(wanted(job), [{ task: 2, means: end }]);
  job.tell({ type: "cancel", task: 0 });
  assert.deepEqual(wanted(job), [{ means: end }]);
});

Deno.test("there is nothing to end in a job that has ended, or in an array whose tasks have", () => {
  for (const tasks of [undefined, [0, 1]]) {
    const job = new SimulatedJob(tasks).submitted();
    job.tell({ type: "cancel", signal: "USR1" });
    const ended: Sighting = { kind: "ended", phase: "cancelled", state: "CANCELLED", nodes: [] };
    for (const task of tasks ?? [undefined]) see(job, ended, task);
    assert.equal(job.view.phase, "cancelled");
    assert.deepEqual(wanted(job), []);
    assert.deepEqual(
      wantedEnds({ ...job.view, phase: "running" }, EPOCH + 99_000),
      tasks === undefined ? [{ means: usr1 }] : [],
    );
  }
});
