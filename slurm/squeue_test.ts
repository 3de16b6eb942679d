import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parseComment, sluiceComment } from "./comment.ts";
import type { SqueueJob } from "./squeue.ts";
import { parseSqueueRecord, squeueArguments, SqueueRecords } from "./squeue.ts";
import { capturedIds, testdata } from "./testing/captured.ts";
import type { SlurmOutput } from "./text.ts";

const captured = testdata("squeue.txt");

/** The jobs of a whole output, what of it is no job, and what it breaks off with. */
function read(output: SlurmOutput) {
  const cut = new SqueueRecords();
  const jobs: SqueueJob[] = [];
  const malformed: string[] = [];
  for (const record of cut.push(output)) {
    const job = parseSqueueRecord(record);
    if (job === undefined) malformed.push(record);
    else jobs.push(job);
  }
  return { jobs, malformed, rest: cut.end() };
}

function jobs(name: string): SqueueJob[] {
  const wanted = Number(capturedIds[name]);
  return read(captured).jobs.filter((job) => job.id.job === wanted);
}

function only(name: string): SqueueJob {
  const [job, ...others] = jobs(name);
  ok(job !== undefined && others.length === 0, name);
  return job;
}

Deno.test("one query covers all states, partitions and array tasks of a user", () => {
  const words = squeueArguments({ user: "ada" });
  deepEqual(words.slice(0, -1), [
    "squeue",
    "--noheader",
    "--all",
    "--array",
    "--states=all",
    "--user=ada",
  ]);
  equal(squeueArguments().includes("--me"), true);
});

Deno.test("everything in real output is understood", () => {
  const { jobs, malformed, rest } = read(captured);
  deepEqual([malformed, rest], [[], ""]);
  ok(jobs.length > 30);
  ok(jobs.every((job) => job.state !== undefined && job.submittedAt !== undefined));
});

Deno.test("ended jobs show how they ended", () => {
  equal(only("success").state, "COMPLETED");
  deepEqual(only("success").exit, { exitCode: 0 });
  equal(only("exit3").state, "FAILED");
  deepEqual(only("exit3").exit, { exitCode: 3 });
  equal(only("exit3").reason, "NonZeroExitCode");
  equal(only("signal").state, "FAILED");
  deepEqual(only("signal").exit, { exitCode: 0, signal: 9 });
  equal(only("timeout").state, "TIMEOUT");
  equal(only("timeout").reason, "TimeLimit");
  equal(only("nodeFail").state, "NODE_FAIL");
  const { startedAt, endedAt } = only("timeout");
  ok(startedAt !== undefined && endedAt !== undefined && endedAt - startedAt >= 60_000);
});

Deno.test("a job that was cancelled before its start has no start", () => {
  const { state, startedAt, endedAt, nodeList } = only("cancelledPending");
  deepEqual([state, startedAt, nodeList], ["CANCELLED", undefined, ""]);
  ok(endedAt !== undefined);
  ok(only("cancelledRunning").startedAt !== undefined);
});

Deno.test("waiting jobs show why, and no guessed start", () => {
  const reasons = {
    held: "JobHeldUser",
    begin: "BeginTime",
    busy: "Resources",
    tooBig: "PartitionTimeLimit",
    dependency: "Dependency",
    neverSatisfied: "DependencyNeverSatisfied",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const job = only(name);
    deepEqual([job.state, job.reason, job.startedAt, job.endedAt], [
      "PENDING",
      reason,
      undefined,
      undefined,
    ], name);
  }
});

Deno.test("a job that was put back waits, and its restarts are counted", () => {
  const { state, restarts } = only("requeued");
  deepEqual([state, restarts], ["PENDING", 1]);
});

Deno.test("running jobs have nodes and a start but no end, although squeue prints one", () => {
  const { state, startedAt, endedAt, exit, nodeList } = only("multinode");
  deepEqual([state, endedAt, exit], ["RUNNING", undefined, undefined]);
  ok(startedAt !== undefined);
  equal(nodeList, "n[1-2]");
  equal(only("suspended").state, "SUSPENDED");
});

Deno.test("the tasks of an array come one by one", () => {
  deepEqual(jobs("array").map(({ id }) => id.kind === "task" ? id.task : id.kind).sort(), [
    0,
    1,
    2,
    3,
    4,
  ]);
  deepEqual(
    jobs("arrayEnded").map(({ id, exit }) => [id.kind === "task" ? id.task : id, exit?.exitCode])
      .sort(),
    [[1, 1], [3, 3], [4, 4], [5, 5]],
  );
});

Deno.test("the components of a heterogeneous job share its number", () => {
  deepEqual(jobs("heterogeneous").map(({ id }) => id.kind === "component" && id.component), [0, 1]);
});

Deno.test("a comment with line ends, separators and bytes that are not UTF-8 harms nothing", () => {
  const job = only("hostile");
  equal(job.state, "RUNNING");
  equal(job.comment, "9\n1|x\x1fy\ufffd RUNNING");
});

Deno.test("Sluice's own jobs are known by their comment", () => {
  const own = parseComment(only("success").comment);
  ok(own !== undefined);
  equal(sluiceComment(own), only("success").comment);
  equal(parseComment(only("hostile").comment), undefined);
  equal(parseComment(only("exit3").comment), undefined);
});

Deno.test("output that is cut anywhere gives the same jobs", () => {
  const whole = read(captured);
  fc.assert(fc.property(fc.array(fc.nat({ max: captured.length })), (cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), captured.length];
    const cut = new SqueueRecords();
    const pieces = places.slice(1).flatMap((end, index) =>
      cut.push(captured.subarray(places[index], end))
    );
    deepEqual(pieces.map(parseSqueueRecord), whole.jobs);
    deepEqual(cut.end(), "");
  }));
});

Deno.test("output that breaks off tells so", () => {
  const { jobs, malformed, rest } = read(captured.subarray(0, captured.length - 1));
  equal(jobs.length, read(captured).jobs.length - 1);
  deepEqual(malformed, []);
  ok(rest !== "");
});

Deno.test("a state that no release has is kept as text and not guessed", () => {
  const record = ["7", "DREAMING", "None", "0", "0", "n1", "1", "2", "1", ""].join("\x1f");
  const [job] = read(`${record}\x1e\n`).jobs;
  deepEqual([job?.state, job?.stateText], [undefined, "DREAMING"]);
});

Deno.test("any bytes give jobs or malformed records, never an error", () => {
  const token = fc.constantFrom(
    ..."0123456789ab_+[]%,-.\x1f\x1e\n\xff".split(""),
    "RUNNING",
    "\x1f".repeat(9),
    "\x1e\n",
  );
  fc.assert(fc.property(fc.array(token), (tokens) => {
    read(tokens.join(""));
  }));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    read(bytes);
  }));
});
