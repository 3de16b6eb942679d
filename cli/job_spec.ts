/**
 * The job that the options of `submit` describe.
 *
 * @module
 */

import { z } from "zod";
import type { JobSpec, JobSpecInput, Resources } from "../model/mod.ts";
import { InvalidInputError, jobSpecSchema } from "../model/mod.ts";
import { UsageError } from "./errors.ts";
import type { SpecFile } from "./spec_file.ts";

/** The options of `submit` that say what the job is, as the command line has them. */
export const submitOptionsSchema = z.object({
  name: z.string().optional(),
  env: z.array(z.string()).default([]),
  label: z.array(z.string()).default([]),
  option: z.array(z.string()).default([]),
  chdir: z.string().optional(),
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
  array: z.string().optional(),
  count: z.string().optional(),
  key: z.string().optional(),
  retry: z.string().optional(),
  retryOn: z.string().optional(),
  retryDelay: z.string().optional(),
  signalBeforeLimit: z.string().optional(),
});

/** See {@linkcode submitOptionsSchema}. */
export type SubmitOptions = z.infer<typeof submitOptionsSchema>;

/** Splits `name=value` words at the first `=`. */
function pairs(words: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const place = word.indexOf("=");
    if (place < 1) {
      throw new UsageError(`${option} ${word}: there is no value.`, `Write ${option} NAME=VALUE.`);
    }
    return [word.slice(0, place), word.slice(place + 1)];
  }));
}

/** sbatch options: `name=value`, or `name` alone for one without a value. */
function schedulerOptions(words: readonly string[]): Record<string, string | true> {
  return Object.fromEntries(words.map((word) => {
    const bare = word.replace(/^--/, "");
    const place = bare.indexOf("=");
    return place < 0 ? [bare, true] : [bare.slice(0, place), bare.slice(place + 1)];
  }));
}

function numberOrText(value: string): number | string {
  return /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function number(value: string): number {
  return value.trim() === "" ? NaN : Number(value);
}

function text(value: string): string {
  return value;
}

/** The object without its `undefined` fields: absent means the cluster's default. */
function present(entries: Record<string, unknown>): Record<string, unknown> {
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
  array: ["array", text],
} as const satisfies Partial<
  Record<keyof SubmitOptions, readonly [keyof Resources, (value: string) => string | number]>
>;

function resources(options: SubmitOptions): Record<string, unknown> {
  const given = new Map(Object.entries(options));
  const named = Object.entries(resourceOptions).flatMap(([option, [name, read]]) => {
    const value = given.get(option);
    return typeof value === "string" ? [[name, read(value)]] : [];
  });
  return { ...Object.fromEntries(named), ...present({ exclusive: options.exclusive }) };
}

/** The retry policy that the options describe. */
function retry({ retry, retryOn, retryDelay }: SubmitOptions): Record<string, unknown> | undefined {
  if (retry === undefined) {
    const lone = retryOn !== undefined
      ? "--retry-on"
      : retryDelay !== undefined
      ? "--retry-delay"
      : undefined;
    if (lone !== undefined) {
      throw new UsageError(`${lone} does nothing by itself.`, "Add --retry with how often.");
    }
    return undefined;
  }
  return present({
    times: number(retry),
    on: retryOn?.split(","),
    delaySeconds: retryDelay === undefined ? undefined : number(retryDelay),
  });
}

/** `USR1@60`, or a signal or a number of seconds alone. */
function signalBeforeLimit(word: string | undefined): Record<string, unknown> | undefined {
  if (word === undefined) return undefined;
  const [signal, seconds] = /^\d+$/.test(word) ? [undefined, word] : word.split("@");
  return present({ signal, seconds: seconds === undefined ? undefined : number(seconds) });
}

const mapping = z.record(z.string(), z.unknown()).catch({});

/** Both mappings in one, where the second wins; what is no mapping is left to the check of the whole. */
function joined(below: unknown, above: Record<string, unknown>): unknown {
  return Object.keys(above).length === 0 ? below : { ...mapping.parse(below), ...above };
}

/**
 * The job that the options describe, checked before anything is sent.
 *
 * @param cluster Name of the cluster.
 * @param payload What is to run. Default: what the file says.
 * @param file What a file says of the job: the options win over it, field by field.
 * @throws {UsageError} For an option without its value.
 * @throws {InvalidInputError} Naming every field that is wrong.
 */
export function jobSpec(
  cluster: unknown,
  payload: JobSpecInput["payload"] | undefined,
  options: SubmitOptions,
  file: SpecFile = {},
): JobSpec {
  const parsed = jobSpecSchema.safeParse({
    ...file,
    cluster,
    ...present({
      environment: joined(file["environment"], pairs(options.env, "--env")),
      labels: joined(file["labels"], pairs(options.label, "--label")),
      options: joined(file["options"], schedulerOptions(options.option)),
      resources: joined(file["resources"], resources(options)),
      payload,
      name: options.name,
      count: options.count === undefined ? undefined : number(options.count),
      workingDirectory: options.chdir,
      idempotencyKey: options.key,
      retry: retry(options),
      signalBeforeLimit: signalBeforeLimit(options.signalBeforeLimit),
    }),
  });
  if (!parsed.success) throw new InvalidInputError(parsed.error);
  return parsed.data;
}
