import assert from "node:assert/strict";
import fc from "fast-check";
import { attemptId, isFinal, SluiceError } from "../../model/mod.ts";
import type {
  AttemptId,
  FinalPhase,
  JobFact,
  JobSpecInput,
  JobView,
  SignalName,
} from "../../model/mod.ts";
import type { RunRecord, Sighting } from "../../schedulers/mod.ts";
import { EPOCH, jobNumber, schedulerId, SimulatedJob } from "../testing/simulated_job.ts";
import type { JobInput } from "./job_input.ts";
import { brokenInvariants } from "./invariants.ts";

const first = attemptId(jobNumber(1), 1);
const signal = fc.constantFrom<SignalName[]>("USR1", "TERM");
const reason = fc.constantFrom("Resources", "Priority").map((code) => ({ code, text: code }));
const restarts = fc.integer({ min: 0, max: 3 });
const task = fc.constantFrom(0, 1, 7);
const exitCode = fc.constantFrom(0, 1, 137);
const when = fc.integer({ min: 0, max: 200_000 }).map((ms) => EPOCH + ms);
const error = fc.constantFrom("A", "B").map((code) =>
  new SluiceError({ code, message: code, next: "", retryable: true })
);

const sighting: fc.Arbitrary<Sighting> = fc.oneof(
  fc.record({
    kind: fc.constant("waiting"),
    state: fc.constantFrom("PENDING", "REQUEUED"),
    reason,
    restarts,
  }, { requiredKeys: ["kind", "state"] }),
  fc.record({
    kind: fc.constant("active"),
    state: fc.constantFrom("RUNNING", "COMPLETING"),
    completing: fc.boolean(),
    nodes: fc.subarray(["n1", "n2"]),
    startedAt: when,
    restarts,
  }, { requiredKeys: ["kind", "state", "nodes"] }),
  fc.record({
    kind: fc.constant("ended"),
    phase: fc.constantFrom<FinalPhase>("succeeded", "failed", "cancelled", "timed_out"),
    state: fc.constantFrom("FAILED", "PREEMPTED"),
    exitCode,
    signal: fc.constantFrom(9, 10),
    mayReturn: fc.boolean(),
    nodes: fc.constant([]),
    startedAt: when,
    endedAt: when,
  }, { requiredKeys: ["kind", "phase", "state", "nodes"] }),
  fc.record({ kind: fc.constant("missing"), reason }),
);

