import assert from "node:assert/strict";
import { attemptId, SluiceError } from "../../model/mod.ts";
import type { JobFact, JobView } from "../../model/mod.ts";
import type { Observation, RunRecord, Sighting } from "../../schedulers/mod.ts";
import { EPOCH, jobNumber, schedulerId, SimulatedJob } from "../testing/simulated_job.ts";
import { decide } from "./decide.ts";
import { foldJob } from "./fold.ts";
import { lostParts } from "./lost.ts";
import { emptyMemory, givingUp } from "./memory.ts";
import { MISSING_GRACE_MS } from "./sighted.ts";

const waiting: Sighting = {
  kind: "waiting",
  state: "PENDING",
  reason: { code: "Resources", text: "It waits for resources." },
};
const active: Sighting = { kind: "active", state: "RUNNING", nodes: ["n1"], startedAt: EPOCH };
const missing: Sighting = { kind: "missing", reason: { code: "LeftQueue", text: "It is gone." } };
const succeeded: Sighting = {
  kind: "ended",
  phase: "succeeded",
  state: "COMPLETED",
  exitCode: 0,
  nodes: ["n1"],
};

function see(job: SimulatedJob, sighting: Sighting, askedAt = job.time): readonly JobFact[] {
  return seeAll(job, [{ attemptId: attemptId(job.id, 1), sighting }], askedAt);
}

function seeAll(
  job: SimulatedJob,
  observations: readonly Observation[],
  askedAt = job.time,
): readonly JobFact[] {
  return job.tell({ type: "sighted", askedAt: EPOCH + askedAt, observations });
}

const seeTask = (task: number, sighting: Sighting): Observation => ({
  attemptId: attemptId(jobNumber(1), 1),
  task,
  sighting,
});

function push(job: SimulatedJob, kind: "start" | "end", more: Partial<RunRecord> = {}) {
  const head = { attemptId: attemptId(job.id, 1), restart: 0, ...more };
  const record: RunRecord = kind === "start"
    ? { ...head, kind: "start", at: EPOCH + job.time }
    : { ...head, kind: "end", exitCode: 3 };
  return job.tell({ type: "pushed", records: [record] });
}

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

/** What is to be given up after a poll. */
function lostAfter(job: SimulatedJob, ...observations: readonly Observation[]): number[] {
  const poll = { askedAt: EPOCH + job.time, observations };
  job.tell({ type: "sighted", ...poll });
  const lost = lostParts(job.view, job.memory, poll);
  job.memory = givingUp(job.memory, lost, poll.askedAt);
  return lost;
}

const lost: Sighting = { ...missing, lost: true };

const miss = (job: SimulatedJob, ...tasks: readonly number[]) =>
  job.view.tasks === undefined
    ? lostAfter(job, { attemptId: job.attempt, sighting: lost })
    : lostAfter(job, ...tasks.map((task) => ({ attemptId: job.attempt, task, sighting: lost })));

function give(job: SimulatedJob, begun: boolean, ...tasks: readonly number[]) {
  const parts = job.view.tasks === undefined ? [{}] : tasks.map((task) => ({ task }));
  return job.tell({
    type: "given_up",
    given: parts.map((part) => ({ attemptId: job.attempt, ...part, begun })),
  });
}

Deno.test("what has been missing for so long is given up, and asked about again while it is missing", () => {
  const job = new SimulatedJob().submitted();
  const asked: number[] = [];
  for (; job.time <= 4 * MISSING_GRACE_MS; job.time += 10_000) {
    if (miss(job).length > 0) asked.push(job.time);
  }
  assert.deepEqual(asked, [1, 2, 3, 4].map((times) => times * MISSING_GRACE_MS));
  see(job, waiting);
  assert.deepEqual(miss(job), []);
  job.time += MISSING_GRACE_MS - 1;
  assert.deepEqual(miss(job), []);
  job.time += 1;
  assert.deepEqual(miss(job), [-1]);
});

