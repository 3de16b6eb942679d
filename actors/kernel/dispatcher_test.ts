import assert from "node:assert/strict";
import { ActorSystem, type Behavior, VirtualClock } from "./mod.ts";

Deno.test("an actor with much to do does not keep the others waiting until it is done", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, mailboxCapacity: 10_000 });
  const handled: string[] = [];
  const noting: Behavior<string, null> = {
    init: () => null,
    receive: (state, message) => (handled.push(message), state),
  };
  const busy = system.spawn("busy", noting);
  const quick = system.spawn("quick", noting);
  for (let message = 0; message < 10_000; message++) busy.tell("busy");
  quick.tell("quick");
  await clock.settle();
  assert.equal(handled.length, 10_001);
  const turn = handled.indexOf("quick");
  assert.ok(turn > 0 && turn < 1_000, `quick had its turn after ${turn} messages`);
});

Deno.test("a settled virtual clock means that all is handled, however slow the machine is", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, mailboxCapacity: 20_000 });
  let handled = 0;
  const slow = system.spawn<"work", null>("slow", {
    init: () => null,
    receive(state) {
      const begun = performance.now();
      while (performance.now() - begun < 0.01);
      handled++;
      return state;
    },
  });
  for (let message = 0; message < 20_000; message++) slow.tell("work");
  await clock.settle();
  assert.equal(handled, 20_000);
});

Deno.test("actors that never run out of messages let the rest of the process have its turn", async () => {
  await using system = new ActorSystem();
  let going = true;
  const endless: Behavior<"go", null> = {
    init: () => null,
    receive(state, message, ctx) {
      if (going) ctx.self.tell(message);
      return state;
    },
  };
  system.spawn("endless", endless).tell("go");
  // Were the event loop starved, this timer would never fire and the test never end.
  await new Promise<void>((resolve) => setTimeout(resolve, 1));
  going = false;
});
