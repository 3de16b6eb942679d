import assert from "node:assert/strict";
import { RateLimit } from "./rate_limit.ts";

Deno.test("a burst of one second may go at once, and then so many in each second", () => {
  const limit = new RateLimit(10);
  const start = limit.refilled(limit.full, 1_000);
  assert.equal(start.left, 10);
  const spent = { ...start, left: 0 };
  assert.equal(limit.waitMs(spent), 100);
  assert.equal(limit.refilled(spent, 1_100).left, 1);
  assert.equal(limit.refilled(spent, 1_550).left, 5.5);
  assert.equal(limit.refilled(spent, 9_000).left, 10);
});

Deno.test("less than one in a second is one after some seconds", () => {
  const limit = new RateLimit(0.5);
  const start = limit.refilled(limit.full, 0);
  assert.equal(start.left, 1);
  assert.equal(limit.waitMs({ left: 0, at: 0 }), 2_000);
  assert.equal(limit.refilled({ left: 0, at: 0 }, 2_000).left, 1);
});

Deno.test("a clock that goes back gives nothing", () => {
  const limit = new RateLimit(10);
  assert.equal(limit.refilled({ left: 3, at: 5_000 }, 4_000).left, 3);
});

Deno.test("without a limit all may go at any time", () => {
  const limit = new RateLimit();
  const start = limit.refilled(limit.full, 0);
  const later = limit.refilled({ ...start, left: start.left - 5_000 }, 0);
  assert.equal(later.left, Infinity);
  assert.equal(limit.waitMs(later), 0);
});
