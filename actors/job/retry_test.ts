import assert from "node:assert/strict";
import { retrySchema, SluiceError } from "../../model/mod.ts";
import type { JobFact, JobPhase, JobSpecInput } from "../../model/mod.ts";
import type { Observation, Sighting } from "../../schedulers/mod.ts";
import { anySpec, EPOCH, schedulerId, SimulatedJob } from "../testing/simulated_job.ts";
import { attemptSpec, covers, retryDelayMs, retryOutcome } from "./retry.ts";
import type { Ending } from "./retry.ts";
import { MISSING_GRACE_MS } from "./sighted.ts";

type RetryInput = NonNullable<JobSpecInput["retry"]>;

const active: Sighting = { kind: "active", state: "RUNNING", nodes: ["n1"], startedAt: EPOCH };

const waiting: Sighting = { kind: "waiting", state: "PENDING" };

function ended(
  phase: "succeeded" | "failed" | "timed_out" | "cancelled",
  state: string,
  more: Partial<Extract<Sighting, { kind: "ended" }>> = {},
): Sighting {
  return { kind: "ended", phase, state, nodes: [], ...more };
}

const failed = ended("failed", "FAILED", { exitCode: 1 });
const succeeded = ended("succeeded", "COMPLETED", { exitCode: 0 });

function job(retry: RetryInput, tasks?: readonly number[]): SimulatedJob {
  return new SimulatedJob(tasks, { retry }).submitted();
}

function see(job: SimulatedJob, ...sightings: readonly Sighting[]): readonly JobFact[] {
  const observations = sightings.map((sighting, task): Observation =>
    job.view.tasks === undefined
      ? { attemptId: job.attempt, sighting }
      : { attemptId: job.attempt, task, sighting }
  );
  return job.tell({ type: "sighted", askedAt: EPOCH + job.time, observations });
}

const types = (facts: readonly JobFact[]) => facts.map(({ type }) => type);

Deno.test("every end of Slurm's has the word that a policy has for it", () => {
  const words = (endings: readonly (readonly [JobPhase, string, Partial<Ending>?])[]) =>
    endings.map(([phase, state, more]) => retryOutcome({ phase, state, ...more }));
  assert.deepEqual(
    words([
      ["failed", "PREEMPTED"],
      ["failed", "NODE_FAIL"],
      ["failed", "BOOT_FAIL"],
      ["failed", "FAILED", { reason: { code: "JobLaunchFailure", text: "" } }],
      ["failed", "OUT_OF_MEMORY"],
      ["timed_out", "TIMEOUT"],
      ["timed_out", "DEADLINE"],
      ["failed", "FAILED"],
      ["succeeded", "COMPLETED"],
      ["cancelled", "CANCELLED"],
      ["running", "RUNNING"],
    ]),
    [
      "preempted",
      "node_failed",
      "node_failed",
      "node_failed",
      "out_of_memory",
      "timed_out",
      "timed_out",
      "failed",
      undefined,
      undefined,
      undefined,
    ],
  );
});

Deno.test("exit statuses narrow the outcome 'failed' and no other", () => {
  const retry = retrySchema.parse({ times: 1, exitCodes: [3, 137] });
  const end = (more: Partial<Ending>): Ending => ({ phase: "failed", state: "FAILED", ...more });
  assert.equal(covers(retry, end({ exitCode: 3 })), true);
  assert.equal(covers(retry, end({ exitCode: 1 })), false);
  assert.equal(covers(retry, end({ signal: 9 })), true, "a signal is 128 and its number");
  assert.equal(covers(retry, end({ exitCode: 0, signal: 9 })), true);
  assert.equal(covers(retry, end({})), false, "nobody knows its exit status");
  assert.equal(covers(retry, end({ state: "OUT_OF_MEMORY", exitCode: 1 })), true);
});

Deno.test("the wait grows from attempt to attempt up to the longest", () => {
  const retry = retrySchema.parse({ times: 9, delaySeconds: 10, factor: 3, maxDelaySeconds: 100 });
  assert.deepEqual([1, 2, 3, 4, 100].map((attempt) => retryDelayMs(retry, attempt)), [
    10_000,
    30_000,
    90_000,
    100_000,
    100_000,
  ]);
});

