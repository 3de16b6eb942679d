/**
 * Slurm's ids of jobs, array tasks, heterogeneous components and steps.
 *
 * @module
 */

import type { SchedulerId } from "../model/mod.ts";
import { schedulerIdSchema, SluiceError } from "../model/mod.ts";

/** An id as Slurm's commands print it. */
export type SlurmJobId =
  /** A job: `12`. */
  | { readonly kind: "job"; readonly job: number }
  /** A task of a job array: `12_4`. */
  | { readonly kind: "task"; readonly job: number; readonly task: number }
  /** Tasks of a job array that still wait together: `12_[0-4%2]`. */
  | { readonly kind: "waitingTasks"; readonly job: number; readonly tasks: string }
  /** A component of a heterogeneous job: `12+1`. */
  | { readonly kind: "component"; readonly job: number; readonly component: number };

/** The id of a step with the job it is part of: `12.batch`, `12_4.0`, `12+1.extern`. */
export interface SlurmStepId {
  /** The job, task or component. */
  readonly job: SlurmJobId;
  /** `batch`, `extern`, `interactive` or a number. */
  readonly step: string;
}

/**
 * The parts of an id.
 *
 * @returns `undefined` for text that is not an id of Slurm's.
 */
export function parseJobId(text: string): SlurmJobId | undefined {
  const match = /^(\d{1,10})(?:_(\d{1,10})|_\[([\d,:%.-]{1,1000000})\]|\+(\d{1,10}))?$/.exec(text);
  if (match === null) return undefined;
  const [, job, task, tasks, component] = match;
  if (task !== undefined) return { kind: "task", job: Number(job), task: Number(task) };
  if (tasks !== undefined) return { kind: "waitingTasks", job: Number(job), tasks };
  if (component !== undefined) {
    return { kind: "component", job: Number(job), component: Number(component) };
  }
  return { kind: "job", job: Number(job) };
}

/**
 * The parts of a step's id.
 *
 * @returns `undefined` for text that is not the id of a step.
 */
export function parseStepId(text: string): SlurmStepId | undefined {
  const match = /^([^.]*)\.([a-z]{1,20}|\d{1,10}(?:\+\d{1,10})?)$/.exec(text);
  if (match === null) return undefined;
  const [, owner = "", step = ""] = match;
  const job = parseJobId(owner);
  return job === undefined ? undefined : { job, step };
}

/** An id as Slurm's commands take it. Tasks that wait together go by the whole array's id. */
export function formatJobId(id: SlurmJobId): SchedulerId {
  switch (id.kind) {
    case "job":
    case "waitingTasks":
      return schedulerIdSchema.parse(String(id.job));
    case "task":
      return schedulerIdSchema.parse(`${id.job}_${id.task}`);
    case "component":
      return schedulerIdSchema.parse(`${id.job}+${id.component}`);
  }
}

/** Raised for numbers of array tasks that cannot be used. */
export class InvalidArrayError extends SluiceError {
  override readonly name: string = "InvalidArrayError";

  /** Shows the start of the expression, and says what is wrong with it. */
  constructor(expression: string, problem: string) {
    super({
      code: "INVALID_ARRAY",
      message: `The array ${JSON.stringify(expression.slice(0, 200))} cannot be used: ${problem}.`,
      next: "Write each task's number once, such as `0-19`, `1,3,5`, `0-100:10` or `0-99%5`.",
    });
  }
}

/** Slurm's default of MaxArraySize, one more than the highest number a task may have. */
const defaultMaxArraySize = 1001;

/**
 * The numbers of an array's tasks, in ascending order; a limit of tasks that run at a time (`%5`) does
 * not change them.
 *
 * Source: sbatch(1), `--array`.
 *
 * @param expression What sbatch's `--array` takes, such as `0-19:2%5`.
 * @param maxArraySize The cluster's MaxArraySize: every number must be below it. Default:
 * {@linkcode defaultMaxArraySize}.
 * @throws {InvalidArrayError} The expression is not understood, names a task twice, or goes beyond
 * `maxArraySize`.
 */
export function expandArray(
  expression: string,
  maxArraySize: number = defaultMaxArraySize,
): number[] {
  const [list = "", ...limits] = expression.split("%");
  const [limit] = limits;
  if (limits.length > 1 || (limit !== undefined && !/^[1-9]\d{0,9}$/.test(limit))) {
    throw new InvalidArrayError(
      expression,
      "after '%' stands one number, how many tasks may run at a time, of at least 1",
    );
  }
  const tasks = new Set<number>();
  for (const range of list.split(",")) {
    const match = /^(\d{1,10})(?:-(\d{1,10})(?::(\d{1,10}))?)?$/.exec(range);
    if (match === null) {
      throw new InvalidArrayError(expression, `${JSON.stringify(range)} is not a range of numbers`);
    }
    const [, from = "", to = from, by = "1"] = match;
    const first = Number(from);
    const last = Number(to);
    const step = Number(by);
    if (last < first) throw new InvalidArrayError(expression, `the range ${range} runs backwards`);
    if (step === 0) throw new InvalidArrayError(expression, `the range ${range} has a step of 0`);
    if (last >= maxArraySize) {
      throw new InvalidArrayError(
        expression,
        `the highest number this cluster allows is ${maxArraySize - 1}`,
      );
    }
    for (let task = first; task <= last; task += step) {
      if (tasks.has(task)) throw new InvalidArrayError(expression, `task ${task} is named twice`);
      tasks.add(task);
    }
  }
  return [...tasks].sort((a, b) => a - b);
}
