import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

Deno.test("work begins when it is its turn, and its outcome is whoever's it is", async () => {
  const turns = new Turns();
  const done: string[] = [];
  const work = (name: string) =>
    turns.take(() => {
      done.push(name);
      return name === "b" ? Promise.reject(new Error(name)) : Promise.resolve(name);
    });
  const one = work("a");
  const begin = await turns.next();
  assert.deepEqual(done, []);
  await begin();
  assert.equal(await one, "a");
  const other = work("b");
  await Promise.all([
    assert.rejects(other, /b/),
    turns.next().then((begin) => begin()),
  ]);
  turns.open();
  assert.equal(await work("c"), "c");
  assert.deepEqual(done, ["a", "b", "c"]);
});
