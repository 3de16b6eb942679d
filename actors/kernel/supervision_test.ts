import assert from "node:assert/strict";
import {
  type ActorRef,
  ActorSystem,
  type Behavior,
  RestartLimitError,
  type RestartStrategy,
  type Signal,
  type SpawnOptions,
  type SupervisionOptions,
  VirtualClock,
} from "./mod.ts";

type Order = "note" | "fail" | "finish" | { error: Error };

/** Notes its starts, messages and ends under its own name. */
function worker(log: string[]): Behavior<Order, number> {
  return {
    init: (ctx) => (log.push(`${nameOf(ctx.path)} starts`), 0),
    receive(count, order, ctx) {
      if (order === "fail") throw new Error("ordered to fail");
      if (order === "finish") ctx.stop();
      else if (typeof order === "object") throw order.error;
      log.push(`${nameOf(ctx.path)} ${count + 1}`);
      return count + 1;
    },
    stopped: (_count, ctx, reason) => void log.push(`${nameOf(ctx.path)} ${reason.type}`),
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

interface Family {
  readonly clock: VirtualClock;
  readonly system: ActorSystem;
  readonly log: string[];
  readonly parent: ActorRef<never>;
  readonly signals: Signal[];
  /** The children by name. */
  of(name: string): ActorRef<Order>;
  /** Orders it, lets it come to rest, and gives what was logged since. */
  order(name: string, order: Order): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A parent named `parent` with the children `a`, `b` and `c`. */
async function family(
  supervision: SupervisionOptions,
  options: Record<string, SpawnOptions> = {},
): Promise<Family> {
  const clock = new VirtualClock();
  const system = new ActorSystem({ clock, onFault: () => {} });
  const log: string[] = [];
  const signals: Signal[] = [];
  const refs = new Map<string, ActorRef<Order>>();
  const parent = system.spawn<never, null>("parent", {
    init(ctx) {
      log.push("parent starts");
      for (const name of ["a", "b", "c"]) {
        refs.set(name, ctx.spawn(name, worker(log), options[name]));
      }
      return null;
    },
    receive: (state) => state,
    signal: (state, signal) => (signals.push(signal), state),
    stopped: (_state, _ctx, reason) => void log.push(`parent ${reason.type}`),
  }, { supervision });
  await clock.settle();
  log.length = 0;
  const of = (name: string) => {
    const ref = refs.get(name);
    assert.ok(ref);
    return ref;
  };
  return {
    clock,
    system,
    log,
    parent,
    signals,
    of,
    async order(name, order) {
      of(name).tell(order);
      await clock.settle();
      return log.splice(0);
    },
    [Symbol.asyncDispose]: () => system.stop(),
  };
}

const STRATEGIES: Record<RestartStrategy, string[]> = {
  "one-for-one": ["b restarting", "b starts"],
  "all-for-one": [
    "c restarting",
    "b restarting",
    "a restarting",
    "a starts",
    "b starts",
    "c starts",
  ],
  "rest-for-one": ["c restarting", "b restarting", "b starts", "c starts"],
};

for (const strategy of ["one-for-one", "all-for-one", "rest-for-one"] as const) {
  Deno.test(`${strategy} restarts whom it should, ended in reverse and started in order`, async () => {
    await using children = await family({ strategy });
    assert.deepEqual(await children.order("b", "fail"), STRATEGIES[strategy]);
    assert.deepEqual(await children.order("c", "note"), ["c 1"]);
  });

  Deno.test(`${strategy} waits for an async end before the next one ends`, async () => {
    const clock = new VirtualClock();
    await using system = new ActorSystem({ clock, supervision: { strategy } });
    const log: string[] = [];
    const slow: Behavior<Order, number> = {
      ...worker(log),
      async stopped(_state, ctx) {
        log.push(`${nameOf(ctx.path)} ending`);
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, 10));
        log.push(`${nameOf(ctx.path)} ended`);
      },
    };
    const first = system.spawn("a", slow);
    system.spawn("b", slow);
    await clock.settle();
    log.length = 0;
    first.tell("fail");
    await clock.advance(20);
    const both = ["b ending", "b ended", "a ending", "a ended", "a starts", "b starts"];
    const one = ["a ending", "a ended", "a starts"];
    assert.deepEqual(log, strategy === "one-for-one" ? one : both);
    const stopped = system.stop();
    await clock.advance(20);
    await stopped;
  });
}

Deno.test("a restart keeps the mailbox, but not the message that failed nor the state", async () => {
  await using children = await family({});
  for (const order of ["note", "fail", "note", "note"] as const) children.of("a").tell(order);
  await children.clock.settle();
  assert.deepEqual(children.log, ["a 1", "a restarting", "a starts", "a 1", "a 2"]);
});

Deno.test("the parent's behaviour is told of the failure and of its message", async () => {
  await using children = await family({});
  const error = new Error("told");
  await children.order("a", { error });
  assert.deepEqual(children.signals, [{
    type: "child-failed",
    ref: children.of("a"),
    path: "/root/parent/a",
    error,
    message: { error },
  }]);
});

Deno.test("permanent is restarted always, transient after a failure, temporary never", async () => {
  await using children = await family({}, {
    a: { restart: "permanent" },
    b: { restart: "transient" },
    c: { restart: "temporary" },
  });
  assert.deepEqual(await children.order("a", "finish"), ["a 1", "a restarting", "a starts"]);
  assert.deepEqual(await children.order("a", "fail"), ["a restarting", "a starts"]);
  assert.deepEqual(await children.order("b", "fail"), ["b restarting", "b starts"]);
  assert.deepEqual(await children.order("b", "finish"), ["b 1", "b finished"]);
  assert.deepEqual(await children.order("c", "fail"), ["c failed"]);
  assert.deepEqual(children.system.tree().children[0]?.children.map((child) => child.name), ["a"]);
});

Deno.test("no restart type survives a stop from outside", async () => {
  await using children = await family({}, { a: { restart: "permanent" } });
  await children.of("a").stop();
  await children.clock.advance(100);
  assert.deepEqual(children.log, ["a requested"]);
});

Deno.test("a temporary child's failure leaves its siblings alone, a sibling's ends it", async () => {
  const strategy = "all-for-one";
  await using alone = await family({ strategy }, { b: { restart: "temporary" } });
  assert.deepEqual(await alone.order("b", "fail"), ["b failed"]);
  await using together = await family({ strategy }, { b: { restart: "temporary" } });
  assert.deepEqual(await together.order("c", "fail"), [
    "c restarting",
    "b requested",
    "a restarting",
    "a starts",
    "c starts",
  ]);
});

Deno.test("decide stops, restarts or escalates by the error", async () => {
  const hopeless = new Error("bad credentials");
  const foreign = new Error("not mine");
  await using children = await family({
    decide: (error) => error === hopeless ? "stop" : error === foreign ? "escalate" : "restart",
  });
  const watched: unknown[] = [];
  children.of("a").watch((terminated) => watched.push(terminated.reason));
  assert.deepEqual(await children.order("a", { error: hopeless }), ["a failed"]);
  assert.deepEqual(watched, [{ type: "failed", error: hopeless }]);
  assert.deepEqual(await children.order("b", "fail"), ["b restarting", "b starts"]);
  assert.deepEqual(await children.order("c", { error: foreign }), [
    "c requested",
    "b requested",
    "parent restarting",
    "parent starts",
    "a starts",
    "b starts",
    "c starts",
  ]);
});

Deno.test("a decide that throws fails the parent with what it threw", async () => {
  const thrown = new Error("undecided");
  await using children = await family({
    decide: () => {
      throw thrown;
    },
  });
  const failures: unknown[] = [];
  children.system.events.subscribe((event) => {
    if (event.type === "failed") failures.push([event.path, event.during, event.error]);
  });
  await children.order("a", "fail");
  assert.deepEqual(failures.slice(1), [["/root/parent", "supervise", thrown]]);
});

Deno.test("one restart too many within the period fails the parent, which starts afresh", async () => {
  await using children = await family({ restarts: 2, withinMs: 1_000 });
  const causes: unknown[] = [];
  children.system.events.subscribe((event) => {
    if (event.type === "failed" && event.during === "supervise") causes.push(event.error);
  });
  await children.order("a", "fail");
  await children.order("b", "fail");
  const log = await children.order("a", "fail");
  assert.ok(log.includes("parent restarting"), log.join());
  const [error] = causes;
  assert.ok(error instanceof RestartLimitError);
  assert.equal(error.path, "/root/parent/a");
  assert.ok(error.cause instanceof Error && error.cause.message === "ordered to fail");
  assert.deepEqual(await children.order("a", "fail"), ["a restarting", "a starts"], "counted anew");
});

Deno.test("restarts that are spread over more than the period never fail the parent", async () => {
  await using children = await family({ restarts: 1, withinMs: 1_000 });
  for (let failure = 0; failure < 10; failure++) {
    assert.deepEqual(await children.order("a", "fail"), ["a restarting", "a starts"]);
    await children.clock.advance(1_000);
  }
});

Deno.test("a failure that nobody above can deal with stops the system and is reported", async () => {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  await using system = new ActorSystem({
    clock,
    supervision: { restarts: 0 },
    onFault: (fault) => faults.push(fault),
  });
  const log: string[] = [];
  system.spawn("other", worker(log));
  system.spawn("a", worker(log)).tell("fail");
  const reason = await system.terminated;
  assert.equal(reason.type, "failed");
  assert.ok(reason.type === "failed" && reason.error instanceof RestartLimitError);
  assert.deepEqual(faults, [{ type: "root-failed", error: reason.error }]);
  assert.deepEqual(log.slice(2), ["a requested", "other requested"]);
  assert.throws(() => system.spawn("late", worker(log)), { code: "actor_stopped" });
});

Deno.test("a failing init is restarted, its hook sees no state, and messages wait", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: unknown[] = [];
  let attempts = 0;
  const ref = system.spawn<string, string>("a", {
    async init() {
      await Promise.resolve();
      if (++attempts < 3) throw new Error("not yet");
      return "ready";
    },
    receive: (state, message) => (log.push(message), state),
    stopped: (state) => void log.push(state),
  });
  ref.tell("hello");
  await clock.settle();
  assert.deepEqual(log, [undefined, undefined, "hello"]);
});

