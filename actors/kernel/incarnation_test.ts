import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorRef,
  ActorSystem,
  type Behavior,
  InvalidMessageError,
  InvalidOptionError,
  NotAChildError,
  type Signal,
  VirtualClock,
} from "./mod.ts";

const idle: Behavior<string, null> = { init: () => null, receive: (state) => state };

/** An actor that notes texts, and fails on "fail". */
function noting(
  notes: string[],
  clock: VirtualClock,
  init: (ctx: ActorContext<string>) => void,
): Behavior<string, null> {
  return {
    init: (ctx) => (init(ctx), null),
    receive(state, message) {
      if (message === "fail") throw new Error(message);
      notes.push(`${message}@${clock.now()}`);
      return state;
    },
  };
}

Deno.test("after sends once and every sends again and again, until cancelled", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const notes: string[] = [];
  system.spawn(
    "a",
    noting(notes, clock, (ctx) => {
      ctx.after(10, "once");
      ctx.after(10, "never").cancel();
      const ticking = ctx.every(4, "tick");
      clock.setTimeout(() => ticking.cancel(), 13);
    }),
  );
  await clock.advance(100);
  assert.deepEqual(notes, ["tick@4", "tick@8", "once@10", "tick@12"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a restart cancels the timers of the incarnation that failed", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const notes: string[] = [];
  const ref = system.spawn(
    "a",
    noting(notes, clock, (ctx) => {
      ctx.after(10, "once");
      ctx.every(7, "tick");
    }),
  );
  await clock.advance(5);
  ref.tell("fail");
  await clock.advance(10);
  assert.deepEqual(notes, ["tick@12", "once@15"]);
  await ref.stop();
  assert.equal(clock.pending, 0);
});

Deno.test("a one-time timer is heard by an actor whose mailbox is full, a tick is not", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const ref = system.spawn<string, null>("a", {
    init(ctx) {
      ctx.after(5, "once");
      ctx.every(6, "tick");
      return null;
    },
    async receive(state, message) {
      await gate.promise;
      seen.push(message);
      return state;
    },
  }, { mailbox: { capacity: 1 } });
  ref.tell("in hand");
  await clock.settle();
  ref.tell("queued");
  await clock.advance(6);
  gate.resolve();
  await clock.settle();
  assert.deepEqual(seen, ["in hand", "queued", "once"]);
  assert.deepEqual(system.deadLetters().map((letter) => [letter.message, letter.reason]), [
    ["tick", "mailbox-full"],
  ]);
});

Deno.test("times that make no sense are refused", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const errors: unknown[] = [];
  system.events.subscribe((event) => {
    if (event.type === "failed") errors.push(event.error);
  });
  for (const [delay, interval] of [[-1, 1], [NaN, 1], [1, 0], [1, -1]] as const) {
    const spawned = system.spawn<string, null>(`b${delay}${interval}`, {
      init(ctx) {
        ctx.after(delay, "x");
        ctx.every(interval, "x");
        return null;
      },
      receive: (state) => state,
    }, { restart: "temporary" });
    await clock.settle();
    assert.equal(spawned.tell("x"), "stopped");
  }
  assert.equal(errors.length, 4);
  assert.ok(errors.every((error) => error instanceof InvalidOptionError));
});

Deno.test("pipe brings the outcome of a promise back as a message, meanwhile others are handled", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const notes: string[] = [];
  const good = Promise.withResolvers<number>();
  const bad = Promise.withResolvers<number>();
  const ref = system.spawn(
    "a",
    noting(notes, clock, (ctx) => {
      for (const work of [good, bad]) {
        ctx.pipe(work.promise, (value) => `got ${value}`, (error) => `lost ${error}`);
      }
    }),
  );
  ref.tell("meanwhile");
  await clock.advance(1);
  good.resolve(1);
  bad.reject("it");
  await clock.settle();
  assert.deepEqual(notes, ["meanwhile@0", "got 1@1", "lost it@1"]);
});

