import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { schedulerIdSchema } from "../model/mod.ts";
import type { SacctJob } from "./sacct.ts";
import { parseSacct, sacctArguments } from "./sacct.ts";
import { capturedIds, testdata } from "./testing/captured.ts";

const captured = testdata("sacct.txt");

function jobs(name: string): SacctJob[] {
  const wanted = Number(capturedIds[name]);
  return parseSacct(captured).jobs.filter((job) => job.id.job === wanted);
}

function only(name: string): SacctJob {
  const [job, ...others] = jobs(name);
  ok(job !== undefined && others.length === 0, name);
  return job;
}

Deno.test("the query names its jobs, and asks last for the one text that a user chose", () => {
  const words = sacctArguments([schedulerIdSchema.parse("12"), schedulerIdSchema.parse("13_4")]);
  equal(words[0], "sacct");
  equal(words.at(-1), "--jobs=12,13_4");
  ok(words.some((word) => /^--format=.*,WorkDir$/.test(word)));
  ok(!/JobName|Comment|SubmitLine/i.test(words.join(" ")));
});

Deno.test("everything in real output is understood", () => {
  for (const name of ["sacct.txt", "sacct-unsettled.txt"]) {
    const { jobs, malformed } = parseSacct(testdata(name));
    deepEqual(malformed, []);
    ok(jobs.length > 10);
    ok(jobs.every((job) => job.state !== undefined && job.submittedAt !== undefined));
  }
});

Deno.test("ended jobs show how they ended", () => {
  deepEqual([only("success").state, only("success").exit], ["COMPLETED", { exitCode: 0 }]);
  deepEqual([only("exit3").state, only("exit3").exit], ["FAILED", { exitCode: 3 }]);
  deepEqual([only("signal").state, only("signal").exit], ["FAILED", { exitCode: 0, signal: 9 }]);
  equal(only("timeout").state, "TIMEOUT");
  equal(only("nodeFail").state, "NODE_FAIL");
  equal(only("cancelledRunning").state, "CANCELLED");
  ok(only("cancelledRunning").stateText.startsWith("CANCELLED by "));
});

Deno.test("a job that was cancelled before its start has no start", () => {
  const { state, startedAt, endedAt, nodeList } = only("cancelledPending");
  deepEqual([state, startedAt, nodeList], ["CANCELLED", undefined, ""]);
  ok(endedAt !== undefined);
});

Deno.test("tasks that were cancelled while they waited together come one by one", () => {
  deepEqual(
    jobs("cancelledArray").map(({ id, state }) => [id.kind === "task" && id.task, state]),
    [2, 3, 4, 5, 6, 7, 8, 9].map((task) => [task, "CANCELLED"]),
  );
  deepEqual(
    jobs("arrayEnded").map(({ id, exit }) => [id.kind === "task" && id.task, exit?.exitCode]),
    [[1, 1], [3, 3], [4, 4], [5, 5]],
  );
});

Deno.test("a job's directory is read whatever its name holds", () => {
  const line = (path: string) =>
    ["7", "COMPLETED", "0:0", "1", "2", "3", "n1", "None", path]
      .join("\x1f");
  equal(parseSacct(line("/a b|\x1fc")).jobs[0]?.workingDirectory, "/a b|\x1fc");
  equal(parseSacct(line("")).jobs[0]?.workingDirectory, undefined);
  ok(only("exit3").workingDirectory?.startsWith("/"));
});

Deno.test("of several records of one job the last counts", () => {
  const line = (state: string) => ["7", state, "0:0", "1", "2", "3", "n1", "", "/w"].join("\x1f");
  const { jobs } = parseSacct([line("NODE_FAIL"), line("COMPLETED")].join("\n"));
  deepEqual(jobs.map((job) => job.state), ["COMPLETED"]);
});

Deno.test("lines that are not records are told, and harm no others", () => {
  const { jobs, malformed } = parseSacct(
    new Uint8Array([...new TextEncoder().encode("Welcome\nx\x1fy\n"), ...captured]),
  );
  deepEqual(malformed, ["Welcome", "x\x1fy"]);
  equal(jobs.length, parseSacct(captured).jobs.length);
});

Deno.test("any bytes give jobs or malformed lines, never an error", () => {
  const field = fc.constantFrom(
    "7",
    "7_[1-3%2]",
    "7_[9-1]",
    "7_[1,1]",
    "7.batch",
    "RUNNING",
    "",
    "\n",
  );
  fc.assert(fc.property(fc.array(field), (fields) => {
    parseSacct(fields.join("\x1f"));
  }));
  fc.assert(
    fc.property(field, fc.array(fc.string(), { minLength: 8, maxLength: 8 }), (id, rest) => {
      parseSacct([id, ...rest].join("\x1f"));
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    parseSacct(bytes);
  }));
});
