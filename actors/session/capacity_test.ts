import assert from "node:assert/strict";
import type { JobSpecInput } from "../../model/mod.ts";
import { anySpec } from "../testing/simulated_job.ts";
import { capacityOf } from "./capacity.ts";

const GIB = 2 ** 30;

function capacity(
  resources: JobSpecInput["resources"],
  launcher: JobSpecInput["launcher"] = { kind: "ray" },
) {
  const { gpuType, memoryBytes, ...counted } = capacityOf(
    anySpec(resources === undefined ? { launcher } : { resources, launcher }),
  );
  return {
    ...counted,
    ...gpuType === undefined ? {} : { gpuType },
    ...memoryBytes === undefined ? {} : { memoryBytes },
  };
}

Deno.test("what a job asks for counts on all its nodes together", () => {
  const one = { nodes: 1, cpus: 1, gpus: 0 };
  assert.deepEqual(capacity({}), one);
  assert.deepEqual(capacity({ cpusPerTask: 4 }), { ...one, cpus: 4 });
  assert.deepEqual(capacity({ nodes: 3, cpusPerTask: 4 }), { nodes: 3, cpus: 12, gpus: 0 });
  assert.deepEqual(capacity({ nodes: 2, tasksPerNode: 3 }), { nodes: 2, cpus: 6, gpus: 0 });
  assert.deepEqual(capacity({ nodes: 2, tasks: 5, cpusPerTask: 2 }), {
    nodes: 2,
    cpus: 10,
    gpus: 0,
  });
  assert.deepEqual(capacity({ nodes: "2-4" }), { nodes: 2, cpus: 2, gpus: 0 });
});

Deno.test("GPUs are counted with their type, in all or on each node", () => {
  assert.deepEqual(capacity({ nodes: 2, gpusPerNode: "a100:2" }), {
    nodes: 2,
    cpus: 2,
    gpus: 4,
    gpuType: "a100",
  });
  assert.deepEqual(capacity({ nodes: 2, gpus: 3 }).gpus, 3);
  assert.deepEqual(capacity({ gpus: "a100" }), { nodes: 1, cpus: 1, gpus: 1, gpuType: "a100" });
});

Deno.test("memory is counted where it is named; all of a node's is no number", () => {
  assert.equal(capacity({ nodes: 2, memory: "4G" }).memoryBytes, 8 * GIB);
  assert.equal(capacity({ nodes: 2, cpusPerTask: 4, memoryPerCpu: "1G" }).memoryBytes, 8 * GIB);
  assert.equal(capacity({ memory: 0 }).memoryBytes, undefined);
});

Deno.test("what a launcher is told to hand out counts in the place of what the job has", () => {
  assert.deepEqual(
    capacity({ nodes: 2, cpusPerTask: 8 }, { kind: "ray", cpusPerNode: 3, gpusPerNode: 1 }),
    { nodes: 2, cpus: 6, gpus: 2 },
  );
  assert.deepEqual(
    capacity({ nodes: 2, memory: "9G" }, { kind: "spark", workerCores: 2, workerMemory: "3G" }),
    { nodes: 2, cpus: 4, gpus: 0, memoryBytes: 6 * GIB },
  );
});
