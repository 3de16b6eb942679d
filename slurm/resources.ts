/**
 * What a job asks for, put together from all who have a say in it.
 *
 * @module
 */

import type { Resources } from "../model/mod.ts";
import { SluiceError } from "../model/mod.ts";
import type { SbatchOption } from "./sbatch_options.ts";

/** The option of sbatch that stands for each resource. */
export const resourceOptions = {
  nodes: "nodes",
  tasks: "ntasks",
  tasksPerNode: "ntasks-per-node",
  cpusPerTask: "cpus-per-task",
  memory: "mem",
  memoryPerCpu: "mem-per-cpu",
  gpus: "gpus",
  gpusPerNode: "gpus-per-node",
  time: "time",
  partition: "partition",
  account: "account",
  qos: "qos",
  constraint: "constraint",
  reservation: "reservation",
  nodeList: "nodelist",
  exclude: "exclude",
  exclusive: "exclusive",
  begin: "begin",
  dependency: "dependency",
  array: "array",
} as const satisfies Record<keyof Resources, SbatchOption>;

/** Options that say the same in different ways: who names one leaves no room for what others say by another. */
const ALTERNATIVES: readonly ReadonlySet<string>[] = [
  new Set(["mem", "mem-per-cpu", "mem-per-gpu"]),
  new Set(["gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task", "gres", "tres-per-task"]),
  new Set(["ntasks-per-node", "tasks-per-node"]),
];

/** Whether a job that names the one option leaves no room for the default of the other. */
function settles(named: string, option: SbatchOption): boolean {
  return named === option ||
    ALTERNATIVES.some((options) => options.has(named) && options.has(option));
}

function isResource(name: string): name is keyof Resources {
  return Object.hasOwn(resourceOptions, name);
}

/** The names of the resources that have a value, in a fixed order. */
export function namedResources(resources: Resources): (keyof Resources)[] {
  return Object.keys(resourceOptions).filter(isResource).filter((name) =>
    resources[name] !== undefined
  );
}

/**
 * What a job asks for, with defaults for what neither it nor its script names.
 *
 * @param otherOptions The options that the script's own `#SBATCH` lines and the job's `options` set.
 */
export function withDefaults(
  resources: Resources,
  defaults: Resources,
  otherOptions: readonly string[],
): Resources {
  const taken = [
    ...otherOptions,
    ...namedResources(resources).map((name) => resourceOptions[name]),
  ];
  const open = namedResources(defaults).filter((name) =>
    !taken.some((option) => settles(option, resourceOptions[name]))
  );
  return {
    ...Object.fromEntries(open.map((name) => [name, defaults[name]])),
    ...Object.fromEntries(namedResources(resources).map((name) => [name, resources[name]])),
  };
}

/** All who have a say in what a job asks for; each wins over those before it. */
export interface ResourceLevels {
  /** The cluster's defaults. */
  readonly cluster: Resources;
  /** Defaults of partitions by their names; those of the one that the job is to run in count. */
  readonly partitions: Readonly<Record<string, Resources>>;
  /** Defaults of the call that submitted the job. */
  readonly call: Resources;
  /** The options that the script's own `#SBATCH` lines set, in the `--name=value` form. */
  readonly script: readonly string[];
  /** The job's own resources. */
  readonly job: Resources;
  /** Names of the other options that the job sets. */
  readonly options: readonly string[];
}

function nameOf(word: string): string {
  return word.replace(/^--/, "").replace(/=.*$/s, "");
}

function scriptPartition(words: readonly string[]): string | undefined {
  return words.findLast((word) => nameOf(word) === "partition")?.slice("--partition=".length);
}

/**
 * What is to be asked of Slurm beside what the script asks for itself.
 *
 * A partition's defaults count where the job names that partition, or somebody else does for it; where several
 * are named it is not known which one it will be, and where none is Slurm chooses: then none counts.
 */
export function mergeResources(levels: ResourceLevels): Resources {
  const { cluster, partitions, call, script, job, options } = levels;
  const partition = job.partition ?? scriptPartition(script) ?? call.partition ?? cluster.partition;
  const ofPartition = partition !== undefined && Object.hasOwn(partitions, partition)
    ? partitions[partition] ?? {}
    : {};
  const defaults = withDefaults(call, withDefaults(ofPartition, cluster, []), []);
  return withDefaults(job, defaults, [...script.map(nameOf), ...options]);
}

/**
 * Options that sbatch takes over from one component of a heterogeneous job to the next, in some releases (seen in
 * 22.05): to be independent of that, they are said for every component.
 */
const INHERITED = [
  "time",
  "memory",
  "account",
  "qos",
  "reservation",
  "exclude",
  "begin",
  "dependency",
] as const satisfies readonly (keyof Resources)[];

/** Raised for components whose memory sbatch cannot be told. */
export class ComponentMemoryError extends SluiceError {
  override readonly name: string = "ComponentMemoryError";

  /** Names the component. */
  constructor(component: number) {
    super({
      code: "COMPONENT_MEMORY",
      message:
        `Component ${component} asks for memory in another way than one before it, which asks for memory on each node: sbatch takes both for one component's.`,
      next: "Ask for `memory` in all components, or for `memoryPerCpu` in all.",
    });
  }
}

/** A component's resources, once all have had their say, and the options of its script. */
export interface ComponentNeeds {
  /** The resources. */
  readonly resources: Resources;
  /** The names of other options that are set for it. */
  readonly options: readonly string[];
}

/**
 * The resources of each component, where each takes over from the one before it what it does not name of the
 * time limit, the memory on a node, the account, the QOS, the reservation, excluded nodes and when to begin.
 *
 * @throws {ComponentMemoryError} sbatch cannot be told the memory of a component.
 */
export function componentResources(needs: readonly ComponentNeeds[]): Resources[] {
  let before: Resources = {};
  return needs.map(({ resources, options }, component) => {
    const inherited = Object.fromEntries(
      INHERITED.flatMap((name) => before[name] === undefined ? [] : [[name, before[name]]]),
    );
    const all = withDefaults(resources, inherited, options);
    if (before.memory !== undefined && all.memory === undefined) {
      throw new ComponentMemoryError(component);
    }
    before = all;
    return all;
  });
}