Deno.test("a failed attempt is followed by another, which begins as an accepted job does", () => {
  const one = job({ times: 1 });
  see(one, active);
  one.time = 5;
  const [fact] = see(one, failed);
  assert.equal(fact?.type, "attempt_ended");
  const { view } = one;
  assert.equal(view.phase, "accepted");
  assert.equal(view.attempt, 2);
  assert.equal(view.tries, 0);
  assert.equal(view.retryAt, EPOCH + 5 + 10_000);
  assert.deepEqual(
    [view.schedulerId, view.submittedAt, view.state, view.exitCode, view.startedAt, view.endedAt],
    Array(6).fill(undefined),
  );
  assert.deepEqual(view.nodes, []);
  const [record] = view.attempts;
  assert.equal(record?.phase, "failed");
  assert.equal(record?.exitCode, 1);
  assert.equal(record?.schedulerId, "12");
  assert.equal(record?.startedAt, EPOCH);
  assert.deepEqual(record?.nodes, ["n1"]);
});

Deno.test("the next attempt does not begin before its time, and is a job like any other", () => {
  const one = job({ times: 1, delaySeconds: 2 });
  see(one, failed);
  one.time = 1_999;
  assert.deepEqual(one.tell({ type: "submitting" }), []);
  one.time = 2_000;
  assert.deepEqual(one.tell({ type: "submitting" }), [{ type: "submitting", tries: 1 }]);
  assert.equal(one.view.retryAt, undefined);
  one.submitted("13");
  see(one, active);
  assert.deepEqual(types(see(one, failed)), ["ended"], "no attempt is left");
  assert.equal(one.view.phase, "failed");
  assert.equal(one.view.schedulerId, "13");
  assert.equal(one.view.attempts.length, 1);
});

Deno.test("what the policy does not cover is the end", () => {
  for (const sighting of [succeeded, ended("cancelled", "CANCELLED"), failed]) {
    const one = job({ times: 3, on: ["preempted"] });
    assert.deepEqual(types(see(one, sighting)), ["ended"]);
  }
});

Deno.test("a refusal is the end", () => {
  const one = new SimulatedJob(undefined, { retry: { times: 3 } });
  one.tell({ type: "submitting" });
  const error = new SluiceError({ code: "NO", message: "sbatch said no.", next: "Ask." });
  one.tell({ type: "outcome", outcome: { kind: "rejected", attemptId: one.attempt, error } });
  assert.equal(one.view.phase, "failed");
});

Deno.test("a job that is to be cancelled is not tried again", () => {
  const one = job({ times: 3 });
  one.tell({ type: "cancel" });
  assert.deepEqual(types(see(one, failed)), ["ended"]);
});

Deno.test("cancelled while it waits for its next attempt, it ends at once", () => {
  for (const request of [{}, { signal: "USR1" }] as const) {
    const one = job({ times: 3 });
    see(one, failed);
    assert.deepEqual(types(one.tell({ type: "cancel", ...request })), [
      "cancel_requested",
      "ended",
    ]);
    assert.equal(one.view.phase, "cancelled");
    assert.equal(one.view.retryAt, undefined);
  }
});

Deno.test("what is said of an earlier attempt gives no fact", () => {
  const one = job({ times: 3, delaySeconds: 0 });
  const first = one.attempt;
  see(one, failed);
  one.submitted("13");
  assert.notEqual(one.attempt, first);
  const line = { attemptId: first, restart: 0 } as const;
  const late = [
    { type: "sighted", askedAt: EPOCH, observations: [{ attemptId: first, sighting: active }] },
    { type: "pushed", records: [{ ...line, kind: "start", at: EPOCH }] },
    { type: "pushed", records: [{ ...line, kind: "end", exitCode: 0 }] },
    {
      type: "outcome",
      outcome: { kind: "submitted", attemptId: first, schedulerId: schedulerId("14") },
    },
  ] as const;
  for (const input of late) assert.deepEqual(one.tell(input), [], input.type);
});

Deno.test("what was remembered of an attempt says nothing of the next", () => {
  const one = job({ times: 3, delaySeconds: 0 });
  one.time = 100;
  one.tell({
    type: "pushed",
    records: [{ attemptId: one.attempt, restart: 0, kind: "start", at: EPOCH }],
  });
  see(one, failed);
  assert.equal(one.memory.pushedAt, 0);
});

