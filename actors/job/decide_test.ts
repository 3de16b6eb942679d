import assert from "node:assert/strict";
import { attemptId, SluiceError } from "../../model/mod.ts";
import type { JobFact, JobView } from "../../model/mod.ts";
import type { Sighting } from "../../schedulers/mod.ts";
import {
  active,
  missing,
  push,
  see,
  seeAll,
  seeTask,
  succeeded,
  waiting,
} from "../testing/sightings.ts";
import { EPOCH, schedulerId, SimulatedJob } from "../testing/simulated_job.ts";
import { decide } from "./decide.ts";
import { foldJob } from "./fold.ts";
import { emptyMemory } from "./memory.ts";
import { MISSING_GRACE_MS } from "./sighted.ts";

const types = (facts: readonly JobFact[]) => facts.map(({ type }) => type);

const trouble = (code: string) =>
  new SluiceError({ code, message: "It did not work.", next: "Wait.", retryable: true });

Deno.test("a job's plain life: submitted, queued, running, exited, ended", () => {
  const job = new SimulatedJob().submitted();
  assert.equal(job.view.phase, "queued");
  assert.deepEqual(types(see(job, waiting)), ["queued"]);
  assert.equal(job.view.reason?.code, "Resources");
  job.time = 1;
  assert.deepEqual(types(push(job, "start")), ["running"]);
  job.time = 2;
  assert.deepEqual(types(push(job, "end")), ["exited"]);
  assert.equal(job.view.exitCode, 3);
  assert.equal(job.view.phase, "running");
  job.time = 3;
  const [end] = see(job, {
    kind: "ended",
    phase: "failed",
    state: "FAILED",
    exitCode: 3,
    nodes: ["n1"],
    endedAt: EPOCH + 2,
  });
  assert.equal(end?.type, "ended");
  assert.equal(job.view.phase, "failed");
  assert.equal(job.view.startedAt, EPOCH + 1);
  assert.equal(job.view.events, 7);
});

Deno.test("what a poll repeats is no news", () => {
  const job = new SimulatedJob().submitted();
  for (const sighting of [waiting, active]) {
    assert.equal(see(job, sighting).length, 1);
    assert.equal(see(job, sighting).length, 0);
  }
});

Deno.test("another reason, another node or another state is news", () => {
  const job = new SimulatedJob().submitted();
  see(job, waiting);
  const priority = { ...waiting, reason: { code: "Priority", text: "" } };
  assert.deepEqual(types(see(job, priority)), ["queued"]);
  see(job, active);
  assert.deepEqual(types(see(job, { ...active, nodes: ["n1", "n2"] })), ["running"]);
  assert.deepEqual(types(see(job, { ...active, state: "COMPLETING" })), ["running"]);
  assert.equal(job.view.phase, "running");
});

Deno.test("nothing reaches a job that has ended", () => {
  const job = new SimulatedJob().submitted();
  see(job, succeeded);
  const reason = { code: "LinkLost", text: "" };
  assert.deepEqual(see(job, active), []);
  assert.deepEqual(see(job, { ...succeeded, phase: "failed" }), []);
  assert.deepEqual(push(job, "end"), []);
  assert.deepEqual(job.tell({ type: "cancel" }), []);
  assert.deepEqual(job.tell({ type: "withdrawn" }), []);
  assert.deepEqual(job.tell({ type: "silenced", since: EPOCH, reason }), []);
  assert.deepEqual(job.tell({ type: "submitting" }), []);
});

Deno.test("a poll that was asked before the job's script reported its start is out of date", () => {
  const job = new SimulatedJob().submitted();
  job.time = 100;
  push(job, "start");
  assert.deepEqual(see(job, { ...waiting, restarts: 1 }, 50), []);
  assert.equal(job.view.phase, "running");
  // Without a count of restarts, only a poll that was asked later tells of one.
  assert.deepEqual(see(job, waiting, 99), []);
  assert.deepEqual(types(see(job, waiting, 101)), ["queued"]);
  assert.equal(job.view.restarts, 1);
});

Deno.test("a job that is put back is queued again, and its new run begins afresh", () => {
  const job = new SimulatedJob().submitted();
  push(job, "start");
  push(job, "end");
  job.time = 10;
  assert.deepEqual(types(see(job, { ...waiting, restarts: 1 })), ["queued"]);
  assert.equal(job.view.exitCode, undefined);
  assert.equal(job.view.startedAt, undefined);
  assert.deepEqual(push(job, "end"), [], "a late line of the run before");
  job.time = 20;
  assert.deepEqual(types(push(job, "start", { restart: 1 })), ["running"]);
  assert.equal(job.view.startedAt, EPOCH + 20);
});

