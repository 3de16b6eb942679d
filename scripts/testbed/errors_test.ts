import assert from "node:assert/strict";
import { exitCodeOf, TestbedError } from "./errors.ts";

Deno.test("the exit code tells wrong use, an unfit machine and a failure apart", () => {
  const code = (reason: TestbedError["reason"]) => exitCodeOf(new TestbedError(reason, "m", "n"));
  assert.equal(code("TESTBED_USAGE"), 2);
  assert.equal(code("TESTBED_PACKAGES_MISSING"), 3);
  assert.equal(code("TESTBED_UNSUPPORTED"), 3);
  assert.equal(code("TESTBED_DOWN"), 4);
  assert.equal(code("TESTBED_DAEMON_FAILED"), 1);
  assert.equal(exitCodeOf(new Error("x")), 1);
});
