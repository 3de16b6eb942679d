import assert from "node:assert/strict";
import { parseNodeArchitectures } from "./mod.ts";

Deno.test("kinds of machines are read with their partitions, and other lines are passed over", () => {
  assert.deepEqual(
    parseNodeArchitectures("Welcome!\nnode aarch64 gpu,all\nnode x86_64 debug\nnode x86_64\n"),
    [
      { machine: "aarch64", partitions: ["gpu", "all"] },
      { machine: "x86_64", partitions: ["debug"] },
    ],
  );
  assert.deepEqual(parseNodeArchitectures(""), []);
});
