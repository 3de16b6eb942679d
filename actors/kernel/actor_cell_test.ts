import assert from "node:assert/strict";
import {
  ActorStoppedError,
  ActorSystem,
  type Behavior,
  InvalidMessageError,
  InvalidNameError,
  InvalidOptionError,
  type LifecycleEvent,
  NameTakenError,
  VirtualClock,
} from "./mod.ts";

/** Handles numbers by `handle`, and keeps a list of what happened to it. */
function recorder(
  log: string[],
  handle: (message: number) => void | Promise<void> = () => {},
): Behavior<number, number> {
  return {
    init: () => {
      log.push("init");
      return 0;
    },
    receive(count, message) {
      log.push(`${message}`);
      const work = handle(message);
      return work instanceof Promise
        ? work.then(() => {
          log.push(`${message} done`);
          return count + 1;
        })
        : count + 1;
    },
    stopped: (count, _ctx, reason) => void log.push(`stopped with ${count}: ${reason.type}`),
  };
}

function sleep(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

Deno.test("one message at a time, in order, also when handling is async", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const ref = system.spawn(
    "a",
    recorder(log, (message) => message % 2 === 0 ? sleep(clock, 10) : undefined),
  );
  for (const message of [1, 2, 3, 4, 5]) ref.tell(message);
  await clock.advance(100);
  assert.deepEqual(log, ["init", "1", "2", "2 done", "3", "4", "4 done", "5"]);
});

Deno.test("messages wait for an async init", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const seen: number[] = [];
  const ref = system.spawn<number, string>("a", {
    init: () => sleep(clock, 10).then(() => "ready"),
    receive: (state, message) => {
      assert.equal(state, "ready");
      seen.push(message, clock.now());
      return state;
    },
  });
  ref.tell(1);
  await clock.advance(9);
  assert.deepEqual(seen, []);
  assert.equal(system.tree().children[0]?.state, "starting");
  await clock.advance(1);
  assert.deepEqual(seen, [1, 10]);
});

Deno.test("a full mailbox refuses and says so, and has room again later", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, mailboxCapacity: 2 });
  const log: string[] = [];
  const ref = system.spawn("a", recorder(log));
  assert.deepEqual([1, 2, 3].map((message) => ref.tell(message)), ["accepted", "accepted", "full"]);
  await clock.settle();
  assert.equal(ref.tell(4), "accepted");
  await clock.settle();
  assert.deepEqual(log, ["init", "1", "2", "4"]);
  assert.deepEqual(system.deadLetters().map((letter) => [letter.message, letter.reason]), [
    [3, "mailbox-full"],
  ]);
});

Deno.test("undefined, a bad name and a bad capacity are refused with typed errors", async () => {
  await using system = new ActorSystem({ clock: new VirtualClock() });
  const nothing: Behavior<number | undefined, null> = { init: () => null, receive: () => null };
  const ref = system.spawn("a", nothing);
  assert.throws(() => ref.tell(undefined), InvalidMessageError);
  for (const name of ["", "a/b", "a\nb"]) {
    assert.throws(() => system.spawn(name, nothing), InvalidNameError);
  }
  assert.throws(() => system.spawn("a", nothing), NameTakenError);
  for (const capacity of [0, -1, NaN]) {
    assert.throws(
      () => system.spawn("b", nothing, { mailbox: { capacity } }),
      InvalidOptionError,
    );
  }
});

Deno.test("a stop overtakes what is queued, which becomes dead letters", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const ref = system.spawn("a", recorder(log, () => sleep(clock, 10)));
  for (const message of [1, 2, 3]) ref.tell(message);
  await clock.settle();
  const stopped = ref.stop();
  assert.equal(ref.tell(4), "stopped");
  await clock.advance(10);
  await stopped;
  assert.deepEqual(log, ["init", "1", "1 done", "stopped with 1: requested"]);
  assert.deepEqual(system.deadLetters().map((letter) => [letter.message, letter.reason]), [
    [2, "unprocessed"],
    [3, "unprocessed"],
    [4, "stopped"],
  ]);
});

Deno.test("an actor stopped before its first turn is neither initialised nor released", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const ref = system.spawn("a", recorder(log));
  await ref.stop();
  await clock.settle();
  assert.deepEqual(log, []);
});

Deno.test("a hung handler holds up the stop only until the deadline, and its result is discarded", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const events: LifecycleEvent[] = [];
  system.events.subscribe((event) => events.push(event));
  const hung = Promise.withResolvers<number>();
  let aborted = false;
  const released: (number | undefined)[] = [];
  const ref = system.spawn<string, number>("a", {
    init: () => 7,
    receive(_state, _message, ctx) {
      ctx.signal.addEventListener("abort", () => aborted = true);
      return hung.promise;
    },
    stopped: (state) => void released.push(state),
  });
  ref.tell("hang");
  await clock.settle();
  const stopped = ref.stop({ deadlineMs: 30 });
  await clock.advance(29);
  assert.equal(aborted, false, "the message in hand has until the deadline");
  assert.equal(system.tree().children[0]?.state, "stopping");
  await clock.advance(1);
  await stopped;
  assert.equal(aborted, true);
  assert.deepEqual(released, [7], "the state of the moment");
  hung.reject(new Error("too late"));
  await clock.settle();
  assert.deepEqual(events.map((event) => event.type), [
    "started",
    "stopping",
    "abandoned",
    "dead-letter",
    "stopped",
    "late-failure",
  ]);
  assert.deepEqual(system.deadLetters().map((letter) => letter.reason), ["interrupted"]);
});

