import assert from "node:assert/strict";
import { LifecycleStream } from "./lifecycle.ts";
import { ActorSystem, type LifecycleEvent, VirtualClock } from "./mod.ts";

const stopping = (path: string): LifecycleEvent => ({ type: "stopping", path, at: 0 });

Deno.test("events come in order, never within the operation, and not after cancel", async () => {
  const stream = new LifecycleStream(() => {});
  const seen: string[] = [];
  stream.emit(stopping("before"));
  const subscription = stream.subscribe((event) => seen.push(event.path));
  stream.emit(stopping("a"));
  stream.emit(stopping("b"));
  assert.deepEqual(seen, []);
  await Promise.resolve();
  assert.deepEqual(seen, ["a", "b"]);
  subscription.cancel();
  stream.emit(stopping("c"));
  stream.flush();
  assert.deepEqual(seen, ["a", "b"]);
});

Deno.test("a listener that throws is reported and does not keep events from others", () => {
  const errors: unknown[] = [];
  const stream = new LifecycleStream((error) => errors.push(error));
  const seen: string[] = [];
  const thrown = new Error("listener");
  stream.subscribe(() => {
    throw thrown;
  });
  stream.subscribe((event) => seen.push(event.path));
  stream.emit(stopping("a"));
  stream.flush();
  assert.deepEqual([errors, seen], [[thrown], ["a"]]);
});

Deno.test("the life of an actor is told from start to stop, with times", async () => {
  const clock = new VirtualClock();
  const system = new ActorSystem({ clock });
  const events: LifecycleEvent[] = [];
  system.events.subscribe((event) => events.push(event));
  const error = new Error("told to fail");
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    receive() {
      throw error;
    },
  }, { backoff: { minMs: 50, jitter: 0 } });
  await clock.advance(10);
  ref.tell("fail");
  await clock.advance(100);
  await system.stop();
  ref.tell("late");
  await clock.settle();
  const path = "/root/a";
  const reason = { type: "requested" } as const;
  const letter = { path, message: "late", reason: "stopped", at: 110 } as const;
  assert.deepEqual(events, [
    { type: "started", path, at: 0, restarts: 0 },
    { type: "failed", path, at: 10, during: "receive", error, message: "fail" },
    { type: "restarting", path, at: 10, delayMs: 50, error },
    { type: "started", path, at: 60, restarts: 1 },
    { type: "stopping", path: "/root", at: 110 },
    { type: "stopping", path, at: 110 },
    { type: "stopped", path, at: 110, reason },
    { type: "stopped", path: "/root", at: 110, reason },
    { type: "dead-letter", path, at: 110, letter },
  ]);
});