Deno.test("a failing signal handler, sync or async, fails the actor", async () => {
  const thrown = new Error("in signal");
  for (const fail of [() => Promise.reject(thrown), () => raise(thrown)]) {
    const clock = new VirtualClock();
    await using system = new ActorSystem({ clock });
    const failures: unknown[] = [];
    system.events.subscribe((event) => {
      if (event.type === "failed") failures.push([event.path, event.during, event.error]);
    });
    system.spawn<never, null>("parent", {
      init(ctx) {
        ctx.spawn("a", worker([]), { restart: "transient" }).tell("finish");
        ctx.children.forEach((child) => ctx.watch(child));
        return null;
      },
      receive: (state) => state,
      signal: fail,
    }, { restart: "temporary" });
    await clock.settle();
    assert.deepEqual(failures, [["/root/parent", "signal", thrown]]);
  }
});

function raise(error: Error): never {
  throw error;
}

Deno.test("the wait before a restart grows, keeps the mailbox open and can be stopped", async () => {
  await using children = await family({ restarts: Infinity }, {
    a: { backoff: { minMs: 100, maxMs: 1_000, factor: 2, jitter: 0 } },
  });
  const stateOf = () => children.system.tree().children[0]?.children[0]?.state;
  assert.deepEqual(await children.order("a", "fail"), ["a restarting"]);
  assert.equal(stateOf(), "backing-off");
  assert.equal(children.of("a").tell("note"), "accepted");
  await children.clock.advance(99);
  assert.deepEqual(children.log, []);
  await children.clock.advance(1);
  assert.deepEqual(children.log.splice(0), ["a starts", "a 1"]);
  assert.deepEqual(await children.order("a", "fail"), ["a restarting"]);
  await children.clock.advance(199);
  assert.deepEqual(children.log, []);
  await children.clock.advance(1);
  assert.deepEqual(children.log.splice(0), ["a starts"]);
  await children.clock.advance(1_000);
  assert.deepEqual(await children.order("a", "fail"), ["a restarting"]);
  await children.clock.advance(100);
  assert.deepEqual(children.log.splice(0), ["a starts"], "the waits begin anew");
  assert.deepEqual(await children.order("a", "fail"), ["a restarting"]);
  await children.of("a").stop();
  assert.equal(children.clock.pending, 0, "no timer is left of the restart");
});

