import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parseSstat, sstatArguments } from "./sstat.ts";
import { testdata } from "./testing/captured.ts";

Deno.test("all steps of all jobs are asked for at once", () => {
  const words = sstatArguments(["12", "13.4"]);
  equal(words[0], "sstat");
  ok(words.includes("--allsteps"));
  equal(words.at(-1), "--jobs=12,13.4");
});

Deno.test("everything in real output is understood", () => {
  const steps = parseSstat(testdata("sstat.txt"));
  equal(steps.length, 10);
  const largest = steps.find(({ tasks }) => tasks === 4);
  deepEqual([largest?.step, largest?.peakTaskMemoryBytes, largest?.memoryBytes], [
    "0",
    8_171_520,
    32_604_160,
  ]);
  ok(steps.every(({ cpuSeconds }) => cpuSeconds !== undefined));
  equal(new Set(steps.map(({ number }) => number)).size, 7);
});

Deno.test("a step that was not sampled yet has no figures", () => {
  deepEqual(parseSstat("12.0|2||energy=0|energy=0\n"), [{ number: "12", step: "0", tasks: 2 }]);
});

Deno.test("where jobs are not sampled no step has figures", () => {
  // Captured with JobAcctGatherType=jobacct_gather/none.
  deepEqual(parseSstat("1376.batch|0|||\n"), [{ number: "1376", step: "batch" }]);
});

Deno.test("a step that is shown twice, as those of arrays are, is told once", () => {
  const line = "12.0|1|100|cpu=00:00:01,mem=100|\n";
  equal(parseSstat(line + line).length, 1);
});

Deno.test("any text is read without an error", () => {
  deepEqual(parseSstat("sstat: error: No steps running for job 2\n"), []);
  fc.assert(fc.property(fc.array(fc.string()), (fields) => {
    parseSstat(fields.join("|"));
  }));
});
