import assert from "node:assert/strict";
import { ActorSystem, type Behavior, InvalidOptionError, VirtualClock } from "./mod.ts";

const idle: Behavior<string, null> = { init: () => null, receive: (state) => state };

Deno.test("the tree shows path, state, mailbox depth, restarts, age and children", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, name: "lab" });
  const gate = Promise.withResolvers<void>();
  await clock.advance(100);
  const cluster = system.spawn<"fail" | "wait", null>("cluster:dev", {
    init(ctx) {
      ctx.spawn("poller", idle);
      return null;
    },
    async receive(state, message) {
      if (message === "fail") throw new Error("fail");
      await gate.promise;
      return state;
    },
  });
  cluster.tell("fail");
  await clock.advance(25);
  for (let message = 0; message < 3; message++) cluster.tell("wait");
  await clock.advance(5);
  assert.deepEqual(system.tree(), {
    name: "lab",
    path: "/lab",
    state: "running",
    mailbox: 0,
    restarts: 0,
    ageMs: 130,
    children: [{
      name: "cluster:dev",
      path: "/lab/cluster:dev",
      state: "running",
      mailbox: 2,
      restarts: 1,
      ageMs: 30,
      children: [{
        name: "poller",
        path: "/lab/cluster:dev/poller",
        state: "running",
        mailbox: 0,
        restarts: 0,
        ageMs: 30,
        children: [],
      }],
    }],
  });
  gate.resolve();
});

Deno.test("await using stops the whole tree and leaves no timer behind", async () => {
  const clock = new VirtualClock();
  let released = 0;
  let system: ActorSystem;
  {
    await using scoped = new ActorSystem({ clock });
    system = scoped;
    for (const name of ["a", "b"]) {
      scoped.spawn<string, null>(name, {
        init: (ctx) => (ctx.every(10, "tick"), ctx.after(1_000, "late"), null),
        receive: (state) => state,
        stopped: () => void released++,
      });
    }
    await clock.advance(20);
    assert.equal(clock.pending, 4);
  }
  assert.equal(released, 2);
  assert.equal(clock.pending, 0);
  assert.deepEqual(await system.terminated, { type: "requested" });
  await system.stop();
});

Deno.test("the system's own deadline bounds the stop of the whole tree", async () => {
  const clock = new VirtualClock();
  const system = new ActorSystem({ clock, stopDeadlineMs: 300 });
  system.spawn<string, null>("a", {
    init: () => new Promise(() => {}),
    receive: (state) => state,
  }, { stopDeadlineMs: Infinity });
  await clock.settle();
  const stopped = system.stop().then(() => clock.now());
  await clock.advance(1_000);
  assert.equal(await stopped, 300);
});

Deno.test("dead letters are bounded, and counted beyond the bound", async () => {
  await using system = new ActorSystem({ clock: new VirtualClock(), deadLetterCapacity: 2 });
  const ref = system.spawn("a", idle);
  assert.equal(`${ref}`, "/root/a");
  await ref.stop();
  for (const message of ["1", "2", "3"]) ref.tell(message);
  assert.deepEqual(system.deadLetters().map((letter) => letter.message), ["2", "3"]);
  assert.equal(system.deadLetterCount, 3);
  for (const deadLetterCapacity of [-1, 0.5, NaN]) {
    assert.throws(() => new ActorSystem({ deadLetterCapacity }), InvalidOptionError);
  }
});

Deno.test("an onFault that throws does not keep the system from stopping", async () => {
  const written: unknown[][] = [];
  const original = console.error;
  console.error = (...words: unknown[]) => void written.push(words);
  try {
    const system = new ActorSystem({
      clock: new VirtualClock(),
      supervision: { decide: () => "escalate" },
      onFault: () => {
        throw new Error("in onFault");
      },
    });
    system.spawn<string, null>("a", {
      init() {
        throw new Error("in init");
      },
      receive: (state) => state,
    });
    assert.equal((await system.terminated).type, "failed");
    assert.equal(written.length, 2);
  } finally {
    console.error = original;
  }
});
