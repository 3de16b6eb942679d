import assert from "node:assert/strict";
import { ActorSystem, type Terminated, VirtualClock } from "./mod.ts";
import { Watchers } from "./watchers.ts";

async function someEnd(): Promise<Terminated> {
  await using system = new ActorSystem({ clock: new VirtualClock() });
  const ref = system.spawn<string, null>("a", { init: () => null, receive: (state) => state });
  const { promise, resolve } = Promise.withResolvers<Terminated>();
  ref.watch(resolve);
  await ref.stop();
  return await promise;
}

Deno.test("who cancels between the end and the news of it is not told", async () => {
  const terminated = await someEnd();
  const watchers = new Watchers(() => {});
  const told: string[] = [];
  watchers.add(() => told.push("kept"));
  const early = watchers.add(() => told.push("early"));
  watchers.notify(terminated);
  const late = watchers.add(() => told.push("late"));
  early.cancel();
  late.cancel();
  await Promise.resolve();
  assert.deepEqual(told, ["kept"]);
});
