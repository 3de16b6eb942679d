import assert from "node:assert/strict";
import { z } from "zod";
import { schedulerIdSchema } from "../../model/mod.ts";
import { parseSstat, parseUsage } from "../../slurm/mod.ts";
import type { JobUsage, StepUsage } from "../../slurm/mod.ts";
import { isSettled, jobFound, stepFound } from "./metrics.ts";

const captured = new URL("../../slurm/testdata/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, captured));
const ids = z.record(z.string(), z.string()).parse(JSON.parse(read("usage-jobs.json")));

function job(steps: readonly StepUsage[], rest: Partial<JobUsage> = {}): JobUsage {
  return {
    id: { kind: "job", job: 7 },
    number: "7",
    state: "COMPLETED",
    startedAt: 0,
    endedAt: 100_000,
    elapsedSeconds: 100,
    cpus: 2,
    nodes: 1,
    steps,
    ...rest,
  };
}

function step(name: string, rest: Partial<StepUsage>): StepUsage {
  return { step: name, state: "COMPLETED", elapsedSeconds: 100, ...rest };
}

Deno.test("a captured job is told step by step and in total", () => {
  const usage = parseUsage(read("sacct-usage.txt"));
  const line = usage.jobs.get(schedulerIdSchema.parse(ids["nodes"]));
  assert.ok(line !== undefined && isSettled(line));
  const { source, figures, steps, timeLimitSeconds } = jobFound(line, []);
  assert.equal(source, "accounting");
  assert.equal(timeLimitSeconds, 300);
  assert.deepEqual(steps.map((one) => [one.step, one.tasks, one.cpus]), [
    ["batch", 1, 2],
    ["0", 4, 4],
  ]);
  assert.equal(figures.cpuSeconds, 0.026 + 16.022);
  assert.equal(figures.nodeHours, 2 * 56 / 3600);
  assert.equal(figures.peakMemoryBytes, 10_862_592 + 32_604_160, "both ran at the same time");
  assert.equal(figures.peakTaskMemoryBytes, 10_862_592);
});

Deno.test("while it runs its steps have what sstat shows, beside what accounting says they hold", () => {
  const usage = parseUsage(read("sacct-usage-running.txt"));
  const line = usage.jobs.get(schedulerIdSchema.parse(ids["steps"]));
  const running = parseSstat(read("sstat.txt")).filter(({ number }) => number === ids["steps"]);
  const { source, figures, steps } = jobFound(line, running);
  assert.equal(source, "sstat");
  const [batch, first] = steps;
  assert.deepEqual([batch?.step, batch?.peakMemoryBytes, batch?.gpus], ["batch", 10_809_344, 1]);
  assert.deepEqual([first?.tasks, first?.peakMemoryBytes], [2, 13_783_040]);
  assert.equal(first?.requestedMemoryBytes, 200 * 2 ** 20);
  assert.equal(figures.peakMemoryBytes, 10_809_344 + 13_783_040);
});

Deno.test("without accounting sstat alone tells of the steps", () => {
  const { source, figures, steps } = jobFound(undefined, [{
    number: "7",
    step: "0",
    tasks: 2,
    cpuSeconds: 8,
    peakTaskMemoryBytes: 30,
    memoryBytes: 50,
  }]);
  assert.equal(source, "sstat");
  assert.deepEqual(figures, { cpuSeconds: 8, peakTaskMemoryBytes: 30, peakMemoryBytes: 50 });
  assert.equal(steps.length, 1);
});

Deno.test("processor time is not known where that of one step is not, unless that was over at once", () => {
  const known = step("batch", { cpuSeconds: 10 });
  const seconds = (...others: StepUsage[]) =>
    jobFound(job([known, ...others]), []).figures.cpuSeconds;
  assert.equal(seconds(step("0", { cpuSeconds: 5 })), 15);
  assert.equal(seconds(step("0", {})), undefined);
  assert.equal(seconds(step("0", { elapsedSeconds: 0 })), 10);
  assert.equal(seconds(step("extern", {})), 10, "nothing happens there");
});

Deno.test("the peak of a job is that of the steps that ran at the same time", () => {
  const at = (from: number, to: number, peakMemoryBytes: number) => ({
    startedAt: from * 1000,
    endedAt: to * 1000,
    peakMemoryBytes,
  });
  const { figures } = jobFound(
    job([
      step("batch", at(0, 100, 1)),
      step("0", at(0, 40, 10)),
      step("1", at(40, 80, 20)),
      step("2", at(60, 90, 5)),
      step("3", at(95, 95, 2)),
      step("4", {}),
    ]),
    [],
  );
  assert.equal(figures.peakMemoryBytes, 1 + 20 + 5);
  assert.equal(figures.peakTaskMemoryBytes, undefined);
});

Deno.test("a step of a session has its own figures", () => {
  const usage = step("3", {
    cpus: 2,
    nodes: 1,
    cpuSeconds: 50,
    heldMemoryBytes: 100,
    peakMemoryBytes: 40,
  });
  const { source, figures, steps } = stepFound(usage, []);
  assert.equal(source, "accounting");
  assert.deepEqual([figures.cpuEfficiency, figures.memoryShare], [0.25, 0.4]);
  assert.deepEqual(steps.map((one) => one.step), ["3"]);
});