Deno.test("a hung stopped hook holds up the stop only until the deadline", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    receive: (state) => state,
    stopped: () => new Promise(() => {}),
  }, { stopDeadlineMs: 20 });
  await clock.settle();
  const stopped = ref.stop();
  let done = false;
  stopped.then(() => done = true);
  await clock.advance(19);
  assert.equal(done, false);
  await clock.advance(1);
  await stopped;
  assert.equal(clock.pending, 0);
});

Deno.test("a later stop can shorten the deadline of an earlier one, not lengthen it", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    receive: () => new Promise(() => {}),
  });
  ref.tell("hang");
  await clock.settle();
  const ended: number[] = [];
  ref.stop({ deadlineMs: 1_000 }).then(() => ended.push(clock.now()));
  ref.stop({ deadlineMs: 100 }).then(() => ended.push(clock.now()));
  ref.stop({ deadlineMs: 5_000 }).then(() => ended.push(clock.now()));
  await clock.advance(2_000);
  assert.deepEqual(ended, [100, 100, 100]);
  await ref.stop();
});

Deno.test("children stop before their parents, the last started first", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const node = (depth: number): Behavior<string, null> => ({
    init(ctx) {
      if (depth > 0) { for (const name of ["x", "y"]) ctx.spawn(name, node(depth - 1)); }
      return null;
    },
    receive: (state) => state,
    stopped: async (_state, ctx) => {
      await sleep(clock, 1);
      log.push(ctx.path.slice("/root/".length));
    },
  });
  const top = system.spawn("top", node(2));
  await clock.settle();
  const stopped = top.stop();
  await clock.advance(10);
  await stopped;
  assert.deepEqual(log, ["top/y/y", "top/y/x", "top/y", "top/x/y", "top/x/x", "top/x", "top"]);
});

Deno.test("a forced stop reaches everything below, still children first", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const hanging: Behavior<string, null> = {
    init: () => null,
    receive: () => new Promise(() => {}),
    stopped: (_state, ctx) => void log.push(ctx.path),
  };
  const top = system.spawn<string, null>("top", {
    init(ctx) {
      for (const name of ["x", "y"]) {
        ctx.spawn(name, hanging, { stopDeadlineMs: Infinity }).tell("hang");
      }
      return null;
    },
    receive: (state) => state,
    stopped: (_state, ctx) => void log.push(ctx.path),
  });
  await clock.settle();
  const stopped = top.stop({ deadlineMs: 50 });
  await clock.advance(50);
  await stopped;
  assert.deepEqual(log, ["/root/top/y", "/root/top/x", "/root/top"]);
});

Deno.test("a deadline of zero forces at once, also from within a handler", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  let stopped: Promise<void> | undefined;
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    receive(_state, _message, ctx) {
      stopped = ctx.self.stop({ deadlineMs: 0 });
      return new Promise(() => {});
    },
  });
  ref.tell("go");
  await clock.settle();
  assert.notEqual(stopped, undefined);
  await stopped;
  assert.equal(clock.now(), 0);
  assert.deepEqual(system.tree().children, []);
});

Deno.test("ctx.stop ends a transient actor after the message in hand", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    async receive(state, message, ctx) {
      ctx.stop();
      await sleep(clock, 5);
      log.push(message);
      return state;
    },
    stopped: (_state, _ctx, reason) => void log.push(reason.type),
  }, { restart: "transient" });
  ref.tell("first");
  ref.tell("second");
  await clock.advance(5);
  assert.deepEqual(log, ["first", "finished"]);
  assert.equal(ref.tell("third"), "stopped");
});

Deno.test("a name is free again once its holder has stopped", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const first = system.spawn("a", recorder(log));
  await clock.settle();
  const stopped = first.stop();
  assert.throws(() => system.spawn("a", recorder(log)), NameTakenError);
  await stopped;
  const second = system.spawn("a", recorder(log));
  assert.equal(first.tell(1), "stopped");
  assert.equal(second.tell(2), "accepted");
  await clock.settle();
  assert.deepEqual(log, ["init", "stopped with 0: requested", "init", "2"]);
});

Deno.test("stopping twice, or a stopped actor, resolves", async () => {
  await using system = new ActorSystem({ clock: new VirtualClock() });
  const ref = system.spawn("a", recorder([]));
  await Promise.all([ref.stop(), ref.stop()]);
  await ref.stop();
});

Deno.test("a failing stopped hook is reported and holds up nothing", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const failures: unknown[] = [];
  system.events.subscribe((event) => {
    if (event.type === "failed") failures.push([event.during, event.error]);
  });
  const error = new Error("cannot close");
  const stopped = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ];
  for (const [index, hook] of stopped.entries()) {
    const ref = system.spawn<string, null>(`a${index}`, {
      init: () => null,
      receive: (state) => state,
      stopped: hook,
    });
    await clock.settle();
    await ref.stop();
  }
  await clock.settle();
  assert.deepEqual(failures, [["stopped", error], ["stopped", error]]);
});

Deno.test("the context of an ended incarnation makes nothing any more", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const refused: unknown[] = [];
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    receive: (state) => state,
    stopped(_state, ctx) {
      const attempts = [
        () => ctx.spawn("b", recorder([])),
        () => ctx.after(1, "x"),
        () => ctx.every(1, "x"),
        () => ctx.watch(ctx.self),
      ];
      for (const attempt of attempts) {
        try {
          attempt();
        } catch (error) {
          refused.push(error);
        }
      }
      ctx.stop();
      assert.equal(ctx.signal.aborted, true);
    },
  });
  await clock.settle();
  await ref.stop();
  assert.equal(refused.length, 4);
  assert.ok(refused.every((error) => error instanceof ActorStoppedError));
});
