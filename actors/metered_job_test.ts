import assert from "node:assert/strict";
import { attemptId, jobViewSchema, newJobId } from "../model/mod.ts";
import type { JobView } from "../model/mod.ts";
import { meteredJob } from "./metered_job.ts";

const id = newJobId();

function job(changes: Record<string, unknown>): JobView {
  return jobViewSchema.parse({
    id,
    cluster: "dev",
    name: "train",
    labels: {},
    phase: "running",
    nodes: ["n1", "n2"],
    restarts: 0,
    cancelRequested: false,
    directory: "~/.sluice/jobs/1",
    attempt: 1,
    attempts: [],
    tries: 1,
    acceptedAt: 1,
    updatedAt: 1,
    events: 4,
    ...changes,
  });
}

function task(number: number, changes: Record<string, unknown>) {
  return { task: number, phase: "succeeded", nodes: ["n1"], restarts: 0, ...changes };
}

Deno.test("a job that no scheduler has taken has no figures to be found", () => {
  assert.equal(meteredJob(job({ phase: "submitting" })), undefined);
  assert.equal(
    meteredJob(job({ phase: "accepted", tasks: [task(0, { phase: "accepted" })] })),
    undefined,
  );
});

Deno.test("a job is its only part", () => {
  assert.deepEqual(meteredJob(job({ schedulerId: "12", startedAt: 5 })), {
    parts: [{
      attemptId: attemptId(id, 1),
      schedulerId: "12",
      running: true,
      final: false,
      succeeded: false,
      nodes: 2,
      startedAt: 5,
    }],
  });
});

Deno.test("each task is asked for in the attempt that it ran in last", () => {
  const metered = meteredJob(job({
    attempt: 2,
    schedulerId: "20",
    attempts: [{ attempt: 1, schedulerId: "12", phase: "failed", nodes: [], restarts: 0 }],
    tasks: [task(0, { schedulerId: "12_0" }), task(1, { schedulerId: "20_1", phase: "failed" })],
  }));
  assert.deepEqual(
    metered?.parts.map((
      { task, attemptId, schedulerId, final, succeeded },
    ) => [task, attemptId, schedulerId, final, succeeded]),
    [[0, attemptId(id, 1), "12", true, true], [1, attemptId(id, 2), "20", true, false]],
  );
});

Deno.test("components are told from tasks", () => {
  const metered = meteredJob(job({
    schedulerId: "12",
    components: true,
    tasks: [task(0, { schedulerId: "12+0" })],
  }));
  assert.equal(metered?.components, true);
  assert.deepEqual(metered?.parts.map(({ schedulerId }) => schedulerId), ["12"]);
});