Deno.test("a job that is put back while its former run is still ending is queued until its new run begins", () => {
  const job = new SimulatedJob().submitted();
  const completing = { ...active, state: "COMPLETING", completing: true, restarts: 1 };
  push(job, "start");
  assert.deepEqual(types(see(job, completing)), ["queued"]);
  assert.equal(job.view.restarts, 1);
  assert.deepEqual(see(job, completing), []);
  assert.deepEqual(push(job, "end"), [], "a late line of the run before");
  assert.deepEqual(types(see(job, { ...waiting, restarts: 1 })), ["queued"]);
  assert.deepEqual(types(push(job, "start", { restart: 1 })), ["running"]);
  assert.deepEqual(types(see(job, completing)), ["running"], "now it is the new run that ends");
});

Deno.test("a new run that begins behind the former one's end without having been seen to wait is told", () => {
  const job = new SimulatedJob().submitted();
  see(job, active);
  see(job, { ...active, state: "COMPLETING", completing: true, restarts: 1 });
  assert.deepEqual(types(push(job, "start", { restart: 1 })), ["running"]);
  assert.deepEqual(types(push(job, "end", { restart: 1 })), ["exited"]);
});

Deno.test("a restart between two polls does not keep the exit code of the run before", () => {
  const job = new SimulatedJob().submitted();
  push(job, "start");
  push(job, "end");
  job.time = 10;
  see(job, { kind: "active", state: "RUNNING", nodes: ["n2"], restarts: 1 });
  assert.equal(job.view.exitCode, undefined);
  assert.equal(job.view.startedAt, undefined);
  see(job, { kind: "ended", phase: "timed_out", state: "TIMEOUT", nodes: [] });
  assert.equal(job.view.exitCode, undefined);
});

Deno.test("a sighting of an earlier run is passed over", () => {
  const job = new SimulatedJob().submitted();
  push(job, "start", { restart: 2 });
  assert.deepEqual(see(job, { ...active, restarts: 1 }), []);
  assert.deepEqual(see(job, { ...waiting, restarts: 1 }), []);
  assert.equal(job.view.restarts, 2);
});

Deno.test("an end whose start was lost makes the job run first", () => {
  const job = new SimulatedJob().submitted();
  assert.deepEqual(types(push(job, "end")), ["running", "exited"]);
  assert.deepEqual(push(job, "end"), []);
});

Deno.test("lines that outrun the answer to the submission are kept for it", () => {
  const job = new SimulatedJob();
  job.tell({ type: "submitting" });
  assert.deepEqual(push(job, "start"), []);
  assert.deepEqual(push(job, "end"), []);
  const facts = job.tell({
    type: "outcome",
    outcome: { kind: "submitted", attemptId: attemptId(job.id, 1), schedulerId: schedulerId("12") },
  });
  assert.deepEqual(types(facts), ["submitted", "running", "exited"]);
  assert.equal(job.memory.early.length, 0);
});

Deno.test("the answer that is told twice is one fact", () => {
  const job = new SimulatedJob().submitted("12");
  const outcome = {
    kind: "submitted",
    attemptId: attemptId(job.id, 1),
    schedulerId: schedulerId("13"),
  } as const;
  assert.deepEqual(job.tell({ type: "outcome", outcome }), []);
  assert.equal(job.view.schedulerId, "12");
});

Deno.test("a refusal ends the job with its error", () => {
  const job = new SimulatedJob();
  job.tell({ type: "submitting" });
  const error = new SluiceError({ code: "NO", message: "sbatch said no.", next: "Ask." });
  job.tell({
    type: "outcome",
    outcome: { kind: "rejected", attemptId: attemptId(job.id, 1), error },
  });
  assert.equal(job.view.phase, "failed");
  assert.deepEqual(job.view.reason, { code: "NO", text: "sbatch said no." });
  assert.equal(job.view.error?.next, "Ask.");
});

Deno.test("trouble with the submission is told once for each kind", () => {
  const job = new SimulatedJob();
  job.tell({ type: "submitting" });
  const postpone = (code: string) =>
    job.tell({
      type: "outcome",
      outcome: {
        kind: "postponed",
        attemptId: attemptId(job.id, 1),
        error: trouble(code),
        maybeSent: false,
      },
    });
  assert.deepEqual(types(postpone("A")), ["submitting"]);
  assert.deepEqual(postpone("A"), []);
  assert.deepEqual(types(postpone("B")), ["submitting"]);
  assert.equal(job.view.tries, 3);
  job.submitted();
  assert.equal(job.view.error, undefined);
});