Deno.test("a group waits as its failed member does, and those who stop meanwhile stay away", async () => {
  await using children = await family({ strategy: "all-for-one" }, {
    b: { backoff: { minMs: 100, jitter: 0 } },
  });
  await children.order("b", "fail");
  await children.of("c").stop();
  await children.clock.advance(100);
  assert.deepEqual(children.log, ["a starts", "b starts"]);
});

Deno.test("a parent that stops in the middle of its children's restart leaves nothing behind", async () => {
  await using children = await family({ strategy: "all-for-one" }, {
    b: { backoff: { minMs: 100, jitter: 0 } },
  });
  await children.order("b", "fail");
  await children.parent.stop();
  assert.deepEqual(children.log, ["parent requested"]);
  assert.equal(children.clock.pending, 0);
  await children.clock.advance(1_000);
  assert.deepEqual(children.log, ["parent requested"]);
});

Deno.test("a second failure in a group that already ends is reported, not counted as another", async () => {
  const clock = new VirtualClock();
  const supervision = { strategy: "all-for-one", restarts: 1 } as const;
  await using system = new ActorSystem({ clock, supervision });
  const log: string[] = [];
  const slow: Behavior<Order, number> = {
    ...worker(log),
    stopped: () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 10)),
  };
  const a = system.spawn("a", worker(log));
  const b = system.spawn("b", worker(log));
  system.spawn("c", slow);
  await clock.settle();
  log.length = 0;
  a.tell("fail");
  await clock.settle();
  b.tell("fail");
  b.tell("note");
  await clock.advance(20);
  assert.deepEqual(log, [
    "b restarting",
    "a restarting",
    "a starts",
    "b starts",
    "b 1",
    "c starts",
  ]);
  const stopped = system.stop();
  await clock.advance(20);
  await stopped;
});

