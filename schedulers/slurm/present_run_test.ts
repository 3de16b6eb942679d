import assert from "node:assert/strict";
import { attemptId, newJobId, schedulerIdSchema } from "../../model/mod.ts";
import type { SacctJob } from "../../slurm/mod.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { LastWordsFound } from "./last_words.ts";
import { isAccountOf, isRecordOf, wordsOf } from "./present_run.ts";
import type { Run } from "./present_run.ts";

const jobId = newJobId();
const directory = `/home/u/.sluice/jobs/${jobId}`;

function run(more: Partial<Run> = {}): Run {
  return {
    attemptId: attemptId(jobId, 1),
    schedulerId: schedulerIdSchema.parse("12"),
    id: schedulerIdSchema.parse("12"),
    component: false,
    task: undefined,
    startedAt: undefined,
    ...more,
  };
}

function record(startedAt: number, endedAt: number): ExitRecord {
  return {
    attemptId: attemptId(jobId, 1),
    schedulerId: "12",
    restart: 0,
    exitCode: 0,
    startedAt,
    endedAt,
  };
}

function account(more: Partial<SacctJob> = {}): SacctJob {
  return {
    id: { kind: "job", job: 12 },
    state: "COMPLETED",
    stateText: "COMPLETED",
    nodeList: "n1",
    workingDirectory: directory,
    ...more,
  };
}

Deno.test("an account counts only in the directory of the job, however the path leads there", () => {
  for (const path of [directory, `/mnt/real${directory}`, `${directory}/attempt-2`]) {
    assert.ok(isAccountOf(run(), account({ workingDirectory: path }), undefined), path);
  }
  for (const path of ["", "/home/u", `/home/u/jobs/${newJobId()}`, `${directory}x`, jobId]) {
    assert.ok(!isAccountOf(run(), account({ workingDirectory: path }), undefined), path);
  }
  const { workingDirectory: _, ...nowhere } = account();
  assert.ok(!isAccountOf(run(), nowhere, undefined));
});

Deno.test("an account of an end before this run began is one of an earlier run", () => {
  const old = account({ startedAt: 10_000, endedAt: 20_000 });
  assert.ok(isAccountOf(run(), old, undefined));
  assert.ok(isAccountOf(run({ startedAt: 12_000 }), old, undefined));
  assert.ok(!isAccountOf(run({ startedAt: 30_000 }), old, undefined));
  assert.ok(!isAccountOf(run(), old, record(30_000, 31_000)));
});

Deno.test("an account counts although the job's script began long after the job", () => {
  const short = account({ startedAt: 10_000, endedAt: 400_000 });
  assert.ok(isAccountOf(run({ startedAt: 399_000 }), short, record(399_000, 400_000)));
});

Deno.test("a record of another id or of an earlier run is not this run's", () => {
  assert.ok(isRecordOf(run(), record(10_000, 20_000)));
  assert.ok(isRecordOf(run({ startedAt: 10_000 }), record(10_000, 20_000)));
  assert.ok(!isRecordOf(run({ startedAt: 30_000 }), record(10_000, 20_000)));
  assert.ok(!isRecordOf(run({ schedulerId: schedulerIdSchema.parse("13") }), record(1, 2)));
});

Deno.test("of Slurm's words, the last on this very job counts", () => {
  const found: LastWordsFound = {
    words: [
      { job: 12, reason: "requeue", at: 10_000 },
      { job: 12, reason: "time_limit", at: 50_000 },
      { job: 99, reason: "cancelled", at: 60_000 },
    ],
    wroteAt: 70_000,
  };
  assert.deepEqual(wordsOf(run(), found, undefined), {
    end: { reason: "time_limit", at: 50_000 },
    outOfMemory: false,
    wroteAt: 70_000,
  });
});

Deno.test("words of an earlier run say nothing of this one", () => {
  const found: LastWordsFound = {
    words: [
      { job: 12, reason: "preemption", at: 10_000 },
      { job: 12, reason: "out_of_memory" },
    ],
  };
  const nothing = { outOfMemory: false };
  assert.deepEqual(wordsOf(run({ startedAt: 30_000 }), found, undefined), nothing);
  assert.deepEqual(wordsOf(run(), found, record(30_000, 31_000)), nothing);
  const own = { end: { reason: "preemption", at: 10_000 }, outOfMemory: true };
  assert.deepEqual(wordsOf(run({ startedAt: 5_000 }), found, undefined), own);
});

Deno.test("a task of an array has a number of its own, from the array's on", () => {
  const word = (job: number): LastWordsFound => ({
    words: [{ job, reason: "time_limit", at: 50_000 }],
  });
  for (const job of [12, 17]) {
    assert.ok(wordsOf(run({ task: 3 }), word(job), undefined).end !== undefined);
  }
  assert.equal(wordsOf(run({ task: 3 }), word(11), undefined).end, undefined);
  assert.equal(wordsOf(run(), word(17), undefined).end, undefined);
});

Deno.test("words without a time that is understood say nothing", () => {
  const found: LastWordsFound = { words: [{ job: 12, reason: "cancelled" }] };
  assert.deepEqual(wordsOf(run(), found, undefined), { outOfMemory: false });
});
