import assert from "node:assert/strict";
import fc from "fast-check";
import { attemptId, isFinal, SluiceError } from "../../model/mod.ts";
import type { FinalPhase, JobFact } from "../../model/mod.ts";
import type { Sighting, SpoolRecord } from "../../schedulers/mod.ts";
import { EPOCH, jobNumber, schedulerId, SimulatedJob } from "../testing/simulated_job.ts";
import type { JobInput } from "./decide.ts";
import { brokenInvariants } from "./invariants.ts";

const attempt = attemptId(jobNumber(1), 1);
const reason = fc.constantFrom("Resources", "Priority").map((code) => ({ code, text: code }));
const restarts = fc.integer({ min: 0, max: 3 });
const task = fc.constantFrom(0, 1, 2, 7);
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
    nodes: fc.subarray(["n1", "n2"]),
    startedAt: when,
    restarts,
  }, { requiredKeys: ["kind", "state", "nodes"] }),
  fc.record({
    kind: fc.constant("ended"),
    phase: fc.constantFrom<FinalPhase>("succeeded", "failed", "cancelled", "timed_out"),
    state: fc.constant("FAILED"),
    exitCode,
    signal: fc.constant(9),
    nodes: fc.constant([]),
    startedAt: when,
    endedAt: when,
  }, { requiredKeys: ["kind", "phase", "state", "nodes"] }),
  fc.record({ kind: fc.constant("missing"), reason }),
);

/** Everything a job can be told, in an order that no cluster would give. */
function inputs(array: boolean): fc.Arbitrary<JobInput> {
  const part = array ? task.map((task) => ({ task })) : fc.constant({});
  const record: fc.Arbitrary<SpoolRecord> = fc.tuple(part, restarts, exitCode, when, fc.boolean())
    .map(([part, restart, exitCode, at, starts]): SpoolRecord => {
      const head = { attemptId: attempt, ...part, restart };
      return starts ? { ...head, kind: "start", at } : { ...head, kind: "end", exitCode };
    });
  return fc.oneof<fc.MaybeWeightedArbitrary<JobInput>[]>(
    fc.constant({ type: "submitting" }),
    fc.constant({ type: "withdrawn" }),
    error.map((error) => ({
      type: "outcome",
      outcome: { kind: "rejected", attemptId: attempt, error },
    })),
    fc.constantFrom("12", "13").map((id) => ({
      type: "outcome",
      outcome: { kind: "submitted", attemptId: attempt, schedulerId: schedulerId(id) },
    })),
    error.map((error) => ({
      type: "outcome",
      outcome: { kind: "postponed", attemptId: attempt, error, maybeSent: true },
    })),
    {
      weight: 4,
      arbitrary: fc.tuple(when, fc.array(fc.tuple(part, sighting), { maxLength: 4 })).map(
        ([askedAt, seen]) => ({
          type: "sighted",
          askedAt,
          observations: seen.map(([part, sighting]) => ({ attemptId: attempt, ...part, sighting })),
        }),
      ),
    },
    { weight: 3, arbitrary: record.map((record) => ({ type: "pushed", record })) },
    part.map((part) => ({ type: "cancel", ...part })),
    fc.constant({ type: "cancel" }),
    fc.tuple(when, reason).map(([since, reason]) => ({ type: "silenced", since, reason })),
  );
}

type Move = JobInput | "restart" | number;

for (const [what, tasks] of [["job", undefined], ["array", [0, 1, 2]]] as const) {
  Deno.test(`no order of polls, lines, cancellations and restarts breaks a law of a ${what}`, () => {
    const move = fc.oneof<fc.MaybeWeightedArbitrary<Move>[]>(
      { weight: 8, arbitrary: inputs(tasks !== undefined) },
      fc.constant("restart"),
      fc.integer({ min: 1, max: 40_000 }),
    );
    let ended = 0;
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60, size: "max" }), (moves) => {
        const job = new SimulatedJob(tasks);
        for (const move of moves) {
          if (move === "restart") job.restart();
          else if (typeof move === "number") job.time += move;
          else job.tell(move);
        }
        if (isFinal(job.view.phase)) ended += 1;
      }),
      { numRuns: 2_000 },
    );
    assert.ok(ended > 50, `only ${ended} of the runs came to an end`);
  });
}

Deno.test("the laws can be broken: each of these steps is caught", () => {
  const job = new SimulatedJob().submitted();
  const { view } = job;
  const queued: JobFact = { type: "queued", state: "PENDING", nodes: [], restarts: 0 };
  const next = { ...view, events: view.events + 1 };
  const wrong = {
    "events are numbered without a gap": view,
    "the scheduler's id never changes": { ...next, schedulerId: schedulerId("99") },
    "only what runs or has ended has an exit code": { ...next, exitCode: 0 },
    "a phase goes back only where the scheduler put the job back": {
      ...next,
      phase: "submitting",
    },
    "only 'ended' ends a job": { ...next, phase: "failed" },
    "what is unknown has a reason": { ...next, unknownSince: 1 },
  } as const;
  for (const [law, after] of Object.entries(wrong)) {
    assert.ok(brokenInvariants({ before: view, fact: queued, after }).includes(law), law);
  }
  const over = { ...next, phase: "failed" } as const;
  const after = { ...over, events: over.events + 1 };
  assert.ok(
    brokenInvariants({ before: over, fact: queued, after }).includes("nothing follows a job's end"),
  );
});
