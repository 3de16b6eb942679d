import assert from "node:assert/strict";
import { jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { InvalidMemoryError } from "../slurm/mod.ts";
import { ClusterNamedError, launch, PayloadNotLaunchableError } from "./mod.ts";
import type { ExecutionPlan, LaunchPlace } from "./mod.ts";
import { goldenScripts } from "./testing/golden.ts";

const PYTHON = "#!/usr/bin/env python3\nprint(1)\n";

type Input = Omit<JobSpecInput, "cluster" | "launcher"> & {
  readonly spark?: Readonly<Record<string, unknown>>;
  readonly place?: LaunchPlace["kind"];
  readonly standing?: LaunchPlace["standing"];
};

function planOf({ spark = {}, place = "allocation", standing, ...input }: Input): ExecutionPlan {
  const spec = jobSpecSchema.parse({
    cluster: "here",
    launcher: { kind: "spark", ...spark },
    ...input,
  });
  return launch(spec, { kind: place, ...(standing === undefined ? {} : { standing }) });
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
  "standing": {
    payload: { kind: "script", script: PYTHON },
    standing: { directory: "../it's another" },
  },
  "cluster": { payload: { kind: "cluster" } },
};

goldenScripts(
  "spark",
  Object.fromEntries(
    Object.entries(cases).map(([name, input]) => [name, () => fileOf(planOf(input), "spark.sh")]),
  ),
);

Deno.test("a Python program is handed to spark-submit, whatever names its interpreter", () => {
  const application = (script: string) => {
    const text = fileOf(planOf({ payload: { kind: "script", script } }), "spark.sh");
    return text.includes("bin/spark-submit") ? "submit" : "program";
  };
  for (
    const [first, expected] of [
      ["#!/usr/bin/env python3", "submit"],
      ["#!/usr/bin/env -S python3 -u", "submit"],
      ["#!/usr/bin/env LANG=C python", "submit"],
      ["#! /opt/python/bin/python3.11 -u", "submit"],
      ["#!/opt/pypy/bin/pypy3", "submit"],
      ["#!/opt/python/bin/sh", "program"],
      ["#!/bin/bash", "program"],
      ["#!/usr/bin/env perl", "program"],
    ] as const
  ) assert.equal(application(`${first}\n`), expected, first);
});

Deno.test("of commands, spark-submit gets those whose first word is an application", () => {
  const bodyOf = (...command: [string, ...string[]]) =>
    planOf({ payload: { kind: "command", command } });
  for (const program of ["count.py", "/data/it's count.jar"]) {
    assert.match(fileOf(bodyOf(program), "spark.sh"), /bin\/spark-submit/);
  }
  for (const program of ["python3", "count.py.sh", "./run"]) {
    assert.doesNotMatch(fileOf(bodyOf(program, "count.py"), "spark.sh"), /bin\/spark-submit/);
  }
});

Deno.test("every node starts the same script, with the job's environment", () => {
  const payload = { kind: "command" as const, command: ["count.py", "it's"] };
  const { body, peers } = planOf({ payload, environment: { A: "b c" } });
  assert.deepEqual(body, [
    `exec env 'A=b c' sh "$sluice_dir"/spark.sh first "$sluice_dir" "$sluice_spool" "$sluice_attempt" "$sluice_task" "$sluice_restart" count.py 'it'\\''s'`,
  ]);
  assert.deepEqual(peers, [`exec env 'A=b c' sh "$sluice_dir"/spark.sh other "$sluice_dir"`]);
});

Deno.test("nothing runs on other nodes where no cluster is started", () => {
  const payload = { kind: "command" as const, command: ["count.py"] };
  assert.equal(planOf({ payload, place: "host" }).peers, undefined);
  assert.equal(planOf({ payload, spark: { master: "spark://other:7077" } }).peers, undefined);
  assert.equal(planOf({ payload, standing: { directory: "../other" } }).peers, undefined);
  assert.equal(planOf({ payload: { kind: "cluster" }, place: "host" }).peers, undefined);
});

Deno.test("a payload that Spark cannot be is refused before anything is sent", () => {
  assert.throws(() => planOf({ payload: { kind: "allocation" } }), PayloadNotLaunchableError);
  assert.throws(
    () => planOf({ payload: { kind: "cluster" }, spark: { master: "spark://other:7077" } }),
    ClusterNamedError,
  );
  assert.throws(
    () => planOf({ payload: { kind: "cluster" }, spark: { executorMemory: "much" } }),
    InvalidMemoryError,
  );
});

Deno.test("what is asked for is in the properties, the user's own last", () => {
  const plan = planOf({
    payload: { kind: "command", command: ["count.py"] },
    spark: {
      driverMemory: 1500,
      executorMemory: "2G",
      executorCores: 2,
      executors: 3,
      conf: { "spark.cores.max": "4", "a b:c=d": " x\\y\nz" },
    },
  });
  assert.equal(
    fileOf(plan, "spark.properties"),
    [
      "spark.driver.memory=1500m",
      "spark.executor.memory=2048m",
      "spark.executor.cores=2",
      "spark.executor.instances=3",
      "spark.cores.max=6",
      "spark.cores.max=4",
      "a\\ b\\:c\\=d=\\ x\\\\y\\nz",
      "",
    ].join("\n"),
  );
});
