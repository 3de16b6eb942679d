import assert from "node:assert/strict";
import { RestartWindow } from "./restart_window.ts";

Deno.test("one restart more than allowed within the sliding period is refused", () => {
  const window = new RestartWindow(2, 1_000);
  assert.deepEqual([0, 600, 999].map((now) => window.allows(now)), [true, true, false]);
  assert.equal(window.allows(1_000), true, "the restart at 0 is out of the period");
  assert.equal(window.allows(1_500), false, "those at 600 and 1,000 are within it");
});

Deno.test("none are allowed with 0, and any number with Infinity", () => {
  assert.equal(new RestartWindow(0, 1_000).allows(0), false);
  const endless = new RestartWindow(Infinity, 1_000);
  assert.ok(Array.from({ length: 100 }, () => endless.allows(0)).every((allowed) => allowed));
});
