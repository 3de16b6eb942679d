import assert from "node:assert/strict";
import type { Result } from "./benchmark.ts";
import { table } from "./table.ts";

Deno.test("columns are aligned, and what a case does not have is a dash", () => {
  const shared = { bench: "kernel", unit: "messages/s", better: "higher" } as const;
  const text = table([
    { ...shared, case: "tell", ours: 12_000_000, limit: 24_000_000, peers: { other: 5_000_000 } },
    { ...shared, case: "ask", ours: 1, limit: null, peers: {} },
  ]);
  assert.deepEqual(text.split("\n"), [
    "case         unit              ours               limit              other",
    "kernel tell  messages/s  12,000,000  24,000,000 (0.50x)  5,000,000 (2.40x)",
    "kernel ask   messages/s           1                   -                  -",
  ]);
});

Deno.test("a shorter time is as many times better, and further figures stand at the end", () => {
  const result: Result = {
    bench: "latency",
    case: "end",
    unit: "ms",
    better: "lower",
    ours: 20,
    limit: 10,
    peers: { polling: 5_000 },
    figures: { p50: 4, p99: 20 },
  };
  assert.match(table([result]), /20 {2}10 \(0\.50x\) {2}5,000 \(250\.00x\) {2}p50 4, p99 20$/);
});
