/**
 * What jobs have used, as Slurm counts it while they run and afterwards.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobId, JobMetrics } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { until, within } from "./support/until.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";

const MB = 2 ** 20;
const small = { cpusPerTask: 1, memory: 50, time: 5 } as const;

/** Keeps one processor busy for so many seconds of its time, however many seconds that takes. */
const burn = (seconds: number) =>
  `python3 -c 'import time\nwhile time.process_time() < ${seconds}: pass'`;

/** Holds memory until there is a file. */
const hold = (bytes: number, gate: string) =>
  `python3 -c 'import os, sys, time\nx = b"x" * ${bytes}\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.2)' ${
    quote(gate)
  }`;

/** The metrics once they are as they must become: accounting and samples come late. */
async function settled(
  sluice: Sluice,
  id: JobId,
  what: string,
  enough: (metrics: JobMetrics) => boolean,
): Promise<JobMetrics> {
  let last: JobMetrics | undefined;
  await until(`${what} of ${id}`, async () => {
    last = await sluice.jobs.metrics(id);
    return enough(last);
  }, 500);
  return last ?? assert.fail();
}

/** Waits for the end, and then for all that accounting has to say. */
async function accounted(sluice: Sluice, id: JobId): Promise<JobMetrics> {
  const { phase } = await within(`the end of ${id}`, sluice.jobs.wait(id));
  assert.equal(phase, "succeeded");
  return await settled(
    sluice,
    id,
    "all figures",
    ({ source, cpuSeconds, tasks = [] }) =>
      source === "accounting" && cpuSeconds !== undefined &&
      tasks.every((task) => task.source === "accounting"),
  );
}

function range(value: number | undefined, least: number, most: number, what: string): void {
  assert.ok(value !== undefined && value >= least && value <= most, `${what}: ${value}`);
}

Deno.test("jobs side by side are told what each used of what it held, step by step and in total", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 1 } });
  const submit = async (script: string, rest: Parameters<typeof shellJob>[1] = {}) =>
    (await sluice.jobs.submit(jobSpec(shellJob(script, { resources: small, ...rest })))).id;

  const busy = await submit(burn(6));
  const idle = await submit("sleep 7");
  const gate = workspace.file("sampled").path;
  const large = await submit(hold(300 * MB, gate), { resources: { ...small, memory: 1000 } });
  const steps = await submit(`srun ${burn(2)}\nsrun true`);
  const gpus = await submit("sleep 7", { resources: { ...small, gpusPerNode: 2 } });
  const array = await submit(`${burn(1)}\nsleep 6`, { count: 3 });
  const parts = await submit(burn(1), {
    components: [{ ...shellJob(burn(2)), resources: { ...small, cpusPerTask: 2 } }],
  });
  const { id: session } = await sluice.sessions.open({
    cluster: DEV,
    resources: { nodes: 1, cpusPerTask: 2, memory: 200, time: 5 },
  });
  const step = (await sluice.jobs.submit(
    jobSpec(shellJob(burn(2), { session, resources: { ...small, memory: 60 } })),
  )).id;

  const now = await settled(
    sluice,
    large,
    "a sample",
    // What it asked for is in accounting some seconds after it began.
    ({ source, peakMemoryBytes = 0, memoryShare }) =>
      source === "sstat" && peakMemoryBytes >= 300 * MB && memoryShare !== undefined,
  );
  range(now.memoryShare, 0.25, 0.5, "share of the memory while it runs");
  assert.equal(now.requestedMemoryBytes, 1000 * MB);
  assert.ok(
    now.steps?.some(({ step, peakTaskMemoryBytes = 0 }) =>
      step === "batch" && peakTaskMemoryBytes >= 300 * MB
    ),
  );

  assert.equal((await onCluster(["touch", gate])).code, 0);

  const ofBusy = await accounted(sluice, busy);
  // Others may have had the processors meanwhile.
  range(ofBusy.cpuSeconds, 6, 8, "processor time of a busy job");
  range(ofBusy.cpuEfficiency, 0.05, 1.2, "efficiency of a busy job");
  assert.deepEqual([ofBusy.cpus, ofBusy.nodes], [1, 1]);
  range((ofBusy.nodeHours ?? 0) * 3600, 5, 300, "seconds of nodes");
  assert.equal(ofBusy.timeLimitSeconds, 300);
  assert.equal(ofBusy.energyJoules, undefined, "nothing measures it here");

  const ofIdle = await accounted(sluice, idle);
  range(ofIdle.cpuEfficiency, 0, 0.04, "efficiency of an idle job");
  assert.equal(ofIdle.gpuHours, undefined);

  const ofLarge = await accounted(sluice, large);
  range(ofLarge.peakTaskMemoryBytes, 300 * MB, 400 * MB, "peak of the memory");
  range(ofLarge.memoryShare, 0.3, 0.4, "share of the memory");

  const ofSteps = await accounted(sluice, steps);
  assert.deepEqual(ofSteps.steps?.map((one) => one.step), ["batch", "0", "1"]);
  const [, first, second] = ofSteps.steps ?? [];
  range(first?.cpuSeconds, 2, 3.5, "processor time of a step");
  assert.notEqual(second?.peakMemoryBytes, 0, "where it was too short to be sampled it is absent");
  range(ofSteps.cpuSeconds, 2, 4.5, "processor time of all steps");

  const ofGpus = await accounted(sluice, gpus);
  assert.equal(ofGpus.gpus, 2);
  range((ofGpus.gpuHours ?? 0) * 3600, 14, 600, "seconds of GPUs");

  const ofArray = await accounted(sluice, array);
  assert.deepEqual(ofArray.tasks?.map(({ task }) => task), [0, 1, 2]);
  range(ofArray.cpuSeconds, 3, 5, "processor time of an array");
  range(ofArray.elapsedSeconds, 18, 900, "time of an array");
  assert.ok(
    ofArray.tasks?.every(({ cpuSeconds = 0, elapsedSeconds = 0, steps }) =>
      cpuSeconds >= 1 && cpuSeconds <= 2 && elapsedSeconds >= 6 && steps?.length === 1
    ),
  );

  const ofParts = await accounted(sluice, parts);
  assert.deepEqual(ofParts.tasks?.map(({ task, cpus }) => [task, cpus]), [[0, 1], [1, 2]]);
  range(ofParts.tasks?.[1]?.cpuSeconds, 2, 3.5, "processor time of a component");
  assert.equal(ofParts.cpus, 3);

  const ofStep = await accounted(sluice, step);
  assert.equal(ofStep.steps?.length, 1);
  range(ofStep.cpuSeconds, 2, 3.5, "processor time of a session's step");
  assert.deepEqual([ofStep.cpus, ofStep.requestedMemoryBytes], [1, 60 * MB]);
  await sluice.sessions.close(session);
});