Deno.test("a cancellation is asked for once, in whatever phase", () => {
  const make: readonly (() => SimulatedJob)[] = [
    () => new SimulatedJob(),
    () => {
      const job = new SimulatedJob();
      job.tell({ type: "submitting" });
      return job;
    },
    () => new SimulatedJob().submitted(),
    () => {
      const job = new SimulatedJob().submitted();
      see(job, active);
      return job;
    },
  ];
  for (const begin of make) {
    const job = begin();
    const { phase } = job.view;
    assert.deepEqual(types(job.tell({ type: "cancel" })), ["cancel_requested"], phase);
    assert.deepEqual(job.tell({ type: "cancel" }), [], phase);
    assert.equal(job.view.phase, phase);
    assert.equal(job.view.cancelRequested, true);
  }
});

Deno.test("a job that was taken back in time is cancelled", () => {
  const job = new SimulatedJob();
  job.tell({ type: "cancel" });
  job.tell({ type: "withdrawn" });
  assert.equal(job.view.phase, "cancelled");
  assert.equal(job.view.schedulerId, undefined);
});

Deno.test("a missing job is unknown after a while, since it was missed, and known when it is seen", () => {
  const job = new SimulatedJob().submitted();
  see(job, active);
  job.time = 1_000;
  assert.deepEqual(see(job, missing), []);
  job.time = 1_000 + MISSING_GRACE_MS - 1;
  assert.deepEqual(see(job, missing), []);
  job.time = 1_000 + MISSING_GRACE_MS;
  assert.deepEqual(types(see(job, missing)), ["unknown"]);
  assert.equal(job.view.unknownSince, EPOCH + 1_000);
  assert.equal(job.view.phase, "running");
  assert.deepEqual(see(job, missing), []);
  assert.deepEqual(types(see(job, active)), ["known"]);
  assert.equal(job.view.unknownSince, undefined);
});

Deno.test("being seen in between begins the grace anew", () => {
  const job = new SimulatedJob().submitted();
  see(job, missing);
  job.time = MISSING_GRACE_MS - 1;
  see(job, waiting);
  job.time = MISSING_GRACE_MS + 1;
  assert.deepEqual(see(job, missing), []);
});

Deno.test("no answer at all makes a job of the scheduler's unknown, and never ends it", () => {
  const job = new SimulatedJob();
  const reason = { code: "LinkLost", text: "The connection is lost." };
  assert.deepEqual(job.tell({ type: "silenced", since: EPOCH, reason }), []);
  job.submitted();
  assert.deepEqual(types(job.tell({ type: "silenced", since: EPOCH + 5, reason })), ["unknown"]);
  assert.deepEqual(job.tell({ type: "silenced", since: EPOCH + 9, reason }), []);
  assert.equal(job.view.unknownSince, EPOCH + 5);
  job.time = 10 * MISSING_GRACE_MS;
  assert.deepEqual(types(see(job, succeeded)), ["known", "ended"]);
});

Deno.test("a line of the job's own script makes it known", () => {
  const job = new SimulatedJob().submitted();
  job.tell({ type: "silenced", since: EPOCH, reason: { code: "LinkLost", text: "" } });
  assert.deepEqual(types(push(job, "start")), ["known", "running"]);
});

Deno.test("an array runs while a task does, and ends with the worst of their verdicts", () => {
  const job = new SimulatedJob([0, 1, 2]).submitted();
  assert.deepEqual(job.view.tasks?.map(({ phase }) => phase), ["queued", "queued", "queued"]);
  const failed: Sighting = {
    kind: "ended",
    phase: "failed",
    state: "FAILED",
    exitCode: 3,
    nodes: ["n2"],
    startedAt: EPOCH + 5,
    endedAt: EPOCH + 20,
  };
  seeAll(job, [seeTask(0, active), seeTask(1, waiting), seeTask(2, failed)]);
  assert.equal(job.view.phase, "running");
  seeAll(job, [seeTask(0, { ...succeeded, startedAt: EPOCH, endedAt: EPOCH + 30 })]);
  assert.equal(job.view.phase, "queued");
  const facts = seeAll(job, [seeTask(1, { ...succeeded, endedAt: EPOCH + 9 })]);
  assert.deepEqual(types(facts), ["ended", "ended"]);
  assert.equal(job.view.phase, "failed");
  assert.equal(job.view.exitCode, 3);
  assert.equal(job.view.startedAt, EPOCH);
  assert.equal(job.view.endedAt, EPOCH + 30);
});

Deno.test("a task that nobody knows of is passed over", () => {
  const job = new SimulatedJob([0]).submitted();
  assert.deepEqual(seeAll(job, [seeTask(7, active)]), []);
  assert.deepEqual(push(job, "start", { task: 7 }), []);
  assert.deepEqual(job.tell({ type: "cancel", task: 7 }), []);
});

