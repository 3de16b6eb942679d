import assert from "node:assert/strict";
import { nodeStatesArguments, parseNodeStates } from "./nodes.ts";

Deno.test("nodes are asked for by name", () => {
  assert.deepEqual(nodeStatesArguments(["n1", "gpu-2"]).slice(0, -1), [
    "sinfo",
    "--noheader",
    "--all",
    "--Node",
    "--nodes=n1,gpu-2",
  ]);
});

Deno.test("a node is listed once, with whether steps can run there", () => {
  const states: readonly [string, string, boolean][] = [
    ["idle", "IDLE", true],
    ["mixed", "MIXED", true],
    ["allocated", "ALLOCATED", true],
    ["draining", "DRAINING", true],
    ["down", "DOWN", false],
    ["down*", "DOWN", false],
    ["allocated*", "NOT_RESPONDING", false],
    ["idle*", "NOT_RESPONDING", false],
    ["fail", "FAIL", false],
    ["powered_down~", "POWERED_DOWN", false],
    ["mixed$", "MIXED", true],
    ["unknown", "UNKNOWN", false],
  ];
  const lines = states.map(([text], index) => `n${index}\x1f${text}\n`);
  assert.deepEqual(
    parseNodeStates([...lines, ...lines, "rubbish\n", "n1\x1f???\n"].join("")),
    states.map(([, state, usable], index) => ({ node: `n${index}`, state, usable })),
  );
});
