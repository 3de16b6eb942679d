import assert from "node:assert/strict";
import { figuresOf, figuresOfParts } from "./figures.ts";

Deno.test("hours and shares follow from what was measured, and are absent where it is", () => {
  assert.deepEqual(
    figuresOf({ elapsedSeconds: 1800, cpus: 4, cpuSeconds: 3600, nodes: 2, gpus: 8 }),
    {
      elapsedSeconds: 1800,
      cpus: 4,
      cpuSeconds: 3600,
      cpuEfficiency: 0.5,
      nodes: 2,
      nodeHours: 1,
      gpus: 8,
      gpuHours: 4,
    },
  );
  assert.deepEqual(figuresOf({ elapsedSeconds: 0, cpus: 1, cpuSeconds: 0.1 }), {
    elapsedSeconds: 0,
    cpus: 1,
    cpuSeconds: 0.1,
  });
  assert.deepEqual(figuresOf({}), {});
});

Deno.test("the share of memory compares one node with one node", () => {
  const share = (nodes: number, peakMemoryBytes: number, peakTaskMemoryBytes: number) =>
    figuresOf({ nodes, requestedMemoryBytes: 400, peakMemoryBytes, peakTaskMemoryBytes })
      .memoryShare;
  assert.equal(share(1, 100, 100), 0.25);
  assert.equal(share(1, 300, 100), 0.75, "all tasks of the node count");
  assert.equal(share(4, 400, 25), 1, "on the mean node");
  assert.equal(share(4, 100, 80), 0.8, "one task on a node alone");
});

Deno.test("an array is the sum of its tasks, each with what it held", () => {
  const one = figuresOf({
    elapsedSeconds: 100,
    cpus: 2,
    cpuSeconds: 100,
    nodes: 1,
    requestedMemoryBytes: 10,
    peakMemoryBytes: 5,
  });
  const other = figuresOf({
    elapsedSeconds: 300,
    cpus: 2,
    cpuSeconds: 600,
    nodes: 1,
    requestedMemoryBytes: 10,
    peakMemoryBytes: 9,
  });
  const { elapsedSeconds, cpus, cpuSeconds, cpuEfficiency, peakMemoryBytes, memoryShare } =
    figuresOfParts([one, other], false);
  assert.deepEqual([elapsedSeconds, cpus, cpuSeconds, cpuEfficiency], [400, 2, 700, 700 / 800]);
  assert.deepEqual([peakMemoryBytes, memoryShare], [9, 0.9]);
});

Deno.test("components hold side by side", () => {
  const parts = [
    figuresOf({
      elapsedSeconds: 100,
      cpus: 1,
      cpuSeconds: 100,
      nodes: 1,
      requestedMemoryBytes: 10,
    }),
    figuresOf({ elapsedSeconds: 90, cpus: 8, cpuSeconds: 90, nodes: 2, requestedMemoryBytes: 80 }),
  ];
  const { elapsedSeconds, cpus, nodes, requestedMemoryBytes } = figuresOfParts(parts, true);
  assert.deepEqual([elapsedSeconds, cpus, nodes, requestedMemoryBytes], [100, 9, 3, 90]);
});

Deno.test("a sum with a part that is not known is not known, and a ratio is that of the others", () => {
  const parts = [
    figuresOf({ elapsedSeconds: 100, cpus: 2, cpuSeconds: 100 }),
    figuresOf({ elapsedSeconds: 100, cpus: 2 }),
  ];
  const { cpuSeconds, cpuEfficiency } = figuresOfParts(parts, false);
  assert.deepEqual([cpuSeconds, cpuEfficiency], [undefined, 0.5]);
  assert.ok(!("cpuSeconds" in figuresOfParts(parts, false)));
});
