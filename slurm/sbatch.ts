/**
 * sbatch: handing a job to the scheduler.
 *
 * Source: sbatch(1).
 *
 * @module
 */

import type { JobSpec, Resources, SchedulerId } from "../model/mod.ts";
import { schedulerIdSchema, SluiceError } from "../model/mod.ts";
import { expandArray } from "./job_ids.ts";
import { parseMemory } from "./memory.ts";
import type { SbatchOption } from "./sbatch_options.ts";
import {
  isHeterogeneousOption,
  isSbatchOption,
  nearestOption,
  optionValue,
  reservedOption,
} from "./sbatch_options.ts";
import type { SlurmOutput } from "./text.ts";
import { outputLines } from "./text.ts";
import { parseTimeLimit } from "./time.ts";

/** Raised for an option that Sluice sets itself or that has a place of its own in a job. */
export class ReservedOptionError extends SluiceError {
  override readonly name: string = "ReservedOptionError";

  /** Names the option and what to use in its place. */
  constructor(option: string, next: string) {
    super({
      code: "RESERVED_OPTION",
      message: `The sbatch option --${option} cannot be given.`,
      next,
    });
  }
}

/** Raised for an option that sbatch does not have. */
export class UnknownOptionError extends SluiceError {
  override readonly name: string = "UnknownOptionError";

  /** Names the option, and the one that may have been meant. */
  constructor(option: string) {
    const nearest = nearestOption(option);
    super({
      code: "UNKNOWN_OPTION",
      message: `sbatch has no option named ${JSON.stringify(option)}.`,
      next: nearest === undefined
        ? "Name the option by its long form without dashes, as `man sbatch` lists it."
        : `Did you mean \`${nearest}\`?`,
    });
  }
}

/** Raised for an option with a value that it does not take, or without one that it needs. */
export class OptionValueError extends SluiceError {
  override readonly name: string = "OptionValueError";

  /** Names the option and says how to write it. */
  constructor(option: SbatchOption) {
    super({
      code: "OPTION_VALUE",
      message: optionValue(option) === "required"
        ? `The sbatch option --${option} needs a value.`
        : `The sbatch option --${option} takes no value.`,
      next: optionValue(option) === "required"
        ? `Give \`${option}\` a text or a number.`
        : `Write \`${option}: true\`.`,
    });
  }
}

/** Raised for a heterogeneous job, whose parts ask for different resources. */
export class HeterogeneousNotSupportedError extends SluiceError {
  override readonly name: string = "HeterogeneousNotSupportedError";

  /** Makes the error. */
  constructor() {
    super({
      code: "HETEROGENEOUS_NOT_SUPPORTED",
      message: "Heterogeneous jobs are not supported yet.",
      next: "Submit the parts as jobs of their own, or one job with the resources of all of them.",
    });
  }
}

/** What to hand to sbatch. */
export interface SbatchRequest {
  /** Name of the job. */
  readonly name: string;
  /** The mark by which the job is found again; see sluiceComment. */
  readonly comment: string;
  /** Where the job starts, on the cluster. */
  readonly directory: string;
  /** File of the standard output, with sbatch's patterns such as `%a`. */
  readonly output: string;
  /** File of the standard error, with sbatch's patterns. */
  readonly error: string;
  /** What the job needs. */
  readonly resources: Resources;
  /** Other options of sbatch by their long names; `true` stands for one without a value. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** A signal to the batch script alone, so many seconds before the time limit. Default: none. */
  readonly signalBeforeLimit?: JobSpec["signalBeforeLimit"];
  /** Path of the batch script on the cluster. */
  readonly script: string;
  /** Arguments of the batch script. Default: none. */
  readonly arguments?: readonly string[];
  /** The cluster's MaxArraySize. Default: Slurm's own. */
  readonly maxArraySize?: number;
}

/**
 * The command that submits a job.
 *
 * Every value stands in one word with its option (`--name=value`), so that none is taken for an option.
 * Output is appended, so that a job that is put back into the queue does not lose what it wrote before.
 *
 * @throws {InvalidTimeLimitError} The time limit is not one of Slurm's forms.
 * @throws {InvalidMemoryError} An amount of memory is not one of Slurm's forms.
 * @throws {InvalidArrayError} The array's tasks cannot be used.
 * @throws {ReservedOptionError} An option that Sluice sets itself, or that has a place of its own in the job.
 * @throws {UnknownOptionError} An option that sbatch does not have.
 * @throws {OptionValueError} An option with a value that it does not take, or without one it needs.
 * @throws {HeterogeneousNotSupportedError} An option of heterogeneous jobs.
 */
