/**
 * sbatch: handing a job to the scheduler.
 *
 * Source: sbatch(1).
 *
 * @module
 */

import type { JobSpec, Resources } from "../model/mod.ts";
import { SluiceError } from "../model/mod.ts";
import { expandArray } from "./job_ids.ts";
import { parseMemory } from "./memory.ts";
import { namedResources, resourceOptions } from "./resources.ts";
import type { SbatchOption } from "./sbatch_options.ts";
import {
  isHeterogeneousOption,
  isSbatchOption,
  nearestOption,
  optionValue,
  reservedOption,
} from "./sbatch_options.ts";
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

/** What to use in place of sbatch's own ways to describe a heterogeneous job. */
export const COMPONENTS_INSTEAD = "Describe the job's other components in its `components`.";

/** A further component of a heterogeneous job. */
export interface SbatchComponent {
  /** Name of the component. */
  readonly name: string;
  /** Its mark; see sluiceComment. */
  readonly comment: string;
  /** The words of the `#SBATCH` lines of its script; its resources win over them. */
  readonly directives: readonly string[];
  /** What it needs. */
  readonly resources: Resources;
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
  /** What the job, or its first component, needs. */
  readonly resources: Resources;
  /** The further components of a heterogeneous job. Default: none. */
  readonly components?: readonly SbatchComponent[];
  /** The words of `#SBATCH` lines that the batch script does not hold. Default: none. */
  readonly directives?: readonly string[];
  /** Other options of sbatch by their long names; `true` stands for one without a value. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /**
   * A signal so many seconds before the time limit: to the batch script alone or, of a heterogeneous job, to the
   * steps of each component. Default: none.
   */
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
 */
export function sbatchArguments(request: SbatchRequest): string[] {
  const { resources, options, components = [], directives = [], maxArraySize } = request;
  for (const one of [resources, ...components.map((component) => component.resources)]) {
    checkResources(one, maxArraySize);
  }
  const early = request.signalBeforeLimit;
  if (early !== undefined && options["signal"] !== undefined) {
    throw new ReservedOptionError("signal", "Leave it out: `signalBeforeLimit` says the same.");
  }
  const signal = early === undefined ? [] : [
    // A component's script is in a step of the job, which Slurm signals itself.
    `--signal=${components.length === 0 ? "B:" : ""}${early.signal}@${early.seconds}`,
  ];
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
    ...directives,
    ...resourceArguments(resources),
    ...optionArguments(options),
    ...signal,
    ...components.flatMap((component) => [
      ":",
      `--job-name=${component.name}`,
      `--comment=${component.comment}`,
      ...component.directives,
      ...resourceArguments(component.resources),
      ...signal,
    ]),
    // Without it, a script's path that starts with a dash would be an option.
    "--",
    request.script,
    ...(request.arguments ?? []),
  ];
}

function checkResources(resources: Resources, maxArraySize: number | undefined): void {
  if (resources.time !== undefined) parseTimeLimit(resources.time);
  if (resources.memory !== undefined) parseMemory(resources.memory);
  if (resources.memoryPerCpu !== undefined) parseMemory(resources.memoryPerCpu);
  if (resources.array !== undefined) expandArray(resources.array, maxArraySize);
}

function resourceArguments(resources: Resources): string[] {
  return namedResources(resources).flatMap((name) => {
    const value = resources[name];
    if (value === false) return [];
    return [value === true ? `--${resourceOptions[name]}` : `--${resourceOptions[name]}=${value}`];
  });
}

/** Checks one option by name. */
function knownOption(name: string): SbatchOption {
  if (isHeterogeneousOption(name)) throw new ReservedOptionError(name, COMPONENTS_INSTEAD);
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