Deno.test("an array none of whose tasks was ever seen is missed like any other", () => {
  const job = new SimulatedJob([0, 1, 2]).submitted();
  assert.deepEqual(miss(job, 0, 1, 2), []);
  job.time = MISSING_GRACE_MS;
  assert.deepEqual(miss(job, 0, 1, 2), [0, 1, 2]);
  assert.equal(job.view.unknownSince, EPOCH);
});

Deno.test("what somebody may have ended while it waited is given up only if it is to be cancelled", () => {
  const job = new SimulatedJob().submitted();
  const gone: Observation = { attemptId: job.attempt, sighting: missing };
  lostAfter(job, gone);
  job.time = 3 * MISSING_GRACE_MS;
  assert.deepEqual(lostAfter(job, gone), []);
  job.tell({ type: "cancel" });
  assert.deepEqual(lostAfter(job, gone), [-1]);
});

Deno.test("an end with the status of an attempt that was given up counts once it is known to have run", () => {
  const end: Sighting = {
    kind: "ended",
    phase: "failed",
    state: "FAILED",
    exitCode: 75,
    nodes: [],
  };
  for (const begun of [true, false]) {
    const job = new SimulatedJob().submitted();
    see(job, active);
    const ended: Observation = { attemptId: job.attempt, sighting: end };
    assert.deepEqual(lostAfter(job, ended), [-1], "it is asked at once");
    assert.equal(job.view.phase, "running");
    assert.deepEqual(lostAfter(job, ended), [], "and not asked again soon");
    const facts = give(job, begun);
    if (begun) {
      see(job, end);
      assert.deepEqual([job.view.phase, job.view.exitCode], ["failed", 75]);
    } else {
      assert.deepEqual(types(facts), ["attempt_ended"]);
      assert.equal(job.view.attempts[0]?.reason?.code, "SchedulerLostJob");
    }
  }
});

Deno.test("an end with that status counts in the end where nobody can tell", () => {
  const end: Sighting = {
    kind: "ended",
    phase: "failed",
    state: "FAILED",
    exitCode: 75,
    nodes: [],
  };
  const job = new SimulatedJob().submitted();
  see(job, end);
  job.time = MISSING_GRACE_MS;
  see(job, end);
  assert.deepEqual([job.view.phase, job.view.exitCode], ["failed", 75]);
});

Deno.test("what the queue has in a state that nobody knows is not given up", () => {
  const job = new SimulatedJob().submitted();
  const odd: Observation = { attemptId: job.attempt, sighting: { ...missing, queued: true } };
  lostAfter(job, odd);
  job.time = 3 * MISSING_GRACE_MS;
  assert.deepEqual(lostAfter(job, odd), []);
  assert.notEqual(job.view.unknownSince, undefined);
});

Deno.test("what accounting may not have been told of yet is given up a while later", () => {
  const job = new SimulatedJob().submitted();
  const poll = () => lostAfter(job, { attemptId: job.attempt, sighting: missing });
  for (; job.time < 3 * MISSING_GRACE_MS; job.time += 10_000) poll();
  const times: number[] = [];
  for (let ms = 0; ms <= MISSING_GRACE_MS; ms += 5_000, job.time += 5_000) {
    if (miss(job).length > 0) times.push(ms);
  }
  assert.deepEqual(times, [MISSING_GRACE_MS - 10_000]);
});

Deno.test("what was lost before it began is tried again at once, even if it has been seen since", () => {
  for (const seen of [missing, waiting]) {
    const job = new SimulatedJob().submitted();
    see(job, waiting);
    see(job, missing);
    job.time = MISSING_GRACE_MS;
    see(job, missing);
    see(job, seen);
    assert.deepEqual(types(give(job, false)), ["attempt_ended"]);
    assert.equal(job.view.attempts[0]?.reason?.code, "SchedulerLostJob");
    assert.equal(job.view.attempts[0]?.state, undefined);
    assert.equal(job.view.retryAt, EPOCH + job.time);
    assert.equal(job.view.unknownSince, undefined);
    assert.deepEqual(
      give(job, false),
      [],
      "nothing is known of an attempt that was not handed over",
    );
  }
});

