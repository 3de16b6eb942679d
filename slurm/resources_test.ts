import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import type { Resources } from "../model/mod.ts";
import { isSluiceErrorWith } from "../model/testing/sluice_error.ts";
import { componentResources, mergeResources, namedResources, withDefaults } from "./resources.ts";
import type { ResourceLevels } from "./resources.ts";

Deno.test("a default counts only for what neither the job nor its script names", () => {
  const defaults = { partition: "debug", time: 60, memory: "4G", exclusive: true };
  deepEqual(withDefaults({}, defaults, []), defaults);
  deepEqual(withDefaults({ time: 5, exclusive: false }, defaults, ["partition"]), {
    memory: "4G",
    time: 5,
    exclusive: false,
  });
  deepEqual(withDefaults({ partition: undefined }, { partition: "debug" }, []), {
    partition: "debug",
  });
});

Deno.test("memory for each CPU leaves no room for a default memory of the node", () => {
  deepEqual(withDefaults({ memoryPerCpu: "1G" }, { memory: "4G" }, []), { memoryPerCpu: "1G" });
  deepEqual(withDefaults({}, { memory: "4G" }, ["mem-per-gpu"]), {});
});

Deno.test("GPUs of the job leave no room for a default number on each node, and the other way round", () => {
  deepEqual(withDefaults({ gpus: 4 }, { gpusPerNode: 1 }, []), { gpus: 4 });
  deepEqual(withDefaults({ gpusPerNode: 1 }, { gpus: 4 }, []), { gpusPerNode: 1 });
  deepEqual(withDefaults({}, { gpusPerNode: 1 }, ["gres"]), {});
});

const nobody: ResourceLevels = {
  cluster: {},
  partitions: {},
  call: {},
  script: [],
  job: {},
  options: [],
};

Deno.test("each who has a say wins over those before it", () => {
  const all: ResourceLevels = {
    cluster: { partition: "gpu", time: 1, account: "cluster", qos: "cluster", memory: 1 },
    partitions: { gpu: { time: 2, account: "partition", qos: "partition", memory: 2 } },
    call: { time: 3, account: "call", memory: 3 },
    script: ["--account=script", "--mem=4"],
    job: { memory: 5 },
    options: [],
  };
  // What the script says it says to sbatch itself.
  deepEqual(mergeResources(all), { partition: "gpu", time: 3, qos: "partition", memory: 5 });
});

Deno.test("the partition whose defaults count is the one that the last word on it names", () => {
  const partitions = { a: { time: 1 }, b: { time: 2 }, c: { time: 3 }, d: { time: 4 } };
  const time = (levels: Partial<ResourceLevels>) =>
    mergeResources({ ...nobody, partitions, ...levels }).time;
  const cluster = { partition: "a" };
  equal(time({ cluster }), 1);
  equal(time({ cluster, call: { partition: "b" } }), 2);
  equal(time({ cluster, call: { partition: "b" }, script: ["--partition=c"] }), 3);
  equal(
    time({ cluster, call: { partition: "b" }, script: ["--partition=c"], job: { partition: "d" } }),
    4,
  );
  equal(time({ job: { partition: "a,b" } }), undefined);
  equal(time({ job: { partition: "constructor" } }), undefined);
  equal(time({}), undefined);
});

const level: fc.Arbitrary<Resources> = fc.record({
  time: fc.integer({ min: 1, max: 9 }),
  memory: fc.integer({ min: 1, max: 9 }),
  memoryPerCpu: fc.integer({ min: 1, max: 9 }),
  gpus: fc.integer({ min: 1, max: 9 }),
  gpusPerNode: fc.integer({ min: 1, max: 9 }),
  nodes: fc.integer({ min: 1, max: 9 }),
}, { requiredKeys: [] });

const ALTERNATIVES: readonly (readonly (keyof Resources)[])[] = [
  ["memory", "memoryPerCpu"],
  ["gpus", "gpusPerNode"],
  ["time"],
  ["nodes"],
];

Deno.test("what says the same in different ways comes from the highest level that says it, and from no other", () => {
  fc.assert(fc.property(level, level, level, level, (cluster, ofPartition, call, own) => {
    const job = { ...own, partition: "p" };
    const merged = mergeResources({
      ...nobody,
      cluster,
      partitions: { p: ofPartition },
      call,
      job,
    });
    for (const names of ALTERNATIVES) {
      const from = [job, call, ofPartition, cluster].find((one: Resources) =>
        names.some((name) =>
          one[name] !== undefined
        )
      ) ?? {};
      for (const name of names) equal(merged[name], from[name], name);
    }
  }));
});

Deno.test("nobody's word gives nothing, and one level alone gives itself", () => {
  fc.assert(fc.property(level, (one) => {
    deepEqual(mergeResources(nobody), {});
    for (const place of ["cluster", "call", "job"] as const) {
      deepEqual(mergeResources({ ...nobody, [place]: one }), one);
    }
    deepEqual(namedResources(one).toSorted(), Object.keys(one).toSorted());
  }));
});

Deno.test("a component takes over from the one before it what sbatch may take over", () => {
  const needs = (resources: Resources, options: string[] = []) => ({ resources, options });
  deepEqual(
    componentResources([
      needs({ time: 5, memory: "1G", nodes: 2, gpus: 1 }),
      needs({}),
      needs({ time: 9 }, ["account"]),
    ]),
    [
      { time: 5, memory: "1G", nodes: 2, gpus: 1 },
      { time: 5, memory: "1G" },
      { time: 9, memory: "1G" },
    ],
  );
  deepEqual(componentResources([needs({ memoryPerCpu: "1G" }), needs({ memory: "2G" })]), [
    { memoryPerCpu: "1G" },
    { memory: "2G" },
  ]);
  throws(
    () => componentResources([needs({ memory: "2G" }), needs({ memoryPerCpu: "1G" })]),
    isSluiceErrorWith("COMPONENT_MEMORY", "memoryPerCpu"),
  );
});
