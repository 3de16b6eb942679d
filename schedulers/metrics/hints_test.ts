import assert from "node:assert/strict";
import fc from "fast-check";
import { jobMetricsSchema } from "../../model/mod.ts";
import type { JobMetrics } from "../../model/mod.ts";
import { efficiencyHints } from "./hints.ts";
import type { HintContext } from "./hints.ts";

const GB = 2 ** 30;
const HOUR = 3600;
const succeeded = { final: true, succeeded: true };
const failed = { final: true, succeeded: false };
const running = { final: false, succeeded: false };

function hints(
  metrics: Partial<JobMetrics>,
  context: HintContext = { parts: [succeeded] },
): string[] {
  return efficiencyHints({ source: "accounting", ...metrics }, context);
}

Deno.test("of memory that was asked for and not used a word is said", () => {
  const metrics = {
    elapsedSeconds: 600,
    requestedMemoryBytes: 64 * GB,
    peakMemoryBytes: 3 * GB,
    memoryShare: 3 / 64,
  };
  assert.deepEqual(hints(metrics), ["Asked for 64 GB of memory, used 3 GB."]);
  assert.deepEqual(hints({ ...metrics, nodes: 4, memoryShare: 0.25 }), [
    "Asked for 16 GB of memory on each node, used 4 GB on the fullest.",
  ]);
  assert.deepEqual(hints({ ...metrics, tasks: [] }), [
    "Asked for 64 GB of memory for each task, used 3 GB in the largest.",
  ]);
});

Deno.test("of memory that hardly sufficed a word is said, also while the job runs and when it failed", () => {
  const metrics = { requestedMemoryBytes: 16 * GB, memoryShare: 15.8 / 16 };
  for (const part of [succeeded, failed, running]) {
    assert.deepEqual(hints(metrics, { parts: [part] }), [
      "Used 15.8 GB of the 16 GB: ask for more memory.",
    ]);
  }
});

Deno.test("of processors that were idle a word is said", () => {
  const metrics = { elapsedSeconds: 600, cpus: 32, cpuEfficiency: 4 / 32 };
  assert.deepEqual(hints(metrics), ["4 of 32 CPUs were busy on average."]);
  assert.deepEqual(hints({ ...metrics, tasks: [] }), [
    "4 of 32 CPUs of a task were busy on average.",
  ]);
});

Deno.test("of a time limit far from the run, or hardly enough, a word is said", () => {
  assert.deepEqual(hints({ elapsedSeconds: 600, timeLimitSeconds: 24 * HOUR }), [
    "Ran 10 minutes of the 24 hours allowed.",
  ]);
  assert.deepEqual(
    hints({ elapsedSeconds: 24 * HOUR, timeLimitSeconds: 24 * HOUR }, { parts: [failed] }),
    ["Ran 24 hours of the 24 hours allowed: ask for more time."],
  );
  const tasks = [600, 7200].map((elapsedSeconds, task) => ({
    task,
    source: "accounting" as const,
    elapsedSeconds,
  }));
  assert.deepEqual(hints({ elapsedSeconds: 7800, timeLimitSeconds: 24 * HOUR, tasks }), [
    "The longest task ran 2 hours of the 24 hours allowed.",
  ]);
});

Deno.test("of GPUs that were held by processes which did nothing a word is said", () => {
  const metrics = { elapsedSeconds: 3 * HOUR, gpus: 2, gpuHours: 6, cpus: 2, cpuSeconds: 12 };
  assert.deepEqual(hints(metrics), [
    "Held 2 GPUs for 3 hours with 12 seconds of processor time: hardly anything can have run on them.",
  ]);
  assert.deepEqual(hints({ ...metrics, cpuSeconds: 3 * HOUR }), []);
});

Deno.test("advice to ask for less waits for a run that has ended well", () => {
  const metrics = {
    elapsedSeconds: 600,
    timeLimitSeconds: 24 * HOUR,
    requestedMemoryBytes: 64 * GB,
    memoryShare: 0.1,
  };
  assert.equal(hints(metrics).length, 2);
  assert.deepEqual(hints(metrics, { parts: [failed] }), []);
  assert.deepEqual(hints(metrics, { parts: [running] }), []);
  assert.deepEqual(hints(metrics, { parts: [succeeded, failed] }), []);
});

Deno.test("nothing is said of what is not known, of little, and of a run that was too short", () => {
  assert.deepEqual(hints({}), []);
  assert.deepEqual(hints({ elapsedSeconds: 600, requestedMemoryBytes: 64 * GB }), []);
  assert.deepEqual(
    hints({ elapsedSeconds: 600, requestedMemoryBytes: GB, memoryShare: 0.1 }),
    [],
    "less than 1 GB was left",
  );
  assert.deepEqual(hints({ elapsedSeconds: 600, cpus: 1, cpuEfficiency: 0.01 }), []);
  assert.deepEqual(hints({ elapsedSeconds: 5, cpus: 32, cpuEfficiency: 0.1 }), []);
  assert.deepEqual(
    hints({ elapsedSeconds: 600, cpus: 2, cpuEfficiency: 0.1, gpus: 2, gpuHours: 1 }),
    [],
    "a processor for each GPU is not too many",
  );
  assert.deepEqual(hints({ elapsedSeconds: 60, timeLimitSeconds: 600 }), []);
});

Deno.test("any figures that the schema allows give whole sentences", () => {
  const amount = fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }), { nil: undefined });
  const count = fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined });
  const metrics = fc.record({
    elapsedSeconds: amount,
    cpus: count,
    cpuSeconds: amount,
    cpuEfficiency: amount,
    nodes: count,
    gpus: count,
    gpuHours: amount,
    requestedMemoryBytes: amount,
    memoryShare: amount,
    timeLimitSeconds: amount,
  });
  fc.assert(fc.property(metrics, (figures) => {
    const said = hints(figures);
    jobMetricsSchema.parse({ source: "accounting", ...figures, hints: said });
    for (const hint of said) assert.match(hint, /^[A-Z0-9].*\.$/);
    assert.ok(!said.join().match(/NaN|undefined|Infinity/), said.join());
  }));
});