Deno.test("of an array the tasks that the policy covers are tried again, the others keep their verdicts", () => {
  const one = job({ times: 2, delaySeconds: 0 }, [0, 1, 2]);
  see(one, active, succeeded, failed);
  const [ended, fact] = see(one, failed);
  assert.equal(ended?.type, "ended");
  assert.equal(fact?.type === "attempt_ended" && fact.tasks?.join(), "0,2");
  assert.deepEqual(one.view.tasks?.map(({ phase }) => phase), [
    "accepted",
    "succeeded",
    "accepted",
  ]);
  one.submitted("13");
  assert.deepEqual(one.view.tasks?.map(({ schedulerId }) => schedulerId), ["13_0", "12_1", "13_2"]);
  assert.equal(one.view.phase, "queued");
  const facts = one.tell({
    type: "sighted",
    askedAt: EPOCH,
    observations: [0, 2].map((task) => ({
      attemptId: one.attempt,
      task,
      sighting: task === 0 ? succeeded : ended_("cancelled"),
    })),
  });
  assert.deepEqual(types(facts), ["ended", "ended", "ended"]);
  assert.equal(one.view.phase, "cancelled", "the end is judged over all tasks");
});

const ended_ = (phase: "cancelled") => ended(phase, "CANCELLED");

Deno.test("a task that was asked to end is not tried again, also when it has ended already", () => {
  const one = job({ times: 2 }, [0, 1]);
  see(one, failed);
  assert.deepEqual(types(one.tell({ type: "cancel", task: 0 })), ["cancel_requested"]);
  assert.deepEqual(one.tell({ type: "cancel", task: 0 }), []);
  see(one, failed, failed);
  assert.deepEqual(one.view.tasks?.map(({ phase }) => phase), ["failed", "accepted"]);
});

Deno.test("a task that is cancelled between two attempts ends at once, and the array with its last", () => {
  const one = job({ times: 2 }, [0, 1]);
  see(one, failed, failed);
  assert.deepEqual(types(one.tell({ type: "cancel", task: 0 })), ["cancel_requested", "ended"]);
  assert.equal(one.view.phase, "accepted");
  assert.deepEqual(types(one.tell({ type: "cancel", task: 1 })), [
    "cancel_requested",
    "ended",
    "ended",
  ]);
  assert.equal(one.view.phase, "cancelled");
});

Deno.test("an attempt asks for its open tasks only, and keeps the limit at a time", () => {
  const one = new SimulatedJob([0, 1, 2, 3, 5], { retry: { times: 1 } });
  const spec = anySpec({ resources: { array: "0-3,5%2", time: 5 } });
  assert.deepEqual(attemptSpec(spec, one.view), spec);
  one.submitted();
  see(one, failed, succeeded, failed, failed);
  one.tell({
    type: "sighted",
    askedAt: EPOCH,
    observations: [{ attemptId: one.attempt, task: 5, sighting: failed }],
  });
  assert.equal(one.view.attempt, 2);
  assert.deepEqual(attemptSpec(spec, one.view).resources, { array: "0,2-3,5%2", time: 5 });
  const copies = attemptSpec(anySpec({ count: 6 }), one.view);
  assert.deepEqual([copies.resources.array, copies.count], ["0,2-3,5", undefined]);
});

Deno.test("an end after which the job may be back is believed when it has lasted", () => {
  const preempted = ended("failed", "PREEMPTED", { mayReturn: true });
  const one = job({ times: 1 });
  see(one, active);
  assert.deepEqual(see(one, preempted), []);
  one.time = MISSING_GRACE_MS - 1;
  assert.deepEqual(see(one, preempted), []);
  one.time = MISSING_GRACE_MS;
  assert.deepEqual(types(see(one, preempted)), ["attempt_ended"]);
});

Deno.test("a job that is back in between, or ended by another run, is waited for anew", () => {
  const preempted = (startedAt: number) =>
    ended("failed", "PREEMPTED", { mayReturn: true, startedAt });
  const one = job({ times: 1 });
  see(one, active);
  see(one, preempted(1));
  one.time = 20_000;
  see(one, { ...active, kind: "active", state: "RUNNING", nodes: ["n2"], restarts: 1 });
  one.time = MISSING_GRACE_MS;
  assert.deepEqual(see(one, preempted(2)), []);
  one.time += MISSING_GRACE_MS;
  assert.deepEqual(see(one, preempted(3)), []);
  one.time += MISSING_GRACE_MS;
  assert.deepEqual(types(see(one, preempted(3))), ["attempt_ended"]);
});

