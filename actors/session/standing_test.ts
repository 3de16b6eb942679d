import assert from "node:assert/strict";
import fc from "fast-check";
import { jobNumber } from "../testing/simulated_job.ts";
import { fittingCluster } from "./standing.ts";
import type { ClusterNeed, ClusterOffer } from "./standing.ts";

const framework = fc.constantFrom("ray", "spark");
const software = fc.constantFrom<ClusterNeed["software"]>(
  { kind: "none" },
  { kind: "modules", modules: ["python"], purge: false },
);
const capacity = fc.record({
  nodes: fc.integer({ min: 1, max: 4 }),
  cpus: fc.integer({ min: 1, max: 16 }),
  gpus: fc.integer({ min: 0, max: 4 }),
  gpuType: fc.constantFrom(undefined, "a100"),
  memoryBytes: fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
});
const need: fc.Arbitrary<ClusterNeed> = fc.record({
  framework,
  software,
  capacity,
  tolerance: fc.double({ min: 0, max: 1, noNaN: true }),
});
const offers: fc.Arbitrary<readonly ClusterOffer[]> = fc.array(
  fc.record({ framework, software, capacity, up: fc.boolean() }),
  { maxLength: 6 },
).map((all) => all.map((one, n) => ({ ...one, jobId: jobNumber(n) })));

/** Whether so much may be had where so much is wanted. */
function reaches(has: number | undefined, wants: number, tolerance: number): boolean {
  return (has ?? 0) >= wants * (1 - tolerance) - 1e-9;
}

Deno.test("the cluster that is taken has the framework and the software, and enough of all within the tolerance", () => {
  fc.assert(fc.property(need, offers, (need, offers) => {
    const taken = fittingCluster(need, offers);
    if (taken === undefined) return;
    assert.ok(offers.includes(taken));
    assert.equal(taken.framework, need.framework);
    assert.deepEqual(taken.software, need.software);
    const { capacity: wants, tolerance } = need;
    for (const key of ["nodes", "cpus", "gpus", "memoryBytes"] as const) {
      assert.ok(reaches(taken.capacity[key], wants[key] ?? 0, tolerance), key);
    }
    if (wants.gpus > 0 && wants.gpuType !== undefined) {
      assert.equal(taken.capacity.gpuType, wants.gpuType);
    }
  }));
});

Deno.test("one that has all that is asked for is never passed over for a smaller one", () => {
  fc.assert(fc.property(need, offers, (need, offers) => {
    const strict = fittingCluster({ ...need, tolerance: 0 }, offers);
    const taken = fittingCluster(need, offers);
    if (strict !== undefined) assert.equal(taken?.jobId, strict.jobId);
  }));
});

Deno.test("what fits once fits with more tolerance, and beside more clusters", () => {
  fc.assert(fc.property(need, offers, offers, (need, offers, more) => {
    if (fittingCluster(need, offers) === undefined) return;
    assert.ok(fittingCluster({ ...need, tolerance: 1 }, offers) !== undefined);
    assert.ok(fittingCluster(need, [...more, ...offers]) !== undefined);
  }));
});

Deno.test("of clusters that fit alike one that is up is taken, and the smallest of these", () => {
  const has = { nodes: 2, cpus: 8, gpus: 0, gpuType: undefined, memoryBytes: undefined };
  const offer = (n: number, cpus: number, up: boolean): ClusterOffer => ({
    jobId: jobNumber(n),
    framework: "ray",
    software: { kind: "none" },
    capacity: { ...has, cpus },
    up,
  });
  const wanted: ClusterNeed = {
    framework: "ray",
    software: { kind: "none" },
    capacity: has,
    tolerance: 0.5,
  };
  const taken = (...offers: ClusterOffer[]) => fittingCluster(wanted, offers)?.jobId;
  assert.equal(taken(offer(1, 8, false), offer(2, 16, true), offer(3, 12, true)), jobNumber(3));
  assert.equal(taken(offer(1, 4, true), offer(2, 8, false)), jobNumber(2));
  assert.equal(taken(offer(1, 4, true)), jobNumber(1));
  assert.equal(taken(offer(1, 3, true)), undefined);
});
