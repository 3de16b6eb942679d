/**
 * How much a cluster of Ray or Spark offers, and how much a step asks of one. Pure.
 *
 * @module
 */

import type { JobSpec, Resources } from "../../model/mod.ts";
import { parseMemory } from "../../slurm/mod.ts";

/** What a cluster offers, or what a step asks of one, on all nodes together. */
export interface Capacity {
  readonly nodes: number;
  readonly cpus: number;
  readonly gpus: number;
  /** The type of the GPUs, where one is named. */
  readonly gpuType: string | undefined;
  /** Memory in bytes, where it is named. */
  readonly memoryBytes: number | undefined;
}

/** The smaller number of a range of nodes; 1 where none is named. */
function nodesOf({ nodes = 1 }: Resources): number {
  const least = Number.parseInt(String(nodes), 10);
  return Number.isSafeInteger(least) && least > 0 ? least : 1;
}

function gpusOf(
  { gpus, gpusPerNode }: Resources,
  nodes: number,
): Pick<Capacity, "gpus" | "gpuType"> {
  const words = String(gpusPerNode ?? gpus ?? 0).split(":");
  const number = Number(words.at(-1));
  const counted = Number.isSafeInteger(number) ? number : 1;
  const named = Number.isSafeInteger(number) ? words.slice(0, -1) : words;
  return {
    gpus: gpusPerNode === undefined ? counted : counted * nodes,
    gpuType: named.length === 0 ? undefined : named.join(":"),
  };
}

/** An amount in bytes; `undefined` for all of a node, of which nobody here knows how much it is. */
function bytesOf(amount: string | number | undefined): number | undefined {
  if (amount === undefined) return undefined;
  const bytes = parseMemory(amount);
  return bytes === 0 ? undefined : bytes;
}

/** What the launcher itself is told to hand out on each node. */
function ofLauncher({ launcher }: Pick<JobSpec, "launcher">) {
  switch (launcher.kind) {
    case "ray":
      return { cpus: launcher.cpusPerNode, gpus: launcher.gpusPerNode, memory: undefined };
    case "spark":
      return { cpus: launcher.workerCores, gpus: undefined, memory: launcher.workerMemory };
    case "bash":
    case "custom":
      return { cpus: undefined, gpus: undefined, memory: undefined };
  }
}

/**
 * What a job of the spec has on all its nodes together.
 *
 * @throws {InvalidMemoryError} An amount of memory is none.
 */
export function capacityOf(spec: Pick<JobSpec, "resources" | "launcher">): Capacity {
  const { resources } = spec;
  const nodes = nodesOf(resources);
  const { tasks = nodes * (resources.tasksPerNode ?? 1), cpusPerTask = 1 } = resources;
  const own = ofLauncher(spec);
  const cpus = own.cpus === undefined ? tasks * cpusPerTask : own.cpus * nodes;
  const { gpus, gpuType } = gpusOf(resources, nodes);
  const perNode = bytesOf(own.memory ?? resources.memory);
  const perCpu = bytesOf(resources.memoryPerCpu);
  return {
    nodes,
    cpus,
    gpus: own.gpus === undefined ? gpus : own.gpus * nodes,
    gpuType,
    memoryBytes: perNode !== undefined
      ? perNode * nodes
      : perCpu === undefined
      ? undefined
      : perCpu * tasks * cpusPerTask,
  };
}
