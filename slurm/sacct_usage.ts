/**
 * sacct: what accounting counted for jobs and each of their steps.
 *
 * Source: sacct(1), "Job Accounting Fields".
 *
 * @module
 */

import type { SchedulerId } from "../model/mod.ts";
import type { SlurmJobId } from "./job_ids.ts";
import { formatJobId, parseJobId, parseStepId } from "./job_ids.ts";
import { sacctCommand } from "./sacct_command.ts";
import { parseAccountedMemory } from "./memory.ts";
import { measured, present } from "./present.ts";
import type { SlurmState } from "./states.ts";
import { parseState } from "./states.ts";
import type { SlurmOutput } from "./text.ts";
import { fieldSeparator, outputLines } from "./text.ts";
import { parseDuration, parseEpoch } from "./time.ts";
import { parseHeldTres, parseUsedTres } from "./tres.ts";

/** The working directory is last: it is the only field whose text a user chose. */
const fields = [
  "JobID",
  "JobIDRaw",
  "State",
  "Start",
  "End",
  "ElapsedRaw",
  "TotalCPU",
  "AllocCPUS",
  "NNodes",
  "NTasks",
  "MaxRSS",
  "ReqMem",
  "TimelimitRaw",
  "ConsumedEnergyRaw",
  "AllocTRES",
  "TRESUsageInTot",
  "TRESUsageOutTot",
  "WorkDir",
] as const;

/**
 * The figures of jobs and of their steps; of a job that was put back, those of its last run.
 *
 * @param ids Jobs, whole arrays or heterogeneous jobs, or single steps (`12.3`). At least one, or sacct would
 * show all of a day's jobs.
 */
export function usageArguments(ids: readonly [string, ...string[]]): string[] {
  return sacctCommand(fields, ids);
}

/** What was counted for a step, or for a job as a whole. What is not known is absent. */
export interface Usage {
  /** Its state; absent where the word is not one of Slurm's. */
  readonly state?: SlurmState;
  /** When it started, in milliseconds since the epoch. */
  readonly startedAt?: number;
  /** When it ended, in milliseconds since the epoch. */
  readonly endedAt?: number;
  /** How long it has run, in seconds. */
  readonly elapsedSeconds?: number;
  /**
   * Processor time in seconds. It is charged when processes end and, where they are sampled, while they run;
   * neither sees all, so this is the larger of the two. A job's own is that of its steps that have ended.
   */
  readonly cpuSeconds?: number;
  /** Processors that it held. */
  readonly cpus?: number;
  /** Nodes that it held. */
  readonly nodes?: number;
  /** Tasks that it started. */
  readonly tasks?: number;
  /** Memory that it held in bytes, on all nodes together. */
  readonly heldMemoryBytes?: number;
  /** GPUs that it held. */
  readonly gpus?: number;
  /** Largest resident memory of one task, in bytes. */
  readonly peakTaskMemoryBytes?: number;
  /** Sum of the largest resident memories of all tasks, in bytes. */
  readonly peakMemoryBytes?: number;
  /** Energy in joules of the nodes while it ran, whoever used it. */
  readonly energyJoules?: number;
  /** Bytes read from files. */
  readonly diskReadBytes?: number;
  /** Bytes written to files. */
  readonly diskWriteBytes?: number;
}

/** What was counted for a step. */
export interface StepUsage extends Usage {
  /** `batch`, `extern`, `interactive` or a number. */
  readonly step: string;
}

/** What was counted for a job, an array task or a component. */
export interface JobUsage extends Usage {
  /** Its id. */
  readonly id: SlurmJobId;
  /** Slurm's number of it, by which sstat knows it; array tasks and components have numbers of their own. */
  readonly number: string;
  /** Its time limit in seconds; absent where it has none. */
  readonly timeLimitSeconds?: number;
  /** The directory in which its batch script was started. */
  readonly workingDirectory?: string;
  /** Its steps, in sacct's order. */
  readonly steps: readonly StepUsage[];
}

