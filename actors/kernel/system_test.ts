import assert from "node:assert/strict";
import { ActorSystem, type Behavior, type Reply, VirtualClock } from "./mod.ts";

type Counter =
  | { type: "add"; by: number }
  | { type: "get"; reply: Reply<number> }
  | { type: "fail" };

const counter: Behavior<Counter, number> = {
  init: () => 0,
  receive(count, message) {
    switch (message.type) {
      case "add":
        return count + message.by;
      case "get":
        message.reply.ok(count);
        return count;
      case "fail":
        throw new Error("told to fail");
    }
  },
};

Deno.test("messages are handled and an ask is answered with the type the message names", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("counter", counter);
  assert.equal(ref.tell({ type: "add", by: 2 }), "accepted");
  const count: number = await ref.ask((reply) => ({ type: "get", reply }));
  assert.equal(count, 2);
  ref.tell({ type: "fail" });
  ref.tell({ type: "add", by: 7 });
  await clock.settle();
  assert.equal(await ref.ask((reply) => ({ type: "get", reply })), 7);
  assert.equal(system.tree().children[0]?.restarts, 1);
  await system.stop();
  assert.equal(clock.pending, 0);
  assert.equal(ref.tell({ type: "fail" }), "stopped");
});
