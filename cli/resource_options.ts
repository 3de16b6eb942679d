/**
 * The options that say what a job or a session needs from the cluster, spelled as sbatch's.
 *
 * @module
 */

import { z } from "zod";
import type { Resources } from "../model/mod.ts";
import { UsageError } from "./errors.ts";

/** The options as the command line has them. */
export const resourceOptionsSchema = z.object({
  nodes: z.string().optional(),
  ntasks: z.string().optional(),
  ntasksPerNode: z.string().optional(),
  cpusPerTask: z.string().optional(),
  mem: z.string().optional(),
  memPerCpu: z.string().optional(),
  gpus: z.string().optional(),
  gpusPerNode: z.string().optional(),
  time: z.string().optional(),
  partition: z.string().optional(),
  account: z.string().optional(),
  qos: z.string().optional(),
  constraint: z.string().optional(),
  reservation: z.string().optional(),
  nodelist: z.string().optional(),
  exclude: z.string().optional(),
  exclusive: z.union([z.literal(true), z.string()]).optional(),
  begin: z.string().optional(),
  dependency: z.string().optional(),
});
/** See {@linkcode resourceOptionsSchema}. */
export type ResourceOptions = z.infer<typeof resourceOptionsSchema>;

/** An option with what it means. */
export type Flag = readonly [flags: string, description: string];

/** What jobs and sessions alike need from the cluster. */
export const resourceFlags: readonly Flag[] = [
  ["-N, --nodes <number>", "nodes, or a range such as 2-4"],
  ["-n, --ntasks <number>", "tasks: processes that srun starts"],
  ["--ntasks-per-node <number>", "tasks on each node"],
  ["-c, --cpus-per-task <number>", "processors for each task"],
  ["--mem <size>", "memory on each node, such as 4G"],
  ["--mem-per-cpu <size>", "memory for each processor"],
  ["-G, --gpus <number>", "GPUs in all, or type:number"],
  ["--gpus-per-node <number>", "GPUs on each node"],
  ["-t, --time <limit>", "time limit, such as 1:30:00"],
  ["-p, --partition <name>", "partition"],
  ["-A, --account <name>", "account to charge"],
  ["-q, --qos <name>", "quality of service"],
  ["-C, --constraint <features>", "features that nodes must have"],
  ["--reservation <name>", "reservation to run in"],
  ["-w, --nodelist <nodes>", "nodes that must be part of it"],
  ["-x, --exclude <nodes>", "nodes that must not be part of it"],
  ["--exclusive [who]", "share the nodes with no other job; user: only with one's own"],
  ["-b, --begin <time>", "earliest start, such as now+1hour"],
  ["-d, --dependency <jobs>", "jobs to wait for, in Slurm's ids, such as afterok:123"],
];

/** Splits `name=value` words at the first `=`. */
export function pairs(words: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const place = word.indexOf("=");
    if (place < 1) {
      throw new UsageError(`${option} ${word}: there is no value.`, `Write ${option} NAME=VALUE.`);
    }
    return [word.slice(0, place), word.slice(place + 1)];
  }));
}

/** sbatch options: `name=value`, or `name` alone for one without a value. */
export function schedulerOptions(words: readonly string[]): Record<string, string | true> {
  return Object.fromEntries(words.map((word) => {
    const bare = word.replace(/^--/, "");
    const place = bare.indexOf("=");
    return place < 0 ? [bare, true] : [bare.slice(0, place), bare.slice(place + 1)];
  }));
}

function numberOrText(value: string): number | string {
  return /^\d{1,15}$/.test(value) ? Number(value) : value;
}

/** The number that a word is, which the check of the whole finds wrong where it is none. */
export function number(value: string): number {
  return value.trim() === "" ? NaN : Number(value);
}

function text(value: string): string {
  return value;
}

/** Leaves out `undefined` fields: absent means the default. */
export function present(entries: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

/** The resource that each option names, and how its value is read. */
const resourceOptions = {
  nodes: ["nodes", numberOrText],
  ntasks: ["tasks", number],
  ntasksPerNode: ["tasksPerNode", number],
  cpusPerTask: ["cpusPerTask", number],
  mem: ["memory", numberOrText],
  memPerCpu: ["memoryPerCpu", numberOrText],
  gpus: ["gpus", numberOrText],
  gpusPerNode: ["gpusPerNode", numberOrText],
  time: ["time", numberOrText],
  partition: ["partition", text],
  account: ["account", text],
  qos: ["qos", text],
  constraint: ["constraint", text],
  reservation: ["reservation", text],
  nodelist: ["nodeList", text],
  exclude: ["exclude", text],
  begin: ["begin", text],
  dependency: ["dependency", text],
} as const satisfies Partial<
  Record<keyof ResourceOptions, readonly [keyof Resources, (value: string) => string | number]>
>;

/** The resources that the options name. */
export function resources(options: ResourceOptions): Record<string, unknown> {
  const given = new Map(Object.entries(options));
  const named = Object.entries(resourceOptions).flatMap(([option, [name, read]]) => {
    const value = given.get(option);
    return typeof value === "string" ? [[name, read(value)]] : [];
  });
  return { ...Object.fromEntries(named), ...present({ exclusive: options.exclusive }) };
}