Deno.test("words that waited long to be heard are no proof that an end has lasted", () => {
  const preempted = ended("failed", "PREEMPTED", { mayReturn: true });
  const one = job({ times: 1 });
  const hear = (askedAt: number) =>
    one.tell({
      type: "sighted",
      askedAt: EPOCH + askedAt,
      observations: [{ attemptId: one.attempt, sighting: preempted }],
    });
  hear(0);
  one.time = 2 * MISSING_GRACE_MS;
  assert.deepEqual(hear(1_000), []);
  assert.deepEqual(types(hear(MISSING_GRACE_MS)), ["attempt_ended"]);
});

function lose(job: SimulatedJob, ...tasks: readonly number[]): readonly JobFact[] {
  const parts = job.view.tasks === undefined ? [{}] : tasks.map((task) => ({ task }));
  const given = parts.map((part) => ({ attemptId: job.attempt, ...part, begun: false }));
  return job.tell({ type: "given_up", given });
}

Deno.test("attempts that were lost before they began do not count, nor make the wait longer", () => {
  const one = job({ times: 2, delaySeconds: 10, factor: 3, on: ["failed"] });
  const again = () => {
    one.time += 1_000_000;
    return one.submitted(`${one.view.attempt + 20}`);
  };
  for (let times = 0; times < 3; times++) {
    assert.deepEqual(types(lose(one)), ["attempt_ended"]);
    assert.equal(one.view.retryAt, EPOCH + one.time);
    again();
  }
  see(one, failed);
  assert.equal(one.view.retryAt, EPOCH + one.time + 10_000);
  lose(again());
  see(again(), failed);
  assert.equal(one.view.retryAt, EPOCH + one.time + 30_000);
  assert.deepEqual(types(lose(again())), ["attempt_ended"]);
  assert.deepEqual(types(see(again(), failed)), ["ended"]);
  assert.equal(one.view.attempt, 8);
});

Deno.test("an attempt at an array counts where any task is tried again that was not lost", () => {
  const one = job({ times: 1, delaySeconds: 10, on: ["timed_out"] }, [0, 1, 2]);
  const timedOut = ended("timed_out", "TIMEOUT");
  lose(one, 0);
  see(one, waiting, failed, timedOut);
  assert.equal(one.view.attempts[0]?.phase, "timed_out");
  assert.equal(one.view.attempts[0]?.state, "TIMEOUT");
  assert.equal(one.view.retryAt, EPOCH + 10_000);
  one.time = 10_000;
  one.submitted("13");
  lose(one, 0);
  see(one, waiting, waiting, timedOut);
  assert.equal(one.view.attempt, 3, "the lost task alone is tried again");
  assert.equal(one.view.attempts[1]?.reason?.code, "SchedulerLostJob");
  assert.deepEqual(one.view.tasks?.map(({ phase }) => phase), ["accepted", "failed", "timed_out"]);
  one.submitted("14");
  assert.deepEqual(types(see(one, succeeded)), ["ended", "ended"]);
  assert.equal(one.view.phase, "failed");
});

function components(): SimulatedJob {
  const other = { payload: { kind: "command" as const, command: ["true"] } };
  return new SimulatedJob([0, 1], { resources: {}, components: [other] }).submitted();
}

Deno.test("a heterogeneous job that was lost before any of it began is submitted again, as a whole", () => {
  const one = components();
  assert.deepEqual(types(lose(one, 0, 1)), ["ended", "ended", "attempt_ended"]);
  assert.deepEqual(attemptSpec(one.spec, one.view), one.spec);
  one.submitted("13");
  assert.deepEqual(one.view.tasks?.map(({ schedulerId }) => schedulerId), ["13+0", "13+1"]);
  see(one, succeeded, succeeded);
  assert.equal(one.view.phase, "succeeded");
});

Deno.test("where one component has run, none is run again for another that was lost", () => {
  const one = components();
  lose(one, 1);
  assert.deepEqual(types(see(one, succeeded)), ["ended", "ended"]);
  assert.deepEqual([one.view.phase, one.view.reason?.code], ["failed", "SchedulerLostJob"]);
});