Deno.test("a parent that stops while its child ends before a backoff leaves no timer behind", async () => {
  const clock = new VirtualClock();
  const system = new ActorSystem({ clock });
  const child = system.spawn<Order, number>("a", {
    ...worker([]),
    stopped: () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 10)),
  }, { backoff: { minMs: 1_000 } });
  child.tell("fail");
  await clock.advance(5);
  const stopped = system.stop();
  await clock.advance(5);
  await stopped;
  assert.equal(clock.pending, 0);
});

Deno.test("an actor that is stopped while it starts has never started", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const events: string[] = [];
  system.events.subscribe((event) => events.push(event.type));
  const states: (string | undefined)[] = [];
  const ref = system.spawn<Order, string>("a", {
    init: async () => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 10));
      return "ready";
    },
    receive: (state) => state,
    stopped: (state) => void states.push(state),
  });
  await clock.advance(5);
  const stopped = ref.stop();
  await clock.advance(5);
  await stopped;
  await clock.settle();
  assert.deepEqual(events, ["stopping", "stopped"]);
  assert.deepEqual(states, ["ready"], "its init had until the deadline to finish");
});

Deno.test("a newer restart of a group takes over those who still wait for an older one", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, supervision: { strategy: "all-for-one" } });
  const log: string[] = [];
  system.spawn("a", worker(log));
  const b = system.spawn("b", worker(log), { backoff: { minMs: 100, jitter: 0 } });
  b.tell("fail");
  await clock.advance(50);
  const c = system.spawn("c", worker(log), { backoff: { minMs: 200, jitter: 0 } });
  c.tell("fail");
  await clock.settle();
  log.length = 0;
  await clock.advance(199);
  assert.deepEqual(log, [], "the older restart's timer is gone");
  await clock.advance(1);
  assert.deepEqual(log, ["a starts", "b starts", "c starts"]);
});

