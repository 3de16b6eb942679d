/**
 * Figures of a job from what accounting and sstat tell of it and its steps. Pure.
 *
 * @module
 */

import type { StepMetrics } from "../../model/mod.ts";
import { stateMeaning } from "../../slurm/mod.ts";
import type { JobUsage, RunningStep, StepUsage, Usage } from "../../slurm/mod.ts";
import type { PartFound } from "../metrics/assemble.ts";
import { figuresOf, known, largest, sumOfAll, sumOfKnown } from "../metrics/figures.ts";
import type { Measured } from "../metrics/figures.ts";

/** Whether accounting has its end, so that its figures are final. */
export function isSettled({ state, endedAt }: Usage): boolean {
  return endedAt !== undefined && state !== undefined && stateMeaning(state).kind === "ended";
}

function measuredOf(usage: Usage): Measured {
  return {
    elapsedSeconds: usage.elapsedSeconds,
    cpus: usage.cpus,
    cpuSeconds: usage.cpuSeconds,
    nodes: usage.nodes,
    gpus: usage.gpus,
    requestedMemoryBytes: usage.heldMemoryBytes,
    peakMemoryBytes: usage.peakMemoryBytes,
    peakTaskMemoryBytes: usage.peakTaskMemoryBytes,
    energyJoules: usage.energyJoules,
    diskReadBytes: usage.diskReadBytes,
    diskWriteBytes: usage.diskWriteBytes,
  };
}

/** A step as accounting has it, with what its tasks use now where it runs. */
interface Step {
  /** Slurm's name of it. */
  readonly step: string;
  /** Tasks that it started, or that run now. */
  readonly tasks?: number | undefined;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly measured: Measured;
  /** Whether sstat knows it. */
  readonly live: boolean;
}

function countedStep(usage: StepUsage): Step {
  const { step, tasks, startedAt, endedAt } = usage;
  return { step, tasks, startedAt, endedAt, measured: measuredOf(usage), live: false };
}

function liveStep(usage: StepUsage | undefined, running: RunningStep): Step {
  const { step, cpuSeconds, memoryBytes, peakTaskMemoryBytes, diskReadBytes, diskWriteBytes } =
    running;
  return {
    step,
    tasks: running.tasks ?? usage?.tasks,
    startedAt: usage?.startedAt,
    measured: {
      ...measuredOf(usage ?? {}),
      cpuSeconds,
      peakTaskMemoryBytes,
      peakMemoryBytes: largest([memoryBytes, peakTaskMemoryBytes]),
      diskReadBytes,
      diskWriteBytes,
    },
    live: true,
  };
}

/** The steps that accounting has, then those that only sstat knows yet. */
function joined(counted: readonly StepUsage[], running: readonly RunningStep[]): Step[] {
  const live = new Map(running.map((step) => [step.step, step]));
  const steps = counted.map((step): Step => {
    const now = live.get(step.step);
    live.delete(step.step);
    // One that accounting has ended since is told by that.
    return now === undefined || isSettled(step) ? countedStep(step) : liveStep(step, now);
  });
  return [...steps, ...[...live.values()].map((step) => liveStep(undefined, step))];
}

/** Processor time of a job: that of its steps, each of which must be known unless it was over at once. */
function cpuSeconds(steps: readonly Step[], job: Usage | undefined): number | undefined {
  if (steps.length === 0) return job?.cpuSeconds;
  return sumOfAll(steps.map(({ step, measured }) => {
    // In Slurm's own step next to nothing happens: what is not known of it is no gap.
    const nothing = step === "extern" || measured.elapsedSeconds === 0;
    return measured.cpuSeconds ?? (nothing ? 0 : undefined);
  }));
}

/** The largest sum of the peaks of steps that ran at the same time. */
function peakTogether(steps: readonly Step[]): number | undefined {
  const counted = steps.filter(({ measured }) => measured.peakMemoryBytes !== undefined);
  // The sum only grows where a step starts.
  return largest(counted.map((step) => {
    const { startedAt = -Infinity } = step;
    const together = counted.filter((other) =>
      other === step ||
      ((other.startedAt ?? -Infinity) <= startedAt && startedAt < (other.endedAt ?? Infinity))
    );
    return sumOfKnown(together.map(({ measured }) => measured.peakMemoryBytes));
  }));
}

function jobMeasured(job: Usage | undefined, steps: readonly Step[]): Measured {
  const values = (name: keyof Measured) => steps.map(({ measured }) => measured[name]);
  return {
    ...measuredOf(job ?? {}),
    cpuSeconds: cpuSeconds(steps, job),
    peakMemoryBytes: peakTogether(steps),
    peakTaskMemoryBytes: largest(values("peakTaskMemoryBytes")),
    energyJoules: job?.energyJoules ?? sumOfKnown(values("energyJoules")),
    diskReadBytes: sumOfKnown(values("diskReadBytes")),
    diskWriteBytes: sumOfKnown(values("diskWriteBytes")),
  };
}

function stepMetrics({ step, tasks, measured }: Step): StepMetrics {
  return known({ step, tasks, ...figuresOf(measured) });
}

function sourceOf(steps: readonly Step[]): "sstat" | "accounting" {
  return steps.some(({ live }) => live) ? "sstat" : "accounting";
}

/**
 * What is told of a job, an array task or a component.
 *
 * @param job What accounting has of it; `undefined` where it has nothing.
 * @param running Those of its steps that sstat shows.
 */
export function jobFound(job: JobUsage | undefined, running: readonly RunningStep[]): PartFound {
  const steps = joined(job?.steps ?? [], running);
  return {
    source: sourceOf(steps),
    figures: figuresOf(jobMeasured(job, steps)),
    steps: steps.map(stepMetrics),
    timeLimitSeconds: job?.timeLimitSeconds,
  };
}

/**
 * What is told of a step of a session, which is a single one of Slurm's.
 *
 * @param usage What accounting has of it; `undefined` where it has nothing.
 * @param running What sstat shows of it.
 */
export function stepFound(
  usage: StepUsage | undefined,
  running: readonly RunningStep[],
): PartFound {
  const steps = joined(usage === undefined ? [] : [usage], running);
  const [figures = {}] = steps.map(({ measured }) => figuresOf(measured));
  return { source: sourceOf(steps), figures, steps: steps.map(stepMetrics) };
}
