import assert from "node:assert/strict";
import { attemptId, jobSpecSchema, newJobId } from "../../model/mod.ts";
import type { JobSpecInput, Resources } from "../../model/mod.ts";
import { remoteLayout } from "../layout.ts";
import { SlurmPlanner } from "./planner.ts";

const jobId = newJobId();
const payload: JobSpecInput["payload"] = { kind: "command", command: ["true"] };

function planner(
  defaults: Resources = {},
  partitions: Record<string, Resources> = {},
): SlurmPlanner {
  return new SlurmPlanner({
    layout: remoteLayout("/home/u/.sluice", "server"),
    serverId: "server",
    defaults,
    partitions,
  });
}

function spec(input: Partial<JobSpecInput> = {}) {
  return jobSpecSchema.parse({ cluster: "here", payload, ...input });
}

/** The words of sbatch for each component, without those that all jobs have. */
function asked(words: readonly string[]): string[][] {
  const known =
    /^--(job-name|comment|chdir|input|output|error|open-mode)=|^--(parsable|ignore-pbs)$/;
  const components: string[][] = [[]];
  for (const word of words.slice(1, words.indexOf("--"))) {
    if (word === ":") components.push([]);
    else if (!known.test(word)) components.at(-1)?.push(word);
  }
  return components;
}

Deno.test("a preview shows what the cluster, the partition, the call and the job ask for together", () => {
  const one = planner({ partition: "long", time: 60, memory: "1G" }, {
    long: { time: 600, qos: "patient" },
  });
  const { commandLine } = one.preview(
    jobId,
    spec({ resources: { memoryPerCpu: "2G" }, defaults: { qos: "call", nodes: 2 } }),
  );
  for (const word of ["--partition=long", "--time=600", "--qos=call", "--nodes=2"]) {
    assert.ok(commandLine.includes(word), word);
  }
  assert.ok(commandLine.includes("--mem-per-cpu=2G"));
  assert.ok(!commandLine.includes("--mem=1G"));
});

Deno.test("each component gets the defaults of its own partition and the options of its own script", () => {
  const one = planner({ account: "tides" }, {
    cpu: { time: 10 },
    gpu: { time: 5, gpusPerNode: 1 },
  });
  const { sbatch, files } = one.plan(
    attemptId(jobId, 1),
    spec({
      resources: { partition: "cpu", memory: "1G" },
      options: { nice: 3 },
      components: [
        { payload, resources: { partition: "gpu", memory: "2G" } },
        { payload: { kind: "script", script: "#!/bin/sh\n#SBATCH -p gpu --gres=gpu:2\ntrue\n" } },
      ],
    }),
  );
  assert.deepEqual(asked(sbatch), [
    ["--mem=1G", "--time=10", "--partition=cpu", "--account=tides", "--nice=3"],
    ["--mem=2G", "--gpus-per-node=1", "--time=5", "--partition=gpu", "--account=tides"],
    ["--partition=gpu", "--gres=gpu:2", "--mem=2G", "--time=5", "--account=tides"],
  ]);
  assert.ok(files.some(({ name }) => name === "component-2/payload"));
});

Deno.test("a heterogeneous job is found by one comment, and its components by their numbers", () => {
  const one = spec({ components: [{ payload }, { payload, name: "third" }] });
  const id = attemptId(jobId, 2);
  assert.deepEqual(planner().tasks(one), [0, 1, 2]);
  const { sbatch } = planner({ array: "0-3" }).plan(id, one);
  const values = (option: string) =>
    sbatch.flatMap((word) =>
      word.startsWith(`--${option}=`) ? [word.slice(option.length + 3)] : []
    );
  assert.deepEqual(values("comment"), [`sluice:${id}`, `sluice:${id}+1`, `sluice:${id}+2`]);
  assert.deepEqual(values("job-name"), ["sluice", "sluice+1", "third"]);
  assert.deepEqual(values("array"), []);
  assert.equal(planner().preview(jobId, one).components?.length, 3);
});