Deno.test("what was piped by an incarnation that has ended becomes a dead letter", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const notes: string[] = [];
  const works: PromiseWithResolvers<number>[] = [];
  const ref = system.spawn(
    "a",
    noting(notes, clock, (ctx) => {
      const work = Promise.withResolvers<number>();
      works.push(work);
      ctx.pipe(work.promise, (value) => `got ${value}`, String);
    }),
  );
  await clock.settle();
  ref.tell("fail");
  await clock.settle();
  works.forEach((work, index) => work.resolve(index));
  await clock.settle();
  assert.deepEqual(notes, ["got 1@0"]);
  assert.deepEqual(system.deadLetters().map((letter) => [letter.message, letter.reason]), [
    ["got 0", "incarnation-ended"],
  ]);
});

Deno.test("undefined is refused as a message by timers, and fails an actor that pipes it", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const refused: unknown[] = [];
  system.events.subscribe((event) => {
    if (event.type === "failed") refused.push(event.error);
  });
  const mistakes: ((ctx: ActorContext<undefined>) => void)[] = [
    (ctx) => void ctx.after(1, undefined),
    (ctx) => void ctx.every(1, undefined),
    (ctx) => ctx.pipe(Promise.resolve(), () => undefined, () => undefined),
  ];
  for (const [index, mistake] of mistakes.entries()) {
    const behavior: Behavior<undefined, null> = {
      init: (ctx) => (mistake(ctx), null),
      receive: (state) => state,
    };
    system.spawn(`a${index}`, behavior, { restart: "temporary" });
  }
  await clock.advance(5);
  assert.equal(refused.length, 3);
  assert.ok(refused.every((error) => error instanceof InvalidMessageError));
});

Deno.test("a pipe whose mapping throws fails the actor", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const mapping = new Error("cannot map");
  const failures: unknown[] = [];
  system.events.subscribe((event) => {
    if (event.type === "failed") failures.push(event.error);
  });
  const ref = system.spawn<string, null>("a", {
    init: () => null,
    receive(state, _message, ctx) {
      ctx.pipe(Promise.resolve(), () => {
        throw mapping;
      }, String);
      return state;
    },
  });
  ref.tell("go");
  await clock.settle();
  assert.deepEqual(failures, [mapping]);
  assert.equal(system.tree().children[0]?.restarts, 1);
});

Deno.test("the signal is aborted at a restart, and the next incarnation has a fresh one", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const signals: AbortSignal[] = [];
  const ref = system.spawn("a", noting([], clock, (ctx) => signals.push(ctx.signal)));
  ref.tell("fail");
  await clock.settle();
  assert.deepEqual(signals.map((signal) => signal.aborted), [true, false]);
  await ref.stop();
  assert.deepEqual(signals.map((signal) => signal.aborted), [true, true]);
});

Deno.test("children are spawned during init, found by name and stopped by their parent", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const other = system.spawn("other", idle);
  const seen: unknown[] = [];
  let stopping: Promise<void> | undefined;
  let refused: Promise<void> | undefined;
  const parent = system.spawn<"stop it", ActorRef<string>>("cluster:dev", {
    init: (ctx) => (ctx.spawn("link", idle), ctx.spawn("poller", idle)),
    receive(poller, _message, ctx) {
      seen.push(ctx.children.map((child) => child.path), ctx.child("poller") === poller);
      stopping = ctx.stopChild(poller);
      refused = ctx.stopChild(other);
      refused.catch(() => {});
      return poller;
    },
  });
  parent.tell("stop it");
  await clock.settle();
  await stopping;
  assert.deepEqual(seen, [["/root/cluster:dev/link", "/root/cluster:dev/poller"], true]);
  assert.deepEqual(
    system.tree().children[1]?.children.map((child) => child.path),
    ["/root/cluster:dev/link"],
  );
  assert.notEqual(refused, undefined);
  await assert.rejects(refused ?? Promise.resolve(), NotAChildError);
});

Deno.test("a watcher is told once of the end, before messages that were queued earlier", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const watched = system.spawn("watched", idle);
  const gate = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  const watcher = system.spawn<string, null>("watcher", {
    init(ctx) {
      ctx.watch(watched);
      ctx.watch(watched);
      return null;
    },
    async receive(state, message) {
      if (message === "wait") await gate.promise;
      seen.push(message);
      return state;
    },
    signal: (state, signal) => (seen.push(signal), state),
  });
  watcher.tell("wait");
  watcher.tell("queued");
  await clock.settle();
  await watched.stop();
  await clock.settle();
  gate.resolve();
  await clock.settle();
  const terminated: Signal = {
    type: "terminated",
    ref: watched,
    path: "/root/watched",
    reason: { type: "requested" },
  };
  assert.deepEqual(seen, ["wait", terminated, "queued"]);
});