Deno.test("what is said of an earlier attempt that was given up is passed over", () => {
  const job = new SimulatedJob().submitted();
  const answer = { type: "given_up", given: [{ attemptId: job.attempt, begun: false }] } as const;
  job.tell(answer);
  job.submitted("13");
  assert.deepEqual(job.tell(answer), []);
  assert.equal(job.view.attempt, 2);
});

Deno.test("what is to be cancelled and was lost before it began is cancelled", () => {
  const job = new SimulatedJob().submitted();
  job.tell({ type: "cancel", signal: "USR1" });
  assert.deepEqual(types(give(job, false)), ["ended"]);
  assert.equal(job.view.phase, "cancelled");
  assert.equal(job.view.reason?.code, "Cancelled");
});

Deno.test("what had begun stays unknown, and is not asked about until it is heard of", () => {
  const job = new SimulatedJob().submitted();
  miss(job);
  job.time = MISSING_GRACE_MS;
  assert.deepEqual(miss(job), [-1]);
  assert.deepEqual(give(job, true), []);
  job.time *= 3;
  assert.deepEqual(miss(job), []);
  assert.notEqual(job.view.unknownSince, undefined);
  assert.deepEqual(types(push(job, "start")), ["known", "running"]);
  miss(job);
  job.time += MISSING_GRACE_MS;
  assert.deepEqual(miss(job), [-1]);
});

Deno.test("what had begun and is not known any more ends on request, before the answer or after", () => {
  for (const before of [true, false]) {
    const job = new SimulatedJob().submitted();
    push(job, "start");
    push(job, "end");
    miss(job);
    job.time = MISSING_GRACE_MS;
    miss(job);
    if (before) job.tell({ type: "cancel" });
    give(job, true);
    if (!before) job.tell({ type: "cancel", signal: "USR1" });
    assert.equal(job.view.phase, "cancelled", `${before}`);
    assert.equal(job.view.reason?.code, "Forgotten");
    assert.equal(job.view.exitCode, undefined);
  }
});

Deno.test("what had begun and has been seen since is ended by the scheduler, not forgotten", () => {
  const job = new SimulatedJob().submitted();
  miss(job);
  job.time = MISSING_GRACE_MS;
  miss(job);
  see(job, active);
  assert.deepEqual(give(job, true), []);
  assert.deepEqual(types(job.tell({ type: "cancel" })), ["cancel_requested"]);
});

Deno.test("what is known to have run is never called lost before it began", () => {
  const job = new SimulatedJob().submitted();
  see(job, active);
  push(job, "end");
  miss(job);
  job.time = MISSING_GRACE_MS;
  miss(job);
  assert.deepEqual(give(job, false), []);
  assert.equal(job.view.phase, "running");
  assert.equal(job.view.attempt, 1);
});

Deno.test("of an array, the tasks that were lost are tried again once all have ended", () => {
  const job = new SimulatedJob([0, 1, 2, 3]).submitted();
  seeAll(job, [seeTask(0, succeeded), seeTask(3, active)]);
  job.tell({ type: "cancel", task: 2 });
  assert.deepEqual(types(give(job, false, 0, 1, 2)), ["ended", "ended"]);
  assert.equal(job.view.tasks?.[1]?.reason?.code, "SchedulerLostJob");
  assert.equal(job.view.tasks?.[2]?.reason?.code, "Cancelled");
  assert.deepEqual(types(seeAll(job, [seeTask(3, succeeded)])), ["ended", "attempt_ended"]);
  assert.deepEqual(
    job.view.tasks?.map(({ phase }) => phase),
    ["succeeded", "accepted", "cancelled", "succeeded"],
  );
  assert.equal(job.view.retryAt, EPOCH);
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
