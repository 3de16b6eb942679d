/**
 * The job that the options of `submit` describe.
 *
 * @module
 */

import { resolve } from "node:path";
import { z } from "zod";
import type { JobSpec, JobSpecInput } from "../model/mod.ts";
import { InvalidInputError, jobSpecSchema } from "../model/mod.ts";
import { UsageError } from "./errors.ts";
import {
  number,
  pairs,
  present,
  resourceOptionsSchema,
  resources,
  schedulerOptions,
} from "./resource_options.ts";
import type { SpecFile } from "./spec_file.ts";
import { around, inputs, workOptionsSchema } from "./work_options.ts";

/** The options of `submit` that say what the job is, as the command line has them. */
export const submitOptionsSchema = z.object({
  name: z.string().optional(),
  env: z.array(z.string()).default([]),
  label: z.array(z.string()).default([]),
  option: z.array(z.string()).default([]),
  output: z.array(z.string()).default([]),
  chdir: z.string().optional(),
  ...resourceOptionsSchema.shape,
  ...workOptionsSchema.shape,
  array: z.string().optional(),
  session: z.string().optional(),
  count: z.string().optional(),
  module: z.array(z.string()).optional(),
  conda: z.string().optional(),
  venv: z.string().optional(),
  archive: z.string().optional(),
  activate: z.string().optional(),
  key: z.string().optional(),
  retry: z.string().optional(),
  retryOn: z.string().optional(),
  retryDelay: z.string().optional(),
  signalBeforeLimit: z.string().optional(),
});

/** See {@linkcode submitOptionsSchema}. */
export type SubmitOptions = z.infer<typeof submitOptionsSchema>;

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

/** The software that the options name: one kind at the most. */
function software(
  { module: modules, conda, venv, archive, activate }: SubmitOptions,
): Record<string, unknown> | undefined {
  const named = [
    modules === undefined ? [] : [{ kind: "modules", modules }],
    conda === undefined ? [] : [{ kind: "conda", environment: conda }],
    venv === undefined ? [] : [{ kind: "venv", path: venv }],
    // The server has a working directory of its own.
    archive === undefined ? [] : [present({ kind: "archive", path: resolve(archive), activate })],
  ].flat();
  if (named.length > 1) {
    throw new UsageError(
      "A job has one kind of software.",
      "Choose one of --module, --conda, --venv and --archive.",
    );
  }
  if (activate !== undefined && archive === undefined) {
    throw new UsageError("--activate does nothing by itself.", "Add --archive with the archive.");
  }
  return named[0];
}

/** Files that the job makes: `name=location`, or `name` alone for one in its own place. */
function outputs(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(words.map((word) => {
    const place = word.indexOf("=");
    return place < 0 ? [word, {}] : [word.slice(0, place), { location: word.slice(place + 1) }];
  }));
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
      inputs: joined(file["inputs"], inputs(options)),
      outputs: joined(file["outputs"], outputs(options.output)),
      labels: joined(file["labels"], pairs(options.label, "--label")),
      options: joined(file["options"], schedulerOptions(options.option)),
      resources: joined(file["resources"], {
        ...resources(options),
        ...present({ array: options.array }),
      }),
      payload,
      ...around(options),
      software: software(options),
      name: options.name,
      session: options.session,
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
