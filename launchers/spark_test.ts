import assert from "node:assert/strict";
import { attemptId, jobIdSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { jobScript, launch } from "./mod.ts";
import type { ExecutionPlan, LaunchPlace } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const PYTHON = "#!/usr/bin/env python3\nprint(1)\n";

type Input = Omit<JobSpecInput, "cluster" | "launcher"> & {
  readonly spark?: Readonly<Record<string, unknown>>;
  readonly place?: LaunchPlace["kind"];
};

function planOf({ spark = {}, place = "allocation", ...input }: Input): ExecutionPlan {
  const spec = jobSpecSchema.parse({
    cluster: "here",
    launcher: { kind: "spark", ...spark },
    ...input,
  });
  return launch(spec, { kind: place });
}

function fileOf(plan: ExecutionPlan, name: string): string {
  const file = plan.files.find((each) => each.name === name);
  assert(file !== undefined, name);
  return file.text;
}

/** One job for each shape that the script can take, by the name of its golden file. */
const cases: Readonly<Record<string, Input>> = {
  "python": { payload: { kind: "script", script: PYTHON } },
  "sized": {
    payload: { kind: "command", command: ["count.py", "a file"] },
    spark: {
      sparkHome: "/opt/spark's",
      driverMemory: "2G",
      executorMemory: "1536M",
      executorCores: 2,
      executors: 3,
      workerCores: 4,
      workerMemory: "8G",
      masterTimeoutSeconds: 30,
      workersTimeoutSeconds: 60,
      graceSeconds: 5,
      submitArguments: ["--name", "it's"],
    },
  },
  "executors": {
    payload: { kind: "command", command: ["count.jar"] },
    spark: { executors: 3, driverMemory: "2G" },
  },
  "shell": { payload: { kind: "script", script: "#!/bin/sh\nspark-submit a.py\n" } },
  "existing": {
    payload: { kind: "script", script: PYTHON },
    spark: { master: "spark://other:7077" },
  },
  "local": { payload: { kind: "script", script: PYTHON }, place: "host" },
  "cluster": { payload: { kind: "cluster" } },
};

goldenScripts(
  "spark",
  Object.fromEntries(
    Object.entries(cases).map(([name, input]) => [name, () => fileOf(planOf(input), "spark.sh")]),
  ),
);
