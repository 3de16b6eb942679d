import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { schedulerIdSchema } from "../model/mod.ts";
import type { JobUsage } from "./sacct_usage.ts";
import { parseUsage, usageArguments } from "./sacct_usage.ts";
import { testdata, testdataText } from "./testing/captured.ts";

const ids = z.record(z.string(), z.string()).parse(JSON.parse(testdataText("usage-jobs.json")));
const MB = 2 ** 20;

function job(name: string, part = "", file = "sacct-usage.txt"): JobUsage {
  const found = parseUsage(testdata(file)).jobs.get(
    schedulerIdSchema.parse(`${ids[name]}${part}`),
  );
  ok(found !== undefined, name);
  return found;
}

function line(fields: Partial<Record<"id" | "state" | "cpu" | "mem" | "tres" | "used", string>>) {
  const {
    id = "7",
    state = "COMPLETED",
    cpu = "00:01",
    mem = "",
    tres = "cpu=4,node=2",
    used = "",
  } = fields;
  return [
    id,
    id,
    state,
    "100",
    "110",
    "10",
    cpu,
    "4",
    "2",
    "",
    "",
    mem,
    "60",
    "0",
    tres,
    used,
    "",
    "/w",
  ]
    .join("\x1f");
}

function only(fields: Parameters<typeof line>[0]) {
  const [found] = parseUsage(line(fields)).jobs.values();
  ok(found !== undefined);
  return found;
}

Deno.test("the query names its jobs, and asks last for the one text that a user chose", () => {
  const words = usageArguments(["12", "13.4"]);
  equal(words[0], "sacct");
  equal(words.at(-1), "--jobs=12,13.4");
  ok(words.some((word) => /^--format=.*,WorkDir$/.test(word)));
});

Deno.test("a job's memory is that of its steps, and what it held is told of all nodes together", () => {
  const memory = job("memory");
  equal(memory.heldMemoryBytes, 1024 * MB);
  equal(memory.timeLimitSeconds, 300);
  const [batch] = memory.steps;
  equal(batch?.peakTaskMemoryBytes, 309_678_080);
  const [, step] = job("nodes").steps;
  deepEqual([step?.tasks, step?.nodes, step?.cpus], [4, 2, 4]);
  equal(step?.heldMemoryBytes, 400 * MB);
  deepEqual([step?.peakTaskMemoryBytes, step?.peakMemoryBytes], [8_171_520, 32_604_160]);
});

Deno.test("GPUs are told where there are some, and energy only where it is measured", () => {
  equal(job("steps").gpus, 1);
  equal(job("memory").gpus, undefined);
  equal(job("steps").energyJoules, undefined);
});

Deno.test("a step that was over before it was sampled has no memory and no reads, rather than none used", () => {
  const [batch, , last] = job("steps").steps;
  ok((batch?.diskReadBytes ?? 0) > 0);
  deepEqual([last?.step, last?.elapsedSeconds, last?.cpuSeconds], ["1", 0, 0.002]);
  for (const name of ["peakMemoryBytes", "peakTaskMemoryBytes", "diskReadBytes"] as const) {
    equal(last?.[name], undefined);
  }
});

Deno.test("tasks and components are told one by one, with the numbers that sstat knows them by", () => {
  ok((job("array", "_0").steps[0]?.cpuSeconds ?? 0) > 4);
  equal(job("array", "_1").number, ids["array"]);
  ok(job("array", "_0").number !== ids["array"]);
  deepEqual(job("heterogeneous", "+1").steps.map(({ step, tasks }) => [step, tasks]), [["0", 2]]);
});

Deno.test("what was cancelled while it waited has held nothing and used nothing", () => {
  const { state, elapsedSeconds, cpuSeconds, cpus, nodes, heldMemoryBytes } = job("held");
  equal(state, "CANCELLED");
  for (const value of [elapsedSeconds, cpuSeconds, cpus, nodes, heldMemoryBytes]) {
    equal(value, undefined);
  }
});

Deno.test("a record that is not whole yet tells no end, no directory, no processors", () => {
  const { endedAt, workingDirectory, cpus, heldMemoryBytes, cpuSeconds, steps } = job(
    "steps",
    "",
    "sacct-usage-running.txt",
  );
  for (const value of [endedAt, workingDirectory, cpus, heldMemoryBytes, cpuSeconds]) {
    equal(value, undefined);
  }
  deepEqual(steps.map(({ step, state, gpus }) => [step, state, gpus]), [
    ["batch", "RUNNING", 1],
    ["0", "RUNNING", 1],
  ]);
});

Deno.test("of killed processes samples tell the processor time, and without samples nothing does", () => {
  const used = "cpu=00:00:40,energy=0,fs/disk=1,mem=100";
  equal(only({ state: "TIMEOUT", cpu: "00:00.003", used }).cpuSeconds, 40);
  equal(only({ state: "TIMEOUT", cpu: "00:00.003" }).cpuSeconds, undefined);
  equal(only({ state: "CANCELLED by 7", cpu: "00:00.003" }).cpuSeconds, undefined);
  equal(only({ state: "COMPLETED", cpu: "00:00.003" }).cpuSeconds, 0.003);
  equal(only({ state: "COMPLETED", cpu: "01:00", used }).cpuSeconds, 60);
  equal(only({ state: "COMPLETED", cpu: "00:00:00" }).cpuSeconds, undefined);
});

Deno.test("memory that an old release counts for each node or CPU is told of all", () => {
  equal(only({ mem: "2Gn" }).heldMemoryBytes, 4 * 2 ** 30);
  equal(only({ mem: "2Gc" }).heldMemoryBytes, 8 * 2 ** 30);
  equal(only({ mem: "2G" }).heldMemoryBytes, 2 * 2 ** 30);
  equal(only({ mem: "2Gn", tres: "cpu=4,mem=3G,node=2" }).heldMemoryBytes, 3 * 2 ** 30);
  equal(only({ mem: "0n" }).heldMemoryBytes, undefined);
});

Deno.test("GPUs that a cluster counts by their types alone are added up", () => {
  equal(only({ tres: "cpu=4,gres/gpu:a100=2,gres/gpu:h100=1" }).gpus, 3);
  equal(only({ tres: "cpu=4,gres/gpu=3,gres/gpu:a100=3" }).gpus, 3);
});

Deno.test("a step of a job that was not asked for is found by its own id", () => {
  const { jobs, steps } = parseUsage(line({ id: "12.3" }));
  equal(jobs.size, 0);
  equal(steps.get("12.3")?.elapsedSeconds, 10);
});

Deno.test("any bytes are read without an error", () => {
  const id = fc.constantFrom("7", "7_[1-3%2]", "7.batch", "7_1.0", "");
  fc.assert(
    fc.property(id, fc.array(fc.string(), { minLength: 17, maxLength: 17 }), (first, rest) => {
      parseUsage([first, ...rest].join("\x1f"));
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    parseUsage(bytes);
  }));
});
