import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";

Deno.test("the system clock is near the Unix time and does not go back", () => {
  const first = systemClock.now();
  assert.ok(Math.abs(first - Date.now()) < 60_000);
  assert.ok(systemClock.now() >= first);
});

Deno.test("a delay longer than the host's timers can hold does not fire at once", async () => {
  let fired = false;
  const timer = systemClock.setTimeout(() => fired = true, 2 ** 31 + 1_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.setTimeout(resolve, 2);
  await promise;
  timer.cancel();
  timer.cancel();
  assert.equal(fired, false);
});
