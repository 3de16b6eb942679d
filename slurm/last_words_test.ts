import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { parseLastWords, stepEnd } from "./last_words.ts";
import { capturedIds, testdataText } from "./testing/captured.ts";

const captured = z.record(z.string(), z.string()).parse(
  JSON.parse(testdataText("last-words.json")),
);

const wordsOn = (name: string) =>
  (captured[name] ?? "").split("\n").flatMap((line) => parseLastWords(line) ?? []);

Deno.test("Slurm's words on real jobs tell which job ended, why and when", () => {
  const reasons = {
    timeout: "time_limit",
    cancelledRunning: "cancelled",
    requeued: "requeue",
    signalled: "cancelled",
    nodeFail: "node_failure",
    preempted: "preemption",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const [words, ...others] = wordsOn(name);
    equal(others.length, 0, name);
    equal(words?.job, Number(capturedIds[name]), name);
    equal(words?.reason, reason, name);
    ok(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(words?.at ?? ""), name);
  }
});

Deno.test("the tasks of an array go by numbers of their own, of which the array's is the least", () => {
  const words = wordsOn("cancelledTask");
  const numbers = words.map(({ job }) => job).sort((a, b) => a - b);
  equal(new Set(numbers).size, 3);
  equal(numbers[0], Number(capturedIds["cancelledTask"]));
});

Deno.test("words that follow a program's unfinished line are found", () => {
  const line = "42%slurmstepd-n1: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-20T21:58:17 ***";
  deepEqual(parseLastWords(line), { job: 7, reason: "cancelled", at: "2026-11-20T21:58:17" });
});

Deno.test("the words on a step are told from those on the job", () => {
  deepEqual(
    parseLastWords(
      "slurmstepd-n2: error: *** STEP 7.1 ON n2 CANCELLED AT 2026-11-20T21:58:17 DUE TO TIME LIMIT ***",
    ),
    { job: 7, step: true, reason: "time_limit", at: "2026-11-20T21:58:17" },
  );
  deepEqual(
    parseLastWords(
      "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some of the step tasks have been OOM Killed.",
    ),
    { job: 7, step: true, reason: "out_of_memory" },
  );
});

Deno.test("words of causes that nobody knows say nothing", () => {
  for (
    const line of [
      "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-20T21:58:17 DUE TO BOREDOM ***",
      "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT some time ***",
      "slurmstepd: error: *** JOB 7 ON n1 FAILED (non-zero exit code or other failure mode) ***",
      "slurmstepd: error: *** JOB 7 ON n1 UNCORRECTABLE MEMORY ERROR AT 2026-11-20T21:58:17 ***",
      "CANCELLED AT 2026-11-20T21:58:17",
      "",
    ]
  ) equal(parseLastWords(line), undefined, line);
});

Deno.test("too much memory is told of the batch step, in the words of old and new releases", () => {
  for (
    const line of [
      "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch. Some of the step tasks have been OOM Killed.",
      "slurmstepd: error: Detected 12 oom_kill events in StepId=7.batch. Some of the step tasks have been OOM Killed.",
      "slurmstepd: error: Detected 2 oom-kill event(s) in StepId=7.batch. Some of your processes may have been killed by the cgroup out-of-memory handler.",
    ]
  ) deepEqual(parseLastWords(line), { job: 7, reason: "out_of_memory" });
});

Deno.test("any line gives words or none, never an error", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (line) => {
    parseLastWords(line);
  }));
});

Deno.test("Slurm's words on a step tell why it was ended, a node's failure above all", () => {
  const at = "CANCELLED AT 2026-11-27T19:00:25";
  const node = "slurmstepd-n2: error: *** STEP 12.3 ON n2";
  const cases: readonly (readonly [readonly string[], ReturnType<typeof stepEnd>])[] = [
    [[], undefined],
    [["srun: error: n1: task 0: Exited with exit code 3"], undefined],
    [[`${node} ${at} ***`], "cancelled"],
    [[`${node} ${at} DUE TO TIME LIMIT ***`], "time_limit"],
    [[`${node} ${at} DUE TO PREEMPTION ***`], "preemption"],
    [[`${node} ${at} DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***`], "node_failure"],
    [[`${node} ${at} ***`, "srun: error: Node failure on n4"], "node_failure"],
    [["slurmstepd: error: Detected 1 oom_kill event in StepId=12.3. Some"], "out_of_memory"],
    [[
      "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=12.3.",
      `${node} ${at} ***`,
    ], "cancelled"],
  ];
  for (const [lines, reason] of cases) equal(stepEnd(lines), reason, lines.join("\n"));
});