/** Everything a job can be told, in an order that no cluster would give. */
function inputs(array: boolean): fc.Arbitrary<JobInput> {
  const part = array ? task.map((task) => ({ task })) : fc.constant({});
  const record: fc.Arbitrary<RunRecord> = fc.tuple(part, restarts, exitCode, when, fc.boolean())
    .map(([part, restart, exitCode, at, starts]): RunRecord => {
      const head = { attemptId: first, ...part, restart };
      return starts ? { ...head, kind: "start", at } : { ...head, kind: "end", exitCode };
    });
  const request = fc.oneof(
    fc.constant({}),
    fc.record({ signal, graceSeconds: fc.constantFrom(undefined, 5) }),
  );
  return fc.oneof<fc.MaybeWeightedArbitrary<JobInput>[]>(
    fc.constant({ type: "staging" }),
    fc.constantFrom("a", "b").map((digit) => ({
      type: "staged",
      attemptId: first,
      environments: [{ sha256: digit.repeat(64) }],
    })),
    fc.tuple(error, fc.boolean()).map(([error, again]) => ({
      type: "stage_failed",
      attemptId: first,
      error,
      again,
    })),
    fc.constant({ type: "submitting" }),
    fc.constant({ type: "withdrawn" }),
    error.map((error) => ({
      type: "outcome",
      outcome: { kind: "rejected", attemptId: first, error },
    })),
    {
      weight: 2,
      arbitrary: fc.constantFrom("12", "13").map((id) => ({
        type: "outcome",
        outcome: { kind: "submitted", attemptId: first, schedulerId: schedulerId(id) },
      })),
    },
    error.map((error) => ({
      type: "outcome",
      outcome: { kind: "postponed", attemptId: first, error, maybeSent: true },
    })),
    {
      weight: 10,
      arbitrary: fc.tuple(when, fc.array(fc.tuple(part, sighting), { maxLength: 4 })).map(
        ([askedAt, seen]) => ({
          type: "sighted",
          askedAt,
          observations: seen.map(([part, sighting]) => ({ attemptId: first, ...part, sighting })),
        }),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.array(record, { minLength: 1, maxLength: 3 }).map((records) => ({
        type: "pushed",
        records,
      })),
    },
    fc.tuple(fc.oneof(part, fc.constant({})), request).map(([part, request]) => ({
      type: "cancel",
      ...part,
      ...request,
    })),
    {
      weight: 4,
      arbitrary: fc.tuple(part, signal).map(([part, signal]) => ({
        type: "cancelled",
        cancellation: {
          attemptId: first,
          schedulerId: schedulerId("12"),
          ...part,
          means: { kind: "signal", signal },
        },
      })),
    },
    {
      weight: 2,
      arbitrary: fc.array(fc.tuple(part, fc.boolean()), { minLength: 1, maxLength: 2 }).map(
        (given) => ({
          type: "given_up",
          given: given.map(([part, begun]) => ({ attemptId: first, ...part, begun })),
        }),
      ),
    },
    fc.tuple(when, reason).map(([since, reason]) => ({ type: "silenced", since, reason })),
  );
}

/** The same, said of another attempt. */
function about(attemptId: AttemptId, input: JobInput): JobInput {
  switch (input.type) {
    case "outcome":
      return { ...input, outcome: { ...input.outcome, attemptId } };
    case "pushed":
      return { ...input, records: input.records.map((record) => ({ ...record, attemptId })) };
    case "cancelled":
      return { ...input, cancellation: { ...input.cancellation, attemptId } };
    case "sighted":
      return {
        ...input,
        observations: input.observations.map((one) => ({ ...one, attemptId })),
      };
    case "given_up":
      return { ...input, given: input.given.map((one) => ({ ...one, attemptId })) };
    case "staged":
    case "stage_failed":
      return { ...input, attemptId };
    case "messages":
    case "staging":
    case "submitting":
    case "cancel":
    case "withdrawn":
    case "silenced":
    case "inspected":
    case "closing":
    case "expiring":
    case "stranded":
      return input;
  }
}

/** Something said of the present attempt, or of that with a number. */
interface Word {
  readonly of: "present" | number;
  readonly input: JobInput;
}

type Move = Word | "restart" | number;

for (const [what, tasks] of [["job", undefined], ["array", [0, 1]]] as const) {
  Deno.test(`no order of polls, lines, cancellations and restarts breaks a law of a ${what}`, () => {
    const of = fc.oneof<fc.MaybeWeightedArbitrary<Word["of"]>[]>(
      { weight: 8, arbitrary: fc.constant("present") },
      fc.integer({ min: 1, max: 3 }),
    );
    const move = fc.oneof<fc.MaybeWeightedArbitrary<Move>[]>(
      { weight: 12, arbitrary: fc.record({ of, input: inputs(tasks !== undefined) }) },
      fc.constant("restart"),
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
    );
    const retry = fc.constantFrom<(JobSpecInput["retry"])[]>(
      undefined,
      { times: 2 },
      { times: 1, on: ["failed"], exitCodes: [1], delaySeconds: 0 },
    );
    const reached = { end: 0, again: 0, signalled: 0, lost: 0 };
    fc.assert(
      fc.property(retry, fc.boolean(), fc.array(move, { maxLength: 60, size: "max" }), (
        retry,
        sent,
        moves,
      ) => {
        const job = new SimulatedJob(tasks, retry === undefined ? {} : { retry });
        if (sent) job.submitted();
        for (const move of moves) {
          if (move === "restart") job.restart();
          else if (typeof move === "number") job.time += move;
          else {
            const id = move.of === "present" ? job.attempt : attemptId(job.id, move.of);
            job.tell(about(id, move.input));
          }
        }
        if (isFinal(job.view.phase)) reached.end += 1;
        if (job.view.attempt > 1) reached.again += 1;
        if (job.view.attempts.some(({ reason }) => reason?.code === "SchedulerLostJob")) {
          reached.lost += 1;
        }
        if (job.history.some(({ type }) => type === "signalled")) reached.signalled += 1;
      }),
      { numRuns: 2_000 },
    );
    for (const [what, runs] of Object.entries(reached)) {
      assert.ok(runs > 10, `only ${runs} of the runs came to ${what}`);
    }
  });
}

/** Which laws a wrong step from `before` breaks. */
function broken(before: JobView, fact: JobFact, wrong: Partial<JobView>): string[] {
  const after = { ...before, events: before.events + 1, ...wrong };
  return brokenInvariants({ before, fact, after });
}

Deno.test("the laws can be broken: each of these steps is caught", () => {
  const { view } = new SimulatedJob().submitted();
  const queued: JobFact = { type: "queued", state: "PENDING", nodes: [], restarts: 0 };
  const wrong: Readonly<Record<string, Partial<JobView>>> = {
    "events are numbered without a gap": { events: view.events },
    "the scheduler's id changes only with the attempt": { schedulerId: schedulerId("99") },
    "only what runs or has ended has an exit code": { exitCode: 0 },
    "a phase goes back only where the scheduler put the job back": { phase: "submitting" },
    "a job waits or runs once the scheduler has it, and not before": { phase: "submitting" },
    "only 'ended' ends a job": { phase: "failed" },
    "what is unknown has a reason": { unknownSince: 1 },
    "only the end of an attempt begins the next one": { attempt: 2 },
    "every attempt before the present one has its record": { attempt: 2 },
    "a job has a time for its next attempt exactly while it waits for it": { retryAt: 1 },
    "only what is to be cancelled gets a signal": {
      cancelSignals: [{ signal: "USR1", graceSeconds: 1 }],
    },
    "only what got a signal has a grace period": { cancelRequested: true, forceAt: 1 },
    "a fact says something new": {},
  };
  for (const [law, change] of Object.entries(wrong)) {
    assert.ok(broken(view, queued, change).includes(law), law);
  }
  const over = { ...view, phase: "failed" } as const;
  assert.ok(broken(over, queued, {}).includes("nothing follows a job's end"));
});

Deno.test("the laws of attempts and signals can be broken: each of these steps is caught", () => {
  const job = new SimulatedJob(undefined, { retry: { times: 3 } }).submitted();
  const sent = job.view;
  const failed = { kind: "ended", phase: "failed", state: "FAILED", nodes: [] } as const;
  job.tell({
    type: "sighted",
    askedAt: EPOCH,
    observations: [{ attemptId: job.attempt, sighting: failed }],
  });
  const again = job.history.at(-1);
  assert.ok(again?.type === "attempt_ended");
  const { events: _, ...followed } = job.view;
  const asked: JobView = {
    ...sent,
    cancelRequested: true,
    cancelSignals: [{ signal: "USR1", graceSeconds: 1, sentAt: 5 }],
  };
  const steps: readonly (readonly [string, JobView, JobFact, Partial<JobView>])[] = [
    ["a job that is to be cancelled is not tried again", asked, again, followed],
    ["only what failed is tried again", sent, { ...again, phase: "cancelled" }, followed],
    [
      "the record of an attempt is that of the attempt that ended",
      sent,
      { ...again, attempt: 3 },
      followed,
    ],
    ["of an array tasks are tried", sent, { ...again, tasks: [0] }, followed],
    ["the record of an attempt never changes", job.view, { type: "submitting", tries: 1 }, {
      attempts: job.view.attempts.map((record) => ({ ...record, exitCode: 9 })),
    }],
    ["an attempt does not begin before its time", job.view, { type: "submitting", tries: 1 }, {
      phase: "submitting",
      tries: 1,
      retryAt: undefined,
    }],
    ["only a signal that was asked for is sent, and once", sent, {
      type: "signalled",
      signal: "USR1",
    }, {}],
    ["only a signal that was asked for is sent, and once", asked, {
      type: "signalled",
      signal: "USR1",
    }, {}],
    ["what has an exit code was not lost before it began", {
      ...sent,
      phase: "running",
      exitCode: 3,
    }, {
      ...again,
      reason: { code: "SchedulerLostJob", text: "" },
    }, followed],
    ["a cancellation is never taken back", asked, { type: "known" }, { cancelRequested: false }],
    ["a signal is sent once", asked, { type: "known" }, {
      cancelSignals: [{ signal: "USR1", graceSeconds: 1, sentAt: 6 }],
    }],
    ["what signals were asked for is never forgotten", asked, { type: "known" }, {
      cancelSignals: [],
    }],
  ];
  for (const [law, before, fact, change] of steps) {
    assert.ok(broken(before, fact, change).includes(law), law);
  }
});
