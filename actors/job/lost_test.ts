import assert from "node:assert/strict";
import type { JobFact } from "../../model/mod.ts";
import type { Observation, Sighting } from "../../schedulers/mod.ts";
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
import { EPOCH, SimulatedJob } from "../testing/simulated_job.ts";
import { lostParts } from "./lost.ts";
import { givingUp } from "./memory.ts";
import { MISSING_GRACE_MS } from "./sighted.ts";

const types = (facts: readonly JobFact[]) => facts.map(({ type }) => type);

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

/** The end of a copy that runs nothing: its attempt was given up, or another one is on record. */
const endOfACopy: Sighting = {
  kind: "ended",
  phase: "failed",
  state: "FAILED",
  exitCode: 75,
  nodes: [],
};

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
  for (const begun of [true, false]) {
    const job = new SimulatedJob().submitted();
    see(job, active);
    const ended: Observation = { attemptId: job.attempt, sighting: endOfACopy };
    assert.deepEqual(lostAfter(job, ended), [-1], "it is asked at once");
    assert.equal(job.view.phase, "running");
    assert.deepEqual(lostAfter(job, ended), [], "and not asked again soon");
    const facts = give(job, begun);
    if (begun) {
      see(job, endOfACopy);
      assert.deepEqual([job.view.phase, job.view.exitCode], ["failed", 75]);
    } else {
      assert.deepEqual(types(facts), ["attempt_ended"]);
      assert.equal(job.view.attempts[0]?.reason?.code, "SchedulerLostJob");
    }
  }
});

Deno.test("an end with that status counts in the end where nobody can tell", () => {
  const job = new SimulatedJob().submitted();
  see(job, endOfACopy);
  job.time = MISSING_GRACE_MS;
  see(job, endOfACopy);
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
