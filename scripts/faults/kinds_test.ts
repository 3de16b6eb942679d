import assert from "node:assert/strict";
import { arrayOf, kindNamed, KINDS, scriptOf } from "./kinds.ts";

const place = { token: "t-1", starts: "/home/it's/starts", gate: "/home/gate" };

Deno.test("each kind's script tells of its start before it does anything else", () => {
  for (const name of KINDS) {
    const script = scriptOf(kindNamed(name), place);
    assert.ok(script.startsWith("#!/bin/sh\n"));
    const told = script.indexOf(`>>'/home/it'\\''s/starts'`);
    assert.ok(told > 0, script);
    for (const word of ["exit ", "sleep ", "kill ", "echo "]) {
      const done = script.indexOf(word);
      assert.ok(done === -1 || done > told, `${name}: ${word}`);
    }
  }
});

Deno.test("an array has as many tasks as it has endings", () => {
  assert.equal(arrayOf(kindNamed("array")), "0-2");
  assert.equal(kindNamed("array").tasks?.length, 3);
  assert.equal(arrayOf(kindNamed("success")), undefined);
});
