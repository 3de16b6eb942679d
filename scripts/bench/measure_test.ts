import assert from "node:assert/strict";
import type { Contender } from "./benchmark.ts";
import { measure, median, quantile, rounded } from "./measure.ts";

Deno.test("the median is the middle value, or between the two in the middle", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

Deno.test("a quantile lies between the two values next to it", () => {
  assert.equal(quantile([10, 20, 30, 40, 50], 0.99), 49.6);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(rounded(1234.567), 1235);
  assert.equal(rounded(0.0123456), 0.01235);
});

Deno.test("every contender has a turn in every round, first in turn, and is closed", async () => {
  const log: string[] = [];
  const contender = (name: string): Contender => ({
    run: () => Promise.resolve(log.push(name)),
    close: () => void log.push(`${name} closed`),
  });
  const result = await measure({
    name: "case",
    unit: "turns/s",
    ours: contender("ours"),
    limit: contender("limit"),
    peers: { peer: contender("peer") },
  }, { measured: 1, warmUp: 2 });
  assert.deepEqual(log, [
    ...["ours", "limit", "peer"],
    ...["limit", "peer", "ours"],
    ...["peer", "ours", "limit"],
    ...["ours closed", "limit closed", "peer closed"],
  ]);
  assert.deepEqual(
    [result.case, result.unit, result.better, Object.keys(result.peers)],
    ["case", "turns/s", "higher", ["peer"]],
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
    measure({
      name: "case",
      unit: "turns/s",
      ours: contender(() => Promise.resolve(1)),
      limit: contender(() => Promise.reject(failing)),
      peers: {},
    }, { measured: 1, warmUp: 0 }),
    failing,
  );
  assert.equal(closed, 2);
});
