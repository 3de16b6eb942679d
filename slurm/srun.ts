/**
 * srun: starting a step in an allocation.
 *
 * Source: srun(1), and what a cluster of release 22.05 did.
 *
 * @module
 */

import type { JobSpec, Resources } from "../model/mod.ts";
import { SluiceError } from "../model/mod.ts";
import { parseMemory } from "./memory.ts";
import { parseTimeLimit } from "./time.ts";

/** Raised for what a job of its own can ask for, and a step of an allocation cannot. */
export class NotForStepsError extends SluiceError {
  override readonly name: string = "NotForStepsError";

  /**
   * @param what The part of the spec.
   * @param next What to do instead.
   */
  constructor(what: string, next: string) {
    super({
      code: "NOT_FOR_STEPS",
      message: `A step of a session cannot have ${what}.`,
      next,
    });
  }
}

/** How many nodes a step has, and how many processors on each. */
export type StepSize =
  /** As said. */
  | { readonly kind: "nodes"; readonly nodes: number; readonly cpusPerNode: number }
  /** As few nodes as have room for these tasks. */
  | { readonly kind: "tasks"; readonly tasks: number; readonly cpusPerTask: number };

/** What a step is, as srun must be told. */
export interface StepRequest {
  /** Nodes and processors. */
  readonly size: StepSize;
  /** The other options of srun. */
  readonly options: readonly string[];
  /** Memory on each node in MiB; absent where the step shares that of the allocation. */
  readonly memoryMebibytes?: number;
  /** The same for each processor, where that is how it is asked for. */
  readonly memoryPerCpuMebibytes?: number;
  /** Time limit in seconds; absent where only that of the allocation ends it. */
  readonly timeSeconds?: number;
}

/** A number of nodes; of a range the least, which always suffices. */
function leastNodes(nodes: string | number): number {
  if (typeof nodes === "number") return nodes;
  const least = /^(\d{1,6})(?:-\d{1,6})?$/.exec(nodes)?.[1];
  if (least === undefined || Number(least) === 0) {
    throw new NotForStepsError(`\`resources.nodes: ${nodes}\``, "Write how many nodes it needs.");
  }
  return Number(least);
}

function sizeOf({ nodes, tasks, tasksPerNode, cpusPerTask = 1 }: Resources): StepSize {
  const wanted = nodes !== undefined
    ? leastNodes(nodes)
    : tasksPerNode !== undefined
    ? Math.ceil((tasks ?? tasksPerNode) / tasksPerNode)
    : undefined;
  if (wanted === undefined) return { kind: "tasks", tasks: tasks ?? 1, cpusPerTask };
  const onEach = tasksPerNode ?? Math.ceil((tasks ?? wanted) / wanted);
  return { kind: "nodes", nodes: wanted, cpusPerNode: onEach * cpusPerTask };
}

function isNone(gpus: string | number | undefined): boolean {
  return gpus === undefined || gpus === 0 || /(?:^|:)0$/.test(String(gpus));
}

/** A step shares GPUs with no other; without an option it would have all that the allocation has. */
function gpuOptions({ gpus, gpusPerNode }: Resources): string[] {
  if (isNone(gpus) && isNone(gpusPerNode)) return ["--gres=none"];
  return [
    ...(isNone(gpus) ? [] : [`--gpus=${gpus}`]),
    ...(isNone(gpusPerNode) ? [] : [`--gpus-per-node=${gpusPerNode}`]),
  ];
}

/** Without an option the first step would have all memory, and the next would wait for it. */
function memoryOption({ memory, memoryPerCpu }: Resources): string {
  if (memory !== undefined) return `--mem=${memory}`;
  return memoryPerCpu === undefined ? "--mem=0" : `--mem-per-cpu=${memoryPerCpu}`;
}

function mebibytes(memory: Resources["memory"]): number | undefined {
  if (memory === undefined) return undefined;
  const bytes = parseMemory(memory);
  return bytes === 0 ? undefined : Math.max(1, Math.floor(bytes / 2 ** 20));
}

