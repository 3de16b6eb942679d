/**
 * What a job has used of what it held.
 *
 * @module
 */

import { z } from "zod";

const amount = z.number().nonnegative();

const figures = {
  elapsedSeconds: amount.optional().describe(
    "How long it ran. Of an array, all its tasks one after the other.",
  ),
  cpus: z.int().positive().optional().describe(
    "Processors held; of an array, by the task that held most.",
  ),
  cpuSeconds: amount.optional().describe(
    "Processor time used, all processors together; absent where that of a part is not known. Of processes that were killed, and while it runs, as it was sampled last.",
  ),
  cpuEfficiency: amount.optional().describe(
    "cpuSeconds / (elapsedSeconds × cpus): 1 where all processors were busy all the time. Of an array, over the tasks of which both are known.",
  ),
  nodes: z.int().positive().optional().describe(
    "Nodes held; of an array, by the task that held most.",
  ),
  nodeHours: amount.optional().describe(
    "Nodes × hours. Jobs that share a node count it each.",
  ),
  gpus: z.int().nonnegative().optional().describe(
    "GPUs held; of an array, by the task that held most. Absent also where the cluster does not count GPUs.",
  ),
  gpuHours: amount.optional().describe("GPUs × hours."),
  requestedMemoryBytes: amount.optional().describe(
    "Memory held, on all nodes together: what was asked for, or the cluster's default; of an array, by the task that held most.",
  ),
  peakMemoryBytes: amount.optional().describe(
    "Peak of the resident memory on all nodes together, as it was sampled: the sum of the peaks of all tasks of a step; of a job, of all steps that ran at the same time. It was at most this at any one time. While it runs: what the tasks had when they were sampled last.",
  ),
  peakTaskMemoryBytes: amount.optional().describe(
    "Largest resident memory of one task, as it was sampled.",
  ),
  memoryShare: amount.optional().describe(
    "Share of the memory of the fullest node that was used. On one node, peakMemoryBytes / requestedMemoryBytes. On several, at least this: the mean of all nodes, or the largest task against the memory of one node, whichever is more. Of an array, by the task whose share is largest.",
  ),
  energyJoules: amount.optional().describe(
    "Energy that its nodes took while it ran, also for other jobs on them; absent where it is not measured.",
  ),
  diskReadBytes: amount.optional().describe(
    "Bytes read from files, cached or not, as they were sampled.",
  ),
  diskWriteBytes: amount.optional().describe("Bytes written to files, as they were sampled."),
};

/** Figures of a step, a part or all of a job. What is not known is absent. */
export const usageFiguresSchema = z.object(figures).describe(
  "Figures of a step, a part or all of a job. What is not known is absent.",
);
/** See {@linkcode usageFiguresSchema}. */
export type UsageFigures = z.infer<typeof usageFiguresSchema>;

/** Where figures come from. */
export const metricsSourceSchema = z.enum(["accounting", "sstat", "record", "none"]).describe(
  "Where the figures come from: Slurm's accounting; while it runs, sstat, with what accounting has by then; the record that the job's script made of its start and end; or nowhere. Of several parts, the first of `sstat`, `accounting`, `record` that any comes from.",
);
/** See {@linkcode metricsSourceSchema}. */
export type MetricsSource = z.infer<typeof metricsSourceSchema>;

/** Figures of one of Slurm's steps. */
export const stepMetricsSchema = z.object({
  step: z.string().describe(
    "Slurm's name of the step: `batch` for the job's script, `extern`, `interactive`, or the number of an srun.",
  ),
  tasks: z.int().positive().optional().describe(
    "Tasks that it started; while it runs, those that still do.",
  ),
  ...figures,
}).describe("Figures of one of Slurm's steps.");
/** See {@linkcode stepMetricsSchema}. */
export type StepMetrics = z.infer<typeof stepMetricsSchema>;

/** Figures of an array task or a component of a heterogeneous job. */
export const partMetricsSchema = z.object({
  task: z.int().nonnegative().describe("Number of the array task or component."),
  source: metricsSourceSchema,
  ...figures,
  steps: z.array(stepMetricsSchema).optional(),
}).describe("Figures of an array task or a component of a heterogeneous job.");
/** See {@linkcode partMetricsSchema}. */
export type PartMetrics = z.infer<typeof partMetricsSchema>;

/** What a job has used of what it held, in its last attempt. What is not known is absent. */
export const jobMetricsSchema = z.object({
  source: metricsSourceSchema,
  ...figures,
  timeLimitSeconds: amount.optional().describe("How long it was allowed to run."),
  steps: z.array(stepMetricsSchema).optional().describe(
    "Slurm's steps of a job that is no array and not heterogeneous.",
  ),
  tasks: z.array(partMetricsSchema).optional().describe(
    "The tasks of an array, or the components of a heterogeneous job.",
  ),
  hints: z.array(z.string()).describe(
    "In plain words, what might be asked for differently next time.",
  ),
}).describe(
  "What a job has used of what it held, in its last attempt. What is not known is absent.",
);
/** See {@linkcode jobMetricsSchema}. */
export type JobMetrics = z.infer<typeof jobMetricsSchema>;
