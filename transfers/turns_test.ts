import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

const never = new AbortController().signal;

Deno.test("so many have their turn at once, and the others in the order in which they came", async () => {
  const turns = new Turns(2);
  const had: string[] = [];
  const take = async (name: string) => {
    const done = await turns.take(never);
    had.push(name);
    return done;
  };
  const first = await take("a");
  const second = await take("b");
  const [third, fourth] = [take("c"), take("d")];
  await Promise.resolve();
  assert.deepEqual(had, ["a", "b"]);
  first();
  first();
  const done = await third;
  assert.deepEqual(had, ["a", "b", "c"], "what is given back twice counts once");
  second();
  (await fourth)();
  done();
  assert.deepEqual(had, ["a", "b", "c", "d"]);
  (await take("e"))();
});

Deno.test("whoever leaves the line is not waited for", async () => {
  const turns = new Turns(1);
  const done = await turns.take(never);
  const leaving = new AbortController();
  const left = turns.take(leaving.signal);
  const next = turns.take(never);
  leaving.abort(new Error("no more"));
  await assert.rejects(left, /no more/);
  done();
  (await next)();
});
