import assert from "node:assert/strict";
import { clusterConfigSchema, sessionViewSchema } from "../../model/mod.ts";
import type { JobFact, JobPhase } from "../../model/mod.ts";
import { acceptedEntry } from "../testing/accepted_entry.ts";
import { anySpec, EPOCH, jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { foldJob } from "../job/mod.ts";
import { sessionView } from "./view.ts";
import type { SessionParts } from "./view.ts";

const config = clusterConfigSchema.parse({ type: "slurm", host: "login", user: "ada", port: 2222 });

function allocation(...facts: readonly JobFact[]) {
  const spec = anySpec({ payload: { kind: "allocation", maxConcurrent: 3 } });
  let { view } = acceptedEntry(jobNumber(1), spec);
  for (const fact of facts) {
    view = foldJob(view, { jobId: view.id, cluster: view.cluster, at: EPOCH + 1, fact });
  }
  assert.ok(spec.payload.kind === "allocation");
  return { view, terms: spec.payload };
}

/** The view as a client gets it: what is not known is absent. */
function seen(facts: readonly JobFact[], parts: Partial<SessionParts> = {}) {
  const view = sessionView({
    ...allocation(...facts),
    steps: new Map<JobPhase, number>(),
    standing: [],
    sighting: undefined,
    config,
    ...parts,
  });
  return sessionViewSchema.parse(JSON.parse(JSON.stringify(view)));
}

const running: readonly JobFact[] = [
  { type: "submitting", tries: 1 },
  { type: "submitted", schedulerId: schedulerId("12") },
  { type: "running", state: "RUNNING", nodes: ["n1", "n2"], restarts: 0, startedAt: EPOCH },
];
const ended: JobFact = { type: "ended", phase: "succeeded", nodes: [], endedAt: EPOCH + 9 };

Deno.test("a session opens, is open, closes and has closed", () => {
  assert.equal(seen([]).status, "opening");
  const open = seen(running);
  assert.equal(open.status, "open");
  assert.deepEqual(open.nodes, ["n1", "n2"]);
  assert.equal(open.maxConcurrent, 3);
  const closing: JobFact = { type: "session_closing", reason: "idle", drain: true };
  assert.equal(seen([...running, closing]).status, "closing");
  assert.equal(seen([...running, { type: "cancel_requested" }]).status, "closing");
  const closed = seen([...running, closing, ended]);
  assert.equal(closed.status, "closed");
  assert.equal(closed.closeReason, "idle");
  assert.equal(closed.closedAt, EPOCH + 9);
});

Deno.test("why a session has closed that was not closed is told by the end of its job", () => {
  const reason = (end: Partial<Extract<JobFact, { type: "ended" }>>) =>
    seen([...running, { ...ended, ...end }]).closeReason;
  assert.equal(reason({ phase: "timed_out", state: "TIMEOUT" }), "time_limit");
  assert.equal(reason({ phase: "failed", state: "NODE_FAIL" }), "node_failure");
  assert.equal(reason({ phase: "cancelled", state: "CANCELLED" }), "ended");
  const told: JobFact = { type: "session_closing", reason: "ended", drain: true };
  assert.equal(seen([...running, told]).closeReason, "ended");
  const late: JobFact = { type: "ended", phase: "timed_out", nodes: [] };
  assert.equal(seen([...running, told, late]).closeReason, "time_limit");
});

Deno.test("steps are counted by where they stand", () => {
  const steps = new Map<JobPhase, number>([
    ["accepted", 1],
    ["staging", 1],
    ["submitting", 1],
    ["queued", 2],
    ["running", 3],
    ["failed", 4],
    ["succeeded", 5],
  ]);
  assert.deepEqual(seen(running, { steps }).steps, { waiting: 5, running: 3, ended: 9 });
});

Deno.test("a cluster that stands has its size and, once it is up, the command that leads to its dashboard", () => {
  const jobId = jobNumber(2);
  const spec = anySpec({
    payload: { kind: "cluster" },
    launcher: { kind: "ray" },
    resources: { nodes: 2, cpusPerTask: 4, memory: "1G" },
  });
  const standing = [{ view: acceptedEntry(jobId, spec).view, spec }];
  const size = { jobId, framework: "ray", nodes: 2, cpus: 8, gpus: 0, memoryBytes: 2 ** 31 };
  assert.deepEqual(seen(running, { standing }).clusters, [size]);
  const address = "n1:6379";
  const dashboard = "n1:8265";
  const up: JobFact = { type: "cluster_up", jobId, framework: "ray", address, dashboard };
  assert.deepEqual(seen([...running, up], { standing }).clusters, [{
    ...size,
    address,
    dashboard,
    tunnel: "ssh -N -L 8265:n1:8265 -p 2222 ada@login",
  }]);
});

Deno.test("when a session ends is known by whoever has looked, and near the end by all", () => {
  const { view } = allocation();
  const sessionId = seen([]).id;
  assert.equal(sessionId, view.id);
  const sighting = { sessionId, nodes: [], waiting: 0, running: 0, clusters: [], expiresAt: 7 };
  assert.equal(seen(running, { sighting }).expiresAt, 7);
  const expiring: JobFact = { type: "session_expiring", expiresAt: 8 };
  assert.equal(seen([...running, expiring]).expiresAt, 8);
  assert.equal(seen([...running, expiring, ended], { sighting }).expiresAt, undefined);
});
