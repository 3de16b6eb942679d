import assert from "node:assert/strict";
import { errorKind, httpStatus } from "./error_kind.ts";

function status(code: string, retryable = false): number {
  return httpStatus[errorKind({ code, retryable })];
}

Deno.test("each code has the HTTP status of its kind", () => {
  assert.equal(status("JOB_NOT_FOUND"), 404);
  assert.equal(status("CLUSTER_NOT_FOUND"), 404);
  assert.equal(status("INVALID_TIME_LIMIT"), 400);
  assert.equal(status("CURSOR_INVALID"), 400);
  assert.equal(status("SCRIPT_CRLF"), 400);
  assert.equal(status("IDEMPOTENCY_CONFLICT"), 409);
  assert.equal(status("UNAUTHORIZED"), 401);
  assert.equal(status("FOREIGN_ORIGIN"), 403);
  assert.equal(status("BODY_TOO_LARGE"), 413);
  assert.equal(status("JOB_NOT_ENDED", true), 412);
  assert.equal(status("LINK_LOST", true), 503);
  assert.equal(status("JOURNAL_FULL"), 503);
  assert.equal(status("UNEXPECTED"), 500);
});

Deno.test("a code that nobody listed is told by whether a retry may help", () => {
  assert.equal(status("SOMETHING_NEW", true), 503);
  assert.equal(status("SOMETHING_NEW"), 422);
});