Deno.test("one missing task keeps an array unknown, without a word at every poll", () => {
  const job = new SimulatedJob([0, 1]).submitted();
  const poll = () => types(seeAll(job, [seeTask(0, active), seeTask(1, missing)]));
  poll();
  job.time = MISSING_GRACE_MS;
  assert.deepEqual(poll(), ["unknown"]);
  job.time += 1_000;
  assert.deepEqual(poll(), []);
  job.time += 1_000;
  assert.deepEqual(poll(), []);
  assert.deepEqual(
    types(seeAll(job, [seeTask(0, active), seeTask(1, succeeded)])),
    ["known", "ended"],
  );
});

Deno.test("cancelling a task concerns that task alone", () => {
  const job = new SimulatedJob([0, 1]).submitted();
  assert.deepEqual(types(job.tell({ type: "cancel", task: 1 })), ["cancel_requested"]);
  assert.deepEqual(job.tell({ type: "cancel", task: 1 }), []);
  assert.equal(job.view.cancelRequested, false);
  assert.deepEqual(job.view.tasks?.map(({ cancelRequested }) => cancelRequested), [
    undefined,
    true,
  ]);
});

Deno.test("what one poll tells of many tasks is the sum of its facts, and the job before it stays as it was", () => {
  const tasks = Array.from({ length: 300 }, (_, task) => task * 3);
  const job = new SimulatedJob(tasks).submitted();
  const before = structuredClone(job.view);
  const { view: start } = job;
  const sightings: readonly Sighting[] = [active, waiting, succeeded];
  const { facts, view } = decide({ view: start, terms: {} }, emptyMemory, {
    type: "sighted",
    askedAt: EPOCH,
    observations: tasks.map((task) => seeTask(task, sightings[task % 9 / 3] ?? missing)),
  }, EPOCH);
  assert.equal(facts.length, tasks.length);
  assert.deepEqual(start, before);
  const { cluster } = start;
  const sum = facts.reduce<JobView>(
    (one, fact) => foldJob(one, { jobId: job.id, cluster, at: EPOCH, fact }),
    start,
  );
  assert.deepEqual(view, sum);
  assert.deepEqual(view.taskPhases, { running: 100, queued: 100, succeeded: 100 });
  assert.deepEqual(view.nodes, ["n1"]);
});

Deno.test("what a job brings along is sent before it is handed over, and once for all attempts", () => {
  const job = new SimulatedJob(undefined, {
    software: { kind: "archive", path: "tides.tar" },
    retry: { times: 1, on: ["failed"], delaySeconds: 0 },
  });
  const environments = [{ sha256: "a".repeat(64) }];
  const staged = { type: "staged", attemptId: job.attempt, environments } as const;
  assert.deepEqual(job.tell(staged), [], "it was not asked for");
  assert.deepEqual(job.tell({ type: "staging" }), [{ type: "staging", tries: 1 }]);
  assert.deepEqual(job.tell({ type: "staging" }), []);
  assert.equal(job.view.phase, "staging");
  assert.deepEqual(job.tell(staged), [{ type: "staged", environments }]);
  assert.deepEqual(job.tell(staged), []);
  job.submitted();
  assert.deepEqual(job.view.environments, environments);
  job.tell({
    type: "sighted",
    askedAt: EPOCH,
    observations: [{
      attemptId: job.attempt,
      sighting: { kind: "ended", phase: "failed", state: "FAILED", exitCode: 1, nodes: [] },
    }],
  });
  assert.equal(job.view.attempt, 2);
  assert.deepEqual(job.view.environments, environments);
});

Deno.test("why what a job brings along is not there yet is told once for each reason", () => {
  const job = new SimulatedJob(undefined, { software: { kind: "archive", path: "tides.tar" } });
  job.tell({ type: "staging" });
  const fail = (code: string) => {
    const error = new SluiceError({ code, message: code, next: "", retryable: true });
    return job.tell({ type: "stage_failed", attemptId: job.attempt, error, again: true });
  };
  assert.equal(fail("DISK_FULL").length, 1);
  assert.equal(fail("DISK_FULL").length, 0);
  const [fact] = fail("LINK_LOST");
  assert.ok(fact?.type === "staging");
  assert.deepEqual([fact.tries, fact.error?.code], [4, "LINK_LOST"]);
  assert.deepEqual(job.tell({ type: "withdrawn" }).map(({ type }) => type), ["ended"]);
  assert.equal(job.view.phase, "cancelled");
});

Deno.test("a job whose environment can never be sent ends with the reason", () => {
  const job = new SimulatedJob(undefined, { software: { kind: "archive", path: "tides.tar" } });
  job.tell({ type: "staging" });
  const error = new SluiceError({ code: "PLATFORM_MISMATCH", message: "No.", next: "Pack." });
  job.tell({ type: "stage_failed", attemptId: job.attempt, error, again: false });
  assert.deepEqual([job.view.phase, job.view.error?.code], ["failed", "PLATFORM_MISMATCH"]);
});
