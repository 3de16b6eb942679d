import assert from "node:assert/strict";
import { ChannelBudget } from "./channel_budget.ts";
import { ChannelRefusedError, HostClosedError } from "./errors.ts";
import type { Channel, Transport } from "./transport.ts";

/** A transport whose channels end when told to, and which refuses as often as told to. */
class FakeTransport implements Transport {
  readonly label = "fake";
  readonly closed = Promise.resolve(undefined);
  readonly opened: string[] = [];
  readonly ends: ((code: number) => void)[] = [];
  refusals = 0;

  open(command: string): Promise<Channel> {
    if (this.refusals > 0) {
      this.refusals--;
      return Promise.reject(new ChannelRefusedError(this.label, new Error("MaxSessions")));
    }
    this.opened.push(command);
    const exit = Promise.withResolvers<number>();
    this.ends.push(exit.resolve);
    return Promise.resolve({
      stdin: new WritableStream(),
      stdout: new ReadableStream(),
      stderr: new ReadableStream(),
      exit: exit.promise,
      close: () => Promise.resolve(),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

Deno.test("the line is served in order, as places become free by end or by close", async () => {
  const transport = new FakeTransport();
  const budget = new ChannelBudget(transport, { limit: 2 });
  const [first] = await Promise.all([budget.open("a"), budget.open("b")]);
  const third = budget.open("c");
  const fourth = budget.open("d");
  assert.deepEqual(transport.opened, ["a", "b"]);
  assert.equal(budget.held, 2);
  await first?.close();
  await first?.close();
  await third;
  assert.deepEqual(transport.opened, ["a", "b", "c"]);
  transport.ends[1]?.(0);
  await fourth;
  assert.deepEqual(transport.opened, ["a", "b", "c", "d"]);
  assert.equal(budget.held, 2);
});

Deno.test("a refused channel is asked for again, and given up in the end", async () => {
  const transport = new FakeTransport();
  transport.refusals = 3;
  const budget = new ChannelBudget(transport, { retryDelayMs: 1 });
  await budget.open("a");
  assert.deepEqual(transport.opened, ["a"]);
  transport.refusals = 1;
  const hasty = new ChannelBudget(transport, { giveUpMs: 0 });
  await assert.rejects(hasty.open("b"), ChannelRefusedError);
  assert.equal(hasty.held, 0);
});

Deno.test("who leaves the line is not served, and holds nobody up", async () => {
  const transport = new FakeTransport();
  const budget = new ChannelBudget(transport, { limit: 1 });
  await budget.open("a");
  const abort = new AbortController();
  const reason = new Error("enough");
  const leaving = assert.rejects(budget.open("b", abort.signal), reason);
  const staying = budget.open("c");
  abort.abort(reason);
  await leaving;
  transport.ends[0]?.(0);
  await staying;
  assert.deepEqual(transport.opened, ["a", "c"]);
  await assert.rejects(budget.open("d", abort.signal), reason);
});

Deno.test("closing refuses those in line, those being refused, and those to come", async () => {
  const transport = new FakeTransport();
  const budget = new ChannelBudget(transport, { limit: 1 });
  await budget.open("a");
  const waiting = assert.rejects(budget.open("b"), HostClosedError);
  const refused = new ChannelBudget(transport, { retryDelayMs: 60_000 });
  transport.refusals = 1;
  const retrying = assert.rejects(refused.open("c"), HostClosedError);
  budget.close();
  refused.close();
  await Promise.all([waiting, retrying]);
  await assert.rejects(budget.open("d"), HostClosedError);
});
