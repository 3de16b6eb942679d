/**
 * The answer to a question for a job's metrics, from what was found of its parts. Pure.
 *
 * @module
 */

import type { JobMetrics, MetricsSource, StepMetrics, UsageFigures } from "../../model/mod.ts";
import type { MeteredJob } from "../scheduler.ts";
import { figuresOfParts, known } from "./figures.ts";
import { efficiencyHints } from "./hints.ts";

/** What was found of a job that has no parts, or of one of its parts. */
export interface PartFound {
  /** Where the figures come from. */
  readonly source: MetricsSource;
  /** The figures. */
  readonly figures: UsageFigures;
  /** Those of Slurm's steps, where any are known. */
  readonly steps: readonly StepMetrics[];
  /** How long it was allowed to run. */
  readonly timeLimitSeconds?: number | undefined;
}

/** What is said of a part of which nothing is known. */
export const NOTHING_FOUND: PartFound = { source: "none", figures: {}, steps: [] };

/** The sources in the order in which they count for a whole. */
const ORDER: readonly MetricsSource[] = ["sstat", "accounting", "record"];

/**
 * The metrics of a job.
 *
 * @param found What was found of each of its parts, in their order.
 */
export function assembleMetrics(job: MeteredJob, found: readonly PartFound[]): JobMetrics {
  const parts = found.map((part) => {
    const steps = part.steps.length === 0 ? undefined : [...part.steps];
    return { ...part, steps };
  });
  const [only] = parts;
  const single = job.parts[0]?.task === undefined;
  const figures = single
    ? only?.figures ?? {}
    : figuresOfParts(parts.map((part) => part.figures), job.components === true);
  const limits = parts.flatMap(({ timeLimitSeconds }) => timeLimitSeconds ?? []);
  const metrics: Omit<JobMetrics, "hints"> = known({
    source: ORDER.find((source) => parts.some((part) => part.source === source)) ?? "none",
    ...figures,
    timeLimitSeconds: limits.length === 0 ? undefined : Math.max(...limits),
    steps: single ? only?.steps : undefined,
    tasks: single ? undefined : parts.flatMap((part, index) => {
      const task = job.parts[index]?.task;
      if (task === undefined) return [];
      return [known({ task, source: part.source, ...part.figures, steps: part.steps })];
    }),
  });
  return { ...metrics, hints: efficiencyHints(metrics, job) };
}
