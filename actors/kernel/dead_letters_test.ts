import assert from "node:assert/strict";
import { DeadLetters } from "./dead_letters.ts";

Deno.test("the last letters are kept, oldest first, and all are counted", () => {
  const letters = new DeadLetters(3);
  assert.deepEqual(letters.list(), []);
  for (let at = 1; at <= 5; at++) {
    letters.add({ path: "/root/a", message: at, reason: "stopped", at });
  }
  assert.deepEqual(letters.list().map((letter) => letter.message), [3, 4, 5]);
  assert.equal(letters.total, 5);
});

Deno.test("with no capacity they are only counted", () => {
  const letters = new DeadLetters(0);
  letters.add({ path: "/root/a", message: 1, reason: "stopped", at: 0 });
  assert.deepEqual(letters.list(), []);
  assert.equal(letters.total, 1);
});