export function sbatchArguments(request: SbatchRequest): string[] {
  const { resources, options, maxArraySize } = request;
  if (resources.time !== undefined) parseTimeLimit(resources.time);
  if (resources.memory !== undefined) parseMemory(resources.memory);
  if (resources.memoryPerCpu !== undefined) parseMemory(resources.memoryPerCpu);
  if (resources.array !== undefined) expandArray(resources.array, maxArraySize);
  const early = request.signalBeforeLimit;
  if (early !== undefined && options["signal"] !== undefined) {
    throw new ReservedOptionError("signal", "Leave it out: `signalBeforeLimit` says the same.");
  }
  return [
    "sbatch",
    "--parsable",
    "--ignore-pbs",
    `--job-name=${request.name}`,
    `--comment=${request.comment}`,
    `--chdir=${request.directory}`,
    "--input=/dev/null",
    `--output=${request.output}`,
    `--error=${request.error}`,
    "--open-mode=append",
    ...resourceArguments(resources),
    ...optionArguments(options),
    ...(early === undefined ? [] : [`--signal=B:${early.signal}@${early.seconds}`]),
    // Without it, a script's path that starts with a dash would be an option.
    "--",
    request.script,
    ...(request.arguments ?? []),
  ];
}

/** The option of sbatch that stands for each resource. */
const resourceOptions = {
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

const memoryOptions: ReadonlySet<string> = new Set(["mem", "mem-per-cpu", "mem-per-gpu"]);

/** Whether a job that names the one option leaves no room for the default of the other. */
function settles(named: string, option: SbatchOption): boolean {
  return named === option || (memoryOptions.has(named) && memoryOptions.has(option));
}

function isResource(name: string): name is keyof Resources {
  return Object.hasOwn(resourceOptions, name);
}

function named(resources: Resources): (keyof Resources)[] {
  return Object.keys(resourceOptions).filter(isResource).filter((name) =>
    resources[name] !== undefined
  );
}

/**
 * What a job asks for, with the cluster's defaults for what neither the job nor its script names.
 *
 * @param scriptOptions The options that the script's own `#SBATCH` lines set.
 */
export function withDefaults(
  resources: Resources,
  defaults: Resources,
  scriptOptions: readonly string[],
): Resources {
  const taken = [...scriptOptions, ...named(resources).map((name) => resourceOptions[name])];
  const open = named(defaults).filter((name) =>
    !taken.some((option) => settles(option, resourceOptions[name]))
  );
  return {
    ...Object.fromEntries(open.map((name) => [name, defaults[name]])),
    ...Object.fromEntries(named(resources).map((name) => [name, resources[name]])),
  };
}

function resourceArguments(resources: Resources): string[] {
  return named(resources).flatMap((name) => {
    const value = resources[name];
    if (value === false) return [];
    return [value === true ? `--${resourceOptions[name]}` : `--${resourceOptions[name]}=${value}`];
  });
}

/** Checks one option by name. */
function knownOption(name: string): SbatchOption {
  if (isHeterogeneousOption(name)) throw new HeterogeneousNotSupportedError();
  if (!isSbatchOption(name)) throw new UnknownOptionError(name);
  const instead = reservedOption(name);
  if (instead !== undefined) throw new ReservedOptionError(name, instead);
  return name;
}

function optionArguments(options: SbatchRequest["options"]): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const option = knownOption(name);
    if (value === false) return [];
    const takes = optionValue(option);
    if (takes === "required" ? value === true : takes === "none" && value !== true) {
      throw new OptionValueError(option);
    }
    return [value === true ? `--${option}` : `--${option}=${value}`];
  });
}

/** Raised when sbatch reported success without telling the job's id. */
export class SbatchAnswerError extends SluiceError {
  override readonly name: string = "SbatchAnswerError";

  /** Shows what sbatch wrote. */
  constructor(output: string) {
    super({
      code: "SBATCH_ANSWER",
      message: `sbatch did not print a job's id but ${JSON.stringify(output.slice(-500))}.`,
      next: "See whether `sbatch` is a site's own wrapper that does not pass on --parsable.",
    });
  }
}

/**
 * The job's id in sbatch's answer to `--parsable`, which is `123` or `123;cluster`. A site's wrapper may
 * print a banner before it, so the last line of that form counts.
 *
 * @throws {SbatchAnswerError} No line is an id.
 */
export function parseSbatch(output: SlurmOutput): SchedulerId {
  const lines = outputLines(output);
  for (const line of lines.reverse()) {
    const id = /^(\d{1,10})(?:;[\w.-]+)?$/.exec(line.trim())?.[1];
    if (id !== undefined) return schedulerIdSchema.parse(id);
  }
  throw new SbatchAnswerError(lines.reverse().join("\n"));
}