Deno.test("watching an actor that has stopped tells at once, unwatching takes back even what is queued", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const gone = system.spawn("gone", idle);
  await gone.stop();
  const told: string[] = [];
  const watching = (unwatch: boolean): Behavior<"go", null> => ({
    init(ctx) {
      ctx.watch(gone);
      return null;
    },
    async receive(state, _message, ctx) {
      await clock.settle();
      if (unwatch) ctx.unwatch(gone);
      return state;
    },
    signal: (state, _signal, ctx) => (told.push(ctx.path), state),
  });
  system.spawn("a", watching(false)).tell("go");
  system.spawn("b", watching(true)).tell("go");
  await clock.settle();
  await clock.settle();
  await clock.settle();
  assert.deepEqual(told, ["/root/a"]);
});

Deno.test("a restart of the watched is no end, and a restart of the watcher ends its watches", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const told: string[] = [];
  const watched = system.spawn("watched", noting([], clock, () => {}));
  let lives = 0;
  const watcher = system.spawn<"fail", null>("watcher", {
    init(ctx) {
      if (lives++ === 0) ctx.watch(watched);
      return null;
    },
    receive() {
      throw new Error("fail");
    },
    signal: (state, signal) => (told.push(signal.type), state),
  });
  watched.tell("fail");
  await clock.settle();
  assert.deepEqual(told, []);
  watcher.tell("fail");
  await clock.settle();
  await watched.stop();
  await clock.settle();
  assert.deepEqual(told, []);
});

Deno.test("code that is no actor can watch a reference, and give it up", async () => {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  await using system = new ActorSystem({ clock, onFault: (fault) => faults.push(fault) });
  const ref = system.spawn("a", idle);
  const told: string[] = [];
  const thrown = new Error("in a listener");
  ref.watch(() => told.push("never")).cancel();
  ref.watch(() => {
    throw thrown;
  });
  ref.watch((terminated) => told.push(`${terminated.path} ${terminated.reason.type}`));
  await ref.stop();
  ref.watch((terminated) => told.push(`late ${terminated.path}`));
  await clock.settle();
  assert.deepEqual(told, ["/root/a requested", "late /root/a"]);
  assert.deepEqual(faults, [{ type: "listener-failed", error: thrown }]);
});

Deno.test("signals for an incarnation that failed do not reach the next one", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const watched = system.spawn("watched", idle);
  const gate = Promise.withResolvers<null>();
  const told: string[] = [];
  let lives = 0;
  const watcher = system.spawn<"go", null>("watcher", {
    init: (ctx) => (lives++ === 0 && ctx.watch(watched), null),
    receive: () => gate.promise,
    signal: (state, signal) => (told.push(signal.type), state),
  });
  watcher.tell("go");
  await clock.settle();
  await watched.stop();
  await clock.settle();
  gate.reject(new Error("fail"));
  await clock.settle();
  assert.equal(lives, 2);
  assert.deepEqual(told, []);
});

Deno.test("a pipe's mapping that throws while the actor ends is reported all the same", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const failures: unknown[] = [];
  system.events.subscribe((event) => {
    if (event.type === "failed") failures.push(event.error);
  });
  const mapping = new Error("cannot map");
  const gate = Promise.withResolvers<null>();
  const work = Promise.withResolvers<void>();
  const ref = system.spawn<string, null>("a", {
    init(ctx) {
      ctx.pipe(work.promise, () => {
        throw mapping;
      }, String);
      return null;
    },
    receive: () => gate.promise,
  });
  ref.tell("in hand");
  await clock.settle();
  const stopped = ref.stop();
  work.resolve();
  await clock.settle();
  gate.resolve(null);
  await stopped;
  await clock.settle();
  assert.deepEqual(failures, [mapping]);
});
