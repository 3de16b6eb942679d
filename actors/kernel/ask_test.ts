import assert from "node:assert/strict";
import {
  ActorStoppedError,
  ActorSystem,
  AskAbortedError,
  AskTimeoutError,
  type Behavior,
  InvalidOptionError,
  MailboxFullError,
  MessageFailedError,
  type Reply,
  VirtualClock,
} from "./mod.ts";

type Question =
  | { type: "echo"; text: string; reply: Reply<string> }
  | { type: "refuse"; reply: Reply<string> }
  | { type: "keep"; reply: Reply<string> }
  | { type: "release" }
  | { type: "throw"; reply: Reply<string> }
  | { type: "hang"; reply: Reply<string> };

type Kept = readonly Reply<string>[];

const refusal = new Error("refused");
const failure = new Error("failed");

const oracle: Behavior<Question, Kept> = {
  init: () => [],
  receive(kept, message) {
    switch (message.type) {
      case "echo":
        message.reply.ok(message.text);
        return kept;
      case "refuse":
        message.reply.fail(refusal);
        return kept;
      case "keep":
        return [...kept, message.reply];
      case "release":
        for (const reply of kept) reply.ok("released");
        return [];
      case "throw":
        throw failure;
      case "hang":
        return new Promise(() => {});
    }
  },
};

Deno.test("an ask resolves with ok, and rejects with exactly what fail was given", async () => {
  await using system = new ActorSystem({ clock: new VirtualClock() });
  const ref = system.spawn("oracle", oracle);
  assert.equal(await ref.ask((reply) => ({ type: "echo", text: "hi", reply })), "hi");
  await assert.rejects(ref.ask((reply) => ({ type: "refuse", reply })), refusal);
});

Deno.test("the type of the answer follows from the message", async () => {
  await using system = new ActorSystem({ clock: new VirtualClock() });
  type Both = { type: "number"; reply: Reply<number> } | { type: "text"; reply: Reply<string> };
  const ref = system.spawn<Both, null>("both", {
    init: () => null,
    receive(state, message) {
      if (message.type === "number") message.reply.ok(1);
      else message.reply.ok("one");
      return state;
    },
  });
  const number: number = await ref.ask((reply) => ({ type: "number", reply }));
  const text: string = await ref.ask((reply) => ({ type: "text", reply }));
  // @ts-expect-error the answer to "number" is not a string
  const wrong: Promise<string> = ref.ask((reply) => ({ type: "number", reply }));
  assert.deepEqual([number, text, await wrong], [1, "one", 1]);
});

Deno.test("an ask without an answer times out after exactly its time, 5,000 ms by default", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  const ended: string[] = [];
  const note = (error: unknown) => {
    assert.ok(error instanceof AskTimeoutError);
    ended.push(`${error.timeoutMs}@${clock.now()}`);
  };
  ref.ask((reply) => ({ type: "keep", reply })).catch(note);
  ref.ask((reply) => ({ type: "keep", reply }), { timeoutMs: 30 }).catch(note);
  await clock.advance(20);
  ref.ask((reply) => ({ type: "keep", reply }), { timeoutMs: 700 }).catch(note);
  ref.ask((reply) => ({ type: "keep", reply }), { timeoutMs: 30 }).catch(note);
  await clock.advance(10_000);
  assert.deepEqual(ended, ["30@30", "30@50", "700@720", "5000@5000"]);
  assert.equal(clock.pending, 0);
});

Deno.test("an answer that comes too late, or a second one, is a dead letter", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  const asked = ref.ask((reply) => ({ type: "keep", reply }), { timeoutMs: 10 });
  const outcome = assert.rejects(asked, AskTimeoutError);
  await clock.advance(10);
  await outcome;
  ref.tell({ type: "release" });
  await clock.settle();
  assert.deepEqual(system.deadLetters(), [
    { path: "/root/oracle", message: "released", reason: "late-reply", at: 10 },
  ]);
  const twice = system.spawn<Reply<number>, null>("twice", {
    init: () => null,
    receive: (state, reply) => (reply.ok(1), reply.ok(2), reply.fail(3), state),
  });
  assert.equal(await twice.ask<number>((reply) => reply), 1);
  assert.deepEqual(system.deadLetters().slice(1).map((letter) => letter.message), [2, 3]);
});

