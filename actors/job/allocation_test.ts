import assert from "node:assert/strict";
import { errorInfo, sessionOfAllocation, SluiceError } from "../../model/mod.ts";
import type { SessionCloseReason } from "../../model/mod.ts";
import type { SessionSighting } from "../../schedulers/mod.ts";
import { EPOCH, jobNumber, SimulatedJob } from "../testing/simulated_job.ts";

function allocation(): SimulatedJob {
  return new SimulatedJob(undefined, { payload: { kind: "allocation" } });
}

function inspected(sighting: Partial<SessionSighting> = {}) {
  return {
    type: "inspected",
    sighting: {
      sessionId: sessionOfAllocation(jobNumber(1)),
      nodes: [
        { node: "n1", state: "ALLOCATED", usable: true },
        { node: "n2", state: "ALLOCATED", usable: true },
      ],
      waiting: 0,
      running: 0,
      clusters: [],
      ...sighting,
    },
  } as const;
}

const down = { node: "n2", state: "DOWN", usable: false };
const ray = { jobId: jobNumber(2), framework: "ray", address: "n1:6379" } as const;

Deno.test("what was seen of a session before is no news, whatever order it comes in", () => {
  const job = allocation().submitted();
  assert.deepEqual(job.tell(inspected()), []);
  const trouble = inspected({ nodes: [down], clusters: [ray], closed: "idle" });
  assert.deepEqual(job.tell(trouble).map(({ type }) => type), [
    "node_failed",
    "cluster_up",
    "session_closing",
  ]);
  assert.deepEqual(job.tell(trouble), []);
  assert.deepEqual(job.tell(inspected()).map(({ type }) => type), [
    "node_recovered",
    "cluster_down",
  ]);
});

Deno.test("a cluster that has moved is told of with its new address", () => {
  const job = allocation().submitted();
  job.tell(inspected({ clusters: [ray] }));
  const moved = { ...ray, address: "n1:7000", dashboard: "n1:8265" };
  assert.deepEqual(job.tell(inspected({ clusters: [moved] })), [{ type: "cluster_up", ...moved }]);
  assert.deepEqual(job.view.allocation?.clusters, [moved]);
});

Deno.test("a session closes once; all that can be another is that nobody waits for its steps", () => {
  const job = allocation();
  const close = (drain: boolean) =>
    job.tell({ type: "closing", reason: drain ? "idle" : "asked", drain });
  assert.equal(close(true).length, 1);
  assert.deepEqual(close(true), []);
  assert.deepEqual(close(false), [{ type: "session_closing", reason: "idle", drain: false }]);
  assert.deepEqual([...close(false), ...close(true)], []);
});

Deno.test("that a session has lost its agent explains an end, and has it wait for no step", () => {
  const job = allocation().submitted();
  const closings = (closed: "ended" | "node_failure") => job.tell(inspected({ closed }));
  assert.deepEqual(closings("ended"), [{ type: "session_closing", reason: "ended", drain: true }]);
  const lost = { type: "session_closing", reason: "node_failure", drain: false };
  assert.deepEqual(closings("node_failure"), [lost]);
  assert.deepEqual([...closings("node_failure"), ...closings("ended")], []);
});

for (
  const end of [
    { state: "CANCELLED", phase: "cancelled" },
    { state: "FAILED", phase: "failed", signal: 9 },
  ] as const
) {
  Deno.test(`a session that closes for a node has failed with it, though Slurm says ${end.state}`, () => {
    const closed = (reason: SessionCloseReason) => {
      const job = allocation().submitted();
      job.tell({ type: "closing", reason, drain: false });
      const sighting = { kind: "ended", ...end, nodes: ["n2"] } as const;
      const observations = [{ attemptId: job.attempt, sighting }];
      job.tell({ type: "sighted", askedAt: EPOCH, observations });
      return job.view;
    };
    assert.equal(closed("asked").state, end.state);
    const { phase, state, reason, signal } = closed("node_failure");
    const expected = ["failed", "NODE_FAIL", "NODE_FAIL", undefined];
    assert.deepEqual([phase, state, reason?.code, signal], expected);
  });
}

Deno.test("nothing is seen of a session that is not in the queue, and nothing told of one that has ended", () => {
  const job = allocation();
  assert.deepEqual(job.tell(inspected({ nodes: [down] })), []);
  job.tell({ type: "withdrawn" });
  assert.deepEqual(job.tell({ type: "closing", reason: "asked", drain: true }), []);
  assert.deepEqual(job.tell({ type: "expiring", expiresAt: 1 }), []);
});

Deno.test("a job that holds no nodes for a session, and one that is no step, hear nothing of sessions", () => {
  const job = new SimulatedJob().submitted();
  const error = errorInfo(new SluiceError({ code: "X", message: "No.", next: "" }));
  assert.deepEqual(job.tell(inspected({ nodes: [down] })), []);
  assert.deepEqual(job.tell({ type: "closing", reason: "asked", drain: true }), []);
  assert.deepEqual(job.tell({ type: "stranded", error }), []);
});
