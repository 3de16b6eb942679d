import assert from "node:assert/strict";
import { table } from "./table.ts";

Deno.test("columns are aligned, and a peer that a case does not have is a dash", () => {
  const unit = "messages/s";
  const text = table([
    { bench: "kernel", case: "tell", unit, ours: 12_000_000, limit: 3, peers: { other: 5 } },
    { bench: "kernel", case: "ask", unit, ours: 1, limit: 2, peers: {} },
  ]);
  assert.deepEqual(text.split("\n"), [
    "case         unit              ours  limit  other",
    "kernel tell  messages/s  12,000,000      3      5",
    "kernel ask   messages/s           1      2      -",
  ]);
});
