import assert from "node:assert/strict";
import type { Contender } from "./benchmark.ts";
import { measure, median } from "./measure.ts";

Deno.test("the median is the middle value, or between the two in the middle", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

Deno.test("every contender has a turn in every round, first in turn, and is closed", async () => {
  const log: string[] = [];
  const contender = (name: string): Contender => ({
    run: () => Promise.resolve(log.push(name)),
    close: () => void log.push(`${name} closed`),
  });
  const result = await measure("bench", {
    name: "case",
    unit: "turns/s",
    ours: contender("ours"),
    limit: contender("limit"),
    peers: { peer: contender("peer") },
  }, 1);
  assert.deepEqual(log, [
    ...["ours", "limit", "peer"],
    ...["limit", "peer", "ours"],
    ...["peer", "ours", "limit"],
    ...["ours closed", "limit closed", "peer closed"],
  ]);
  assert.deepEqual(
    [result.bench, result.case, result.unit, Object.keys(result.peers)],
    ["bench", "case", "turns/s", ["peer"]],
  );
});

Deno.test("contenders are closed when one of them fails", async () => {
  let closed = 0;
  const contender = (run: () => Promise<number>): Contender => ({
    run,
    close: () => void closed++,
  });
  const failing = new Error("lost a message");
  await assert.rejects(
    measure("bench", {
      name: "case",
      unit: "turns/s",
      ours: contender(() => Promise.resolve(1)),
      limit: contender(() => Promise.reject(failing)),
      peers: {},
    }, 1),
    failing,
  );
  assert.equal(closed, 2);
});
