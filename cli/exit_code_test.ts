import assert from "node:assert/strict";
import { errorExitCode, jobExitCode } from "./exit_code.ts";

Deno.test("a job's end becomes the command's status", () => {
  assert.equal(jobExitCode({ phase: "succeeded", exitCode: 0 }), 0);
  assert.equal(jobExitCode({ phase: "failed", exitCode: 3 }), 3);
  assert.equal(jobExitCode({ phase: "failed", signal: 9 }), 137);
  assert.equal(jobExitCode({ phase: "failed", exitCode: 0, signal: 15 }), 143);
  assert.equal(jobExitCode({ phase: "timed_out", signal: 15 }), 124);
  assert.equal(jobExitCode({ phase: "cancelled" }), 130);
});

Deno.test("a job that failed never looks like success, whatever its status", () => {
  assert.equal(jobExitCode({ phase: "failed" }), 1);
  assert.equal(jobExitCode({ phase: "failed", exitCode: 0 }), 1);
  assert.equal(jobExitCode({ phase: "failed", exitCode: 256 }), 1);
});

Deno.test("errors tell whose fault they are", () => {
  assert.equal(errorExitCode("USAGE"), 2);
  assert.equal(errorExitCode("INVALID_INPUT"), 2);
  assert.equal(errorExitCode("CONFIG_INVALID"), 2);
  assert.equal(errorExitCode("UNREACHABLE"), 3);
  assert.equal(errorExitCode("UNAUTHORIZED"), 3);
  assert.equal(errorExitCode("JOB_NOT_FOUND"), 1);
});
