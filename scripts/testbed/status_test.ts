import assert from "node:assert/strict";
import { isUsable } from "./status.ts";

Deno.test("only nodes that take jobs and answer count as usable", () => {
  for (const state of ["IDLE", "MIXED", "ALLOCATED", "COMPLETING", "ALLOCATED+"]) {
    assert.equal(isUsable(state), true, state);
  }
  for (const state of ["DOWN", "DOWN*", "IDLE*", "DRAINED", "DRAINING", "UNKNOWN", "REBOOT"]) {
    assert.equal(isUsable(state), false, state);
  }
});