Deno.test("an ask ends when its signal is aborted, before or while it waits", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  const controller = new AbortController();
  const asked = ref.ask((reply) => ({ type: "keep", reply }), { signal: controller.signal });
  controller.abort(refusal);
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof AskAbortedError);
    assert.equal(error.cause, refusal);
    return true;
  });
  await assert.rejects(
    ref.ask((reply) => ({ type: "keep", reply }), { signal: AbortSignal.abort() }),
    AskAbortedError,
  );
  await clock.advance(50);
  assert.equal(clock.pending, 0);
});

Deno.test("an ask whose message makes the actor fail is rejected with the cause", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  await assert.rejects(ref.ask((reply) => ({ type: "throw", reply })), (error) => {
    assert.ok(error instanceof MessageFailedError);
    assert.equal(error.cause, failure);
    return true;
  });
  assert.equal(await ref.ask((reply) => ({ type: "echo", text: "again", reply })), "again");
});

Deno.test("asks that are queued when the actor stops are rejected at once", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  await clock.settle();
  const queued = ref.ask((reply) => ({ type: "echo", text: "never", reply }));
  const stopped = ref.stop();
  await assert.rejects(queued, ActorStoppedError);
  await stopped;
  assert.deepEqual(system.deadLetters().map((letter) => letter.reason), ["unprocessed"]);
  await assert.rejects(ref.ask((reply) => ({ type: "keep", reply })), ActorStoppedError);
  assert.equal(clock.now(), 0);
});

Deno.test("asks that were handled but not answered are rejected when the actor stops", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  const kept = assert.rejects(ref.ask((reply) => ({ type: "keep", reply })), ActorStoppedError);
  await clock.settle();
  await ref.stop();
  await kept;
  assert.equal(clock.now(), 0);
});

Deno.test("the stopped hook can still answer what was kept", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn<Reply<string>, Kept>("oracle", {
    init: () => [],
    receive: (kept, reply) => [...kept, reply],
    stopped: (kept) => kept?.forEach((reply) => reply.ok("bye")),
  });
  const asked = ref.ask<string>((reply) => reply);
  await clock.settle();
  await ref.stop();
  assert.equal(await asked, "bye");
});

Deno.test("an ask of a full mailbox is rejected as such", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle, { mailbox: { capacity: 1 }, stopDeadlineMs: 10 });
  const hung = assert.rejects(ref.ask((reply) => ({ type: "hang", reply })), ActorStoppedError);
  await clock.settle();
  assert.equal(ref.tell({ type: "release" }), "accepted");
  await assert.rejects(ref.ask((reply) => ({ type: "keep", reply })), (error) => {
    assert.ok(error instanceof MailboxFullError);
    assert.equal(error.capacity, 1);
    assert.equal(error.retryable, true);
    return true;
  });
  const stopped = ref.stop();
  await clock.advance(10);
  await Promise.all([stopped, hung]);
});

Deno.test("an ask that cannot be built, or whose timeout makes no sense, rejects", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  await assert.rejects(
    ref.ask<string>(() => {
      throw failure;
    }),
    failure,
  );
  for (const timeoutMs of [0, -1, NaN]) {
    await assert.rejects(
      ref.ask((reply) => ({ type: "keep", reply }), { timeoutMs }),
      InvalidOptionError,
    );
  }
});

Deno.test("thousands of quick asks share one timer, which is soon gone", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  for (let round = 0; round < 100; round++) {
    await Promise.all(
      Array.from({ length: 50 }, () => ref.ask((reply) => ({ type: "echo", text: "", reply }))),
    );
    assert.ok(clock.pending <= 1, `${clock.pending} timers`);
  }
  await clock.advance(50);
  assert.equal(clock.pending, 0);
});

Deno.test("a slow ask's timer is disarmed when the answer comes", async () => {
  const clock = new VirtualClock();
  await using system = new ActorSystem({ clock });
  const ref = system.spawn("oracle", oracle);
  const asked = ref.ask((reply) => ({ type: "keep", reply }), { timeoutMs: 60_000 });
  await clock.advance(1_000);
  assert.equal(clock.pending, 1);
  ref.tell({ type: "release" });
  assert.equal(await asked, "released");
  assert.equal(clock.pending, 0);
});