/** The outcome of reading sacct's output. */
export interface UsageAnswer {
  /** The jobs, array tasks and components, by their ids. */
  readonly jobs: ReadonlyMap<SchedulerId, JobUsage>;
  /** All steps, also those whose job was not asked for, by their ids as `12.3`. */
  readonly steps: ReadonlyMap<string, StepUsage>;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The larger of what is known; `undefined` where nothing is. */
function larger(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? one ?? other : Math.max(one, other);
}

/**
 * Processor time of what has ended or was sampled. When processes end, their parents are charged with it; of
 * those that were killed, whose parents were too, only samples tell.
 */
function processorTime(
  state: SlurmState | undefined,
  charged: number | undefined,
  sampled: number | undefined,
): number | undefined {
  const byThemselves = state === "COMPLETED" || state === "FAILED";
  return measured(byThemselves || sampled !== undefined ? larger(charged, sampled) : undefined);
}

/** What a release before 21.08, or a cluster that does not count memory, leaves to be told from the request. */
function requestedMemory(
  text: string,
  cpus: number | undefined,
  nodes: number | undefined,
): number | undefined {
  const memory = parseAccountedMemory(text, "M");
  if (memory === undefined || memory.bytes === 0) return undefined;
  switch (memory.per) {
    case "job":
      return memory.bytes;
    case "cpu":
      return cpus === undefined ? undefined : memory.bytes * cpus;
    case "node":
      return nodes === undefined ? undefined : memory.bytes * nodes;
  }
}

function parseFigures(parts: readonly string[]): Usage {
  const [stateText = "", start, end, elapsed, cpuTime = "", allocated, nodeCount, taskCount] = parts
    .slice(2);
  const [resident = "", asked = "", , energy, heldText = "", readText = "", writtenText = ""] =
    parts.slice(10);
  const state = parseState(stateText);
  // Of what never got any, the other fields tell what it asked for.
  const allocation = heldText !== "";
  const cpus = allocation ? measured(count(allocated)) : undefined;
  const nodes = allocation ? measured(count(nodeCount)) : undefined;
  const held = parseHeldTres(heldText);
  const used = parseUsedTres(readText);
  const startedAt = parseEpoch(start);
  const peakTaskMemoryBytes = measured(parseAccountedMemory(resident)?.bytes);
  return present<Usage>({
    state,
    startedAt,
    endedAt: parseEpoch(end),
    elapsedSeconds: allocation ? count(elapsed) : undefined,
    cpuSeconds: processorTime(state, parseDuration(cpuTime), used.cpuSeconds),
    cpus,
    nodes,
    tasks: measured(count(taskCount)),
    heldMemoryBytes: allocation
      ? held.memoryBytes ?? requestedMemory(asked, cpus, nodes)
      : undefined,
    gpus: held.gpus,
    peakTaskMemoryBytes,
    peakMemoryBytes: larger(used.memoryBytes, peakTaskMemoryBytes),
    energyJoules: measured(count(energy)),
    diskReadBytes: used.diskBytes,
    diskWriteBytes: used.diskBytes === undefined ? undefined : parseUsedTres(writtenText).diskBytes,
  });
}

function timeLimit(minutes: string | undefined): number | undefined {
  const limit = count(minutes);
  return limit === undefined ? undefined : limit * 60;
}

/** The jobs and steps in sacct's output. Lines that are none, or of tasks that still wait, are passed over. */
export function parseUsage(output: SlurmOutput): UsageAnswer {
  const jobs = new Map<SchedulerId, Omit<JobUsage, "steps">>();
  const steps = new Map<string, StepUsage>();
  const stepsOf = new Map<SchedulerId, Map<string, StepUsage>>();
  for (const line of outputLines(output)) {
    const parts = line.split(fieldSeparator);
    if (parts.length < fields.length) continue;
    const [idText = "", number = ""] = parts;
    const stepId = parseStepId(idText);
    if (stepId !== undefined) {
      const step = { step: stepId.step, ...parseFigures(parts) };
      const owner = formatJobId(stepId.job);
      steps.set(idText, step);
      stepsOf.set(owner, (stepsOf.get(owner) ?? new Map<string, StepUsage>()).set(step.step, step));
      continue;
    }
    const id = parseJobId(idText);
    if (id === undefined || id.kind === "waitingTasks") continue;
    const workingDirectory = parts.slice(fields.length - 1).join(fieldSeparator);
    jobs.set(formatJobId(id), {
      id,
      number,
      ...parseFigures(parts),
      ...present<Pick<JobUsage, "timeLimitSeconds" | "workingDirectory">>({
        timeLimitSeconds: timeLimit(parts[12]),
        workingDirectory: workingDirectory === "" ? undefined : workingDirectory,
      }),
    });
  }
  return {
    jobs: new Map(
      [...jobs].map(([id, job]) => [id, { ...job, steps: [...stepsOf.get(id)?.values() ?? []] }]),
    ),
    steps,
  };
}