/** Options of sbatch that srun has too and that mean the same for a step. */
const PASSED: ReadonlySet<string> = new Set([
  "cores-per-socket",
  "cpu-freq",
  "distribution",
  "gpu-bind",
  "gpu-freq",
  "hint",
  "mem-bind",
  "network",
  "ntasks-per-core",
  "profile",
  "threads-per-core",
]);

/** Options of sbatch that tell nothing of how a step is to run. */
const MOOT: ReadonlySet<string> = new Set([
  "deadline",
  "mail-type",
  "mail-user",
  "nice",
  "no-kill",
  "no-requeue",
  "priority",
  "requeue",
  "wckey",
]);

function otherOptions(options: JobSpec["options"]): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === false || MOOT.has(name)) return [];
    if (!PASSED.has(name)) {
      throw new NotForStepsError(
        `the option \`${name}\``,
        "Leave it out, or submit a job of its own.",
      );
    }
    return [value === true ? `--${name}` : `--${name}=${value}`];
  });
}

/**
 * What srun must be told of a step.
 *
 * What says where an allocation comes from, such as the partition, says nothing of a step and is passed over.
 *
 * @throws {NotForStepsError} It asks for what only a job of its own can have.
 * @throws {InvalidTimeLimitError} The time limit is not one of Slurm's forms.
 * @throws {InvalidMemoryError} An amount of memory is not one of Slurm's forms.
 */
export function stepRequest(
  { name, resources, options }: Pick<JobSpec, "name" | "resources" | "options">,
): StepRequest {
  for (const wait of ["begin", "dependency"] as const) {
    if (resources[wait] === undefined) continue;
    throw new NotForStepsError(
      `\`resources.${wait}\``,
      "Submit it when its time has come, or as a job of its own.",
    );
  }
  if (resources.exclusive !== undefined && resources.exclusive !== false) {
    throw new NotForStepsError(
      "nodes for itself (`resources.exclusive`)",
      "Ask for all processors of the nodes, or submit a job of its own.",
    );
  }
  const perCpu = mebibytes(resources.memoryPerCpu);
  const memoryMebibytes = mebibytes(resources.memory);
  const limit = resources.time === undefined ? "unlimited" : parseTimeLimit(resources.time);
  return {
    size: sizeOf(resources),
    options: [
      `--job-name=${name}`,
      memoryOption(resources),
      ...gpuOptions(resources),
      ...(limit === "unlimited" ? [] : [`--time=${resources.time}`]),
      ...(resources.nodeList === undefined ? [] : [`--nodelist=${resources.nodeList}`]),
      ...(resources.exclude === undefined ? [] : [`--exclude=${resources.exclude}`]),
      ...(resources.constraint === undefined ? [] : [`--constraint=${resources.constraint}`]),
      ...otherOptions(options),
    ],
    ...(memoryMebibytes === undefined ? {} : { memoryMebibytes }),
    ...(perCpu === undefined || resources.memory !== undefined
      ? {}
      : { memoryPerCpuMebibytes: perCpu }),
    ...(limit === "unlimited" ? {} : { timeSeconds: limit }),
  };
}

/**
 * Options of every srun that starts a step of a session: nothing but what it asks for is its own, one task on
 * each node starts it, and once the first of them has ended the others are ended, whatever its status.
 */
export const STEP_OPTIONS = [
  "--exact",
  "--ntasks-per-node=1",
  "--kill-on-bad-exit=0",
  "--wait=1",
  "--input=none",
] as const;

/** What begins the line that tells of a step for which srun was not even asked, since its session never has so much. */
export const TOO_MUCH = "sluice: ";

/**
 * What was said of why a step did not start, mostly by srun and slurmstepd, without what they say of the wait for
 * resources.
 */
export function refusalOf(words: readonly string[]): string | undefined {
  const told = words.flatMap((line) => {
    if (line.startsWith(TOO_MUCH)) return [line.slice(TOO_MUCH.length)];
    const text = /^srun: (?:error: )?(.*)$/.exec(line)?.[1];
    if (
      text === undefined ||
      /step creation (?:temporarily|still) disabled|^Step created for/.test(text)
    ) {
      return [];
    }
    return [text];
  });
  return told.length === 0 ? undefined : told.join(" ");
}
