/**
 * What a job might ask for differently next time, in plain words. Pure.
 *
 * @module
 */

import { bytesText } from "../../model/mod.ts";
import type { JobMetrics } from "../../model/mod.ts";

/** Shorter runs tell too little of what a job needs. */
const TELLING_SECONDS = 60;

/** Less than this share of the memory is worth a word, where so much of it was left. */
const LITTLE_MEMORY = 0.5;
const MUCH_MEMORY_BYTES = 2 ** 30;

/** From this share on memory is scarce. */
const SCARCE_MEMORY = 0.95;

/** Less than this share of the processors' time is worth a word, where one processor more was idle. */
const LITTLE_CPU = 0.5;

/** Less than this share of the time limit is worth a word, where so much of it was left. */
const LITTLE_TIME = 0.25;
const MUCH_TIME_SECONDS = 3600;

/** From this share on the time limit is near. */
const SCARCE_TIME = 0.95;

/** Processes that use less than this share of one processor keep no GPU busy. */
const IDLE_CPU = 0.01;

/** A number with at most one digit behind the point, and none where it is large. */
function rounded(amount: number): string {
  return amount >= 100 ? amount.toFixed(0) : String(Number(amount.toFixed(1)));
}

function durationText(seconds: number): string {
  const of = (amount: number, unit: string) => {
    const text = rounded(amount);
    return `${text} ${unit}${text === "1" ? "" : "s"}`;
  };
  if (seconds < 120) return of(Math.round(seconds), "second");
  if (seconds < 120 * 60) return of(Math.round(seconds / 60), "minute");
  if (seconds < 72 * 3600) return of(seconds / 3600, "hour");
  return of(seconds / 86_400, "day");
}

function countText(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** What is known of the job beside its figures. */
export interface HintContext {
  /** Whether `tasks` are components rather than tasks of an array. */
  readonly components?: true;
  /** Its parts. */
  readonly parts: readonly {
    /** Whether it has ended; one that runs may need later what it does not use yet. */
    readonly final: boolean;
    /** Whether it has ended by itself and well, so that its run was a whole one. */
    readonly succeeded: boolean;
  }[];
}

type Figures = Omit<JobMetrics, "hints">;

/** Advice to ask for less is given only once the whole job has been seen to need no more. */
export function efficiencyHints(metrics: Figures, { components, parts }: HintContext): string[] {
  const ended = parts.length > 0 && parts.every(({ final }) => final);
  const whole = ended && parts.every(({ succeeded }) => succeeded);
  const array = metrics.tasks !== undefined && components !== true;
  return [
    ...scarceMemory(metrics, array),
    ...(whole ? spareMemory(metrics, array) : []),
    ...(ended ? idleGpus(metrics) : []),
    ...(ended ? idleCpus(metrics, array) : []),
    ...timeHints(metrics, array, whole, ended),
  ];
}

/** The memory that was asked for, with where it counts, and what was used of it. */
function memoryPair({ nodes = 1, requestedMemoryBytes, memoryShare }: Figures, array: boolean) {
  if (requestedMemoryBytes === undefined || memoryShare === undefined) return undefined;
  const several = !array && nodes > 1;
  const asked = several ? requestedMemoryBytes / nodes : requestedMemoryBytes;
  return {
    asked,
    used: asked * memoryShare,
    share: memoryShare,
    where: several ? " on each node" : array ? " for each task" : "",
    whose: several ? " on the fullest" : array ? " in the largest" : "",
  };
}

function scarceMemory(metrics: Figures, array: boolean): string[] {
  const memory = memoryPair(metrics, array);
  if (memory === undefined || memory.share < SCARCE_MEMORY) return [];
  const { asked, used, where, whose } = memory;
  return [
    `Used ${bytesText(used)}${whose} of the ${bytesText(asked)}${where}: ask for more memory.`,
  ];
}

function spareMemory(metrics: Figures, array: boolean): string[] {
  const { elapsedSeconds = 0 } = metrics;
  const memory = memoryPair(metrics, array);
  if (memory === undefined || elapsedSeconds < TELLING_SECONDS) return [];
  const { asked, used, share, where, whose } = memory;
  if (share >= LITTLE_MEMORY || asked - used < MUCH_MEMORY_BYTES) return [];
  return [`Asked for ${bytesText(asked)} of memory${where}, used ${bytesText(used)}${whose}.`];
}

function idleGpus({ gpuHours, gpus = 0, cpuSeconds, elapsedSeconds = 0 }: Figures): string[] {
  if (gpuHours === undefined || gpus === 0 || cpuSeconds === undefined) return [];
  if (elapsedSeconds < TELLING_SECONDS || cpuSeconds >= IDLE_CPU * elapsedSeconds) return [];
  return [
    `Held ${countText(gpus, "GPU")} for ${durationText(elapsedSeconds)} with ${
      durationText(cpuSeconds)
    } of processor time: hardly anything can have run on ${gpus === 1 ? "it" : "them"}.`,
  ];
}

function idleCpus(
  { cpuEfficiency, cpus = 0, elapsedSeconds = 0, gpus = 0 }: Figures,
  array: boolean,
): string[] {
  if (cpuEfficiency === undefined || elapsedSeconds < TELLING_SECONDS) return [];
  const busy = cpuEfficiency * cpus;
  if (cpuEfficiency >= LITTLE_CPU || cpus - busy < 1) return [];
  // One processor is the least that can be asked for, and with a GPU it may well wait.
  if (cpus === 1 || (gpus > 0 && cpus <= gpus)) return [];
  const where = array ? " of a task" : "";
  return [`${rounded(busy)} of ${cpus} CPUs${where} were busy on average.`];
}

/** How long one run took: of an array, of its longest task. */
function longestRun({ elapsedSeconds, tasks }: Figures, array: boolean): number | undefined {
  if (!array) return elapsedSeconds;
  const runs = (tasks ?? []).flatMap((task) => task.elapsedSeconds ?? []);
  return runs.length === 0 ? undefined : runs.reduce((most, run) => Math.max(most, run));
}

function timeHints(metrics: Figures, array: boolean, whole: boolean, ended: boolean): string[] {
  const { timeLimitSeconds } = metrics;
  const run = longestRun(metrics, array);
  if (run === undefined || timeLimitSeconds === undefined || !ended) return [];
  const ran = `${array ? "The longest task ran" : "Ran"} ${durationText(run)} of the ${
    durationText(timeLimitSeconds)
  } allowed`;
  if (run >= SCARCE_TIME * timeLimitSeconds) return [`${ran}: ask for more time.`];
  const left = timeLimitSeconds - run;
  return whole && run < LITTLE_TIME * timeLimitSeconds && left >= MUCH_TIME_SECONDS
    ? [`${ran}.`]
    : [];
}