Deno.test("a child that fails while its parent ends is not restarted", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const gate = Promise.withResolvers<null>();
  const children: ActorRef<Order>[] = [];
  const parent = system.spawn<string, null>("parent", {
    init: (ctx) => (children.push(ctx.spawn("a", worker(log))), null),
    receive: () => gate.promise,
  });
  parent.tell("in hand");
  await clock.settle();
  const stopped = parent.stop();
  children[0]?.tell("fail");
  await clock.settle();
  assert.deepEqual(log, ["a starts", "a failed"]);
  gate.resolve(null);
  await stopped;
});

Deno.test("a parent that stops while a group of its children ends stops them itself", async () => {
  const clock = new VirtualClock();
  const supervision = { strategy: "all-for-one" } as const;
  const system = new ActorSystem({ clock, supervision });
  const log: string[] = [];
  const slow: Behavior<Order, number> = {
    ...worker(log),
    async stopped(_state, ctx, reason) {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 10));
      log.push(`${nameOf(ctx.path)} ${reason.type}`);
    },
  };
  const refs = ["a", "b", "c"].map((name) => system.spawn(name, slow));
  await clock.settle();
  log.length = 0;
  refs[0]?.tell("fail");
  await clock.advance(5);
  const stopped = system.stop();
  await clock.advance(100);
  await stopped;
  assert.deepEqual(log, ["c restarting", "b requested", "a requested"]);
});

Deno.test("what a restart gave up can neither change the next state nor end the next message", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, supervision: { strategy: "all-for-one" } });
  const calls: PromiseWithResolvers<string>[] = [];
  const states: string[] = [];
  const hanging = system.spawn<string, string>("hanging", {
    init: () => "fresh",
    receive(state) {
      states.push(state);
      const call = Promise.withResolvers<string>();
      calls.push(call);
      return call.promise;
    },
  }, { stopDeadlineMs: 10 });
  hanging.tell("first");
  hanging.tell("second");
  hanging.tell("third");
  system.spawn("failing", worker([])).tell("fail");
  await clock.advance(10);
  assert.equal(calls.length, 2);
  calls[0]?.resolve("stale");
  await clock.settle();
  assert.equal(calls.length, 2, "the second message is still in hand");
  calls[1]?.resolve("next");
  await clock.settle();
  assert.deepEqual(states, ["fresh", "fresh", "next"]);
  calls[2]?.resolve("done");
});

Deno.test("a message in hand holds up the restart of a sibling only until its stop deadline", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock, supervision: { strategy: "all-for-one" } });
  const log: string[] = [];
  const hanging: Behavior<string, null> = {
    init: (ctx) => (log.push(`${nameOf(ctx.path)} starts`), null),
    receive: () => new Promise(() => {}),
  };
  const hung = system.spawn("hung", hanging, { stopDeadlineMs: 40 });
  hung.tell("in hand");
  const asked = hung.ask<void>(() => "queued", { timeoutMs: Infinity });
  asked.catch(() => {});
  const failing = system.spawn("failing", worker(log));
  await clock.settle();
  log.length = 0;
  failing.tell("fail");
  await clock.advance(39);
  assert.deepEqual(log, ["failing restarting"]);
  await clock.advance(1);
  assert.deepEqual(log, ["failing restarting", "hung starts", "failing starts"]);
  assert.deepEqual(system.deadLetters().map((letter) => [letter.message, letter.reason]), [
    ["in hand", "interrupted"],
  ]);
  const stopped = system.stop({ deadlineMs: 1 });
  await clock.advance(1);
  await stopped;
});

Deno.test("a stop during a restart makes it a stop for good", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const ref = system.spawn<string, null>("a", {
    init: () => (log.push("starts"), null),
    receive() {
      throw new Error("fail");
    },
    stopped: async (_state, _ctx, reason) => {
      await gate.promise;
      log.push(reason.type);
    },
  });
  ref.tell("fail");
  await clock.settle();
  const stopped = ref.stop();
  gate.resolve();
  await stopped;
  await clock.advance(100);
  assert.deepEqual(log, ["starts", "restarting"]);
  assert.deepEqual(system.tree().children, []);
});
