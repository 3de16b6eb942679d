import assert from "node:assert/strict";
import { jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { refusalOf, stepRequest, TOO_MUCH } from "./srun.ts";
import type { StepRequest } from "./srun.ts";

function request(
  resources: JobSpecInput["resources"] = {},
  options: JobSpecInput["options"] = {},
): StepRequest {
  return stepRequest(jobSpecSchema.parse({
    cluster: "here",
    name: "tides",
    payload: { kind: "command", command: ["true"] },
    resources,
    options,
  }));
}

Deno.test("a step has the nodes that it names, or as few as have room for its tasks", () => {
  const sizes: readonly [JobSpecInput["resources"], StepRequest["size"]][] = [
    [{}, { kind: "tasks", tasks: 1, cpusPerTask: 1 }],
    [{ cpusPerTask: 4 }, { kind: "tasks", tasks: 1, cpusPerTask: 4 }],
    [{ tasks: 8, cpusPerTask: 2 }, { kind: "tasks", tasks: 8, cpusPerTask: 2 }],
    [{ nodes: 3 }, { kind: "nodes", nodes: 3, cpusPerNode: 1 }],
    [{ nodes: 2, tasks: 5, cpusPerTask: 2 }, { kind: "nodes", nodes: 2, cpusPerNode: 6 }],
    [{ nodes: "2-4", tasksPerNode: 3 }, { kind: "nodes", nodes: 2, cpusPerNode: 3 }],
    [{ tasks: 7, tasksPerNode: 3 }, { kind: "nodes", nodes: 3, cpusPerNode: 3 }],
    [{ tasksPerNode: 3 }, { kind: "nodes", nodes: 1, cpusPerNode: 3 }],
  ];
  for (const [resources, size] of sizes) assert.deepEqual(request(resources).size, size);
});

Deno.test("what a step does not ask for it shares, but for GPUs, of which it has none", () => {
  assert.deepEqual(request(), {
    size: { kind: "tasks", tasks: 1, cpusPerTask: 1 },
    options: ["--job-name=tides", "--mem=0", "--gres=none"],
  });
  assert.deepEqual(request({ gpus: 0, gpusPerNode: "a100:0" }).options, request().options);
});

Deno.test("what a step asks for is told to srun", () => {
  const { options, memoryMebibytes, timeSeconds } = request({
    memory: "2G",
    gpusPerNode: "a100:2",
    time: "00:10:00",
    nodeList: "n[1-2]",
    exclude: "n3",
    partition: "gone",
    account: "lab",
  }, { "mail-type": "END", hint: "nomultithread", requeue: true });
  assert.deepEqual(options, [
    "--job-name=tides",
    "--mem=2G",
    "--gpus-per-node=a100:2",
    "--time=00:10:00",
    "--nodelist=n[1-2]",
    "--exclude=n3",
    "--hint=nomultithread",
  ]);
  assert.equal(memoryMebibytes, 2048);
  assert.equal(request({ memoryPerCpu: "2G" }).memoryPerCpuMebibytes, 2048);
  assert.equal(timeSeconds, 600);
  assert.deepEqual(request({ memoryPerCpu: 100, gpus: 3 }).options.slice(1), [
    "--mem-per-cpu=100",
    "--gpus=3",
  ]);
  assert.equal(request({ time: "UNLIMITED" }).timeSeconds, undefined);
});

Deno.test("what only a job of its own can have is refused, with what to do instead", () => {
  const refused: readonly (readonly [JobSpecInput["resources"], JobSpecInput["options"]])[] = [
    [{ begin: "now+1hour" }, {}],
    [{ dependency: "afterok:1" }, {}],
    [{ exclusive: true }, {}],
    [{ nodes: "4k" }, {}],
    [{}, { hold: true }],
  ];
  for (const [resources, options] of refused) {
    assert.throws(() => request(resources, options), { code: "NOT_FOR_STEPS" });
  }
  assert.throws(() => request({ memory: "much" }), { code: /MEMORY/ });
});

Deno.test("srun's words on a refusal are told apart from those on a wait", () => {
  assert.equal(
    refusalOf([
      "srun: Job 12 step creation temporarily disabled, retrying (Requested nodes are busy)",
      "srun: Step created for job 12",
      "srun: error: Unable to create step for job 12: More processors requested than permitted",
      "something else",
    ]),
    "Unable to create step for job 12: More processors requested than permitted",
  );
  assert.equal(refusalOf(["srun: Step created for job 12"]), undefined);
  assert.equal(refusalOf([`${TOO_MUCH}it asks for 4 MiB`]), "it asks for 4 MiB");
});
