/**
 * What clients may ask, beside submitting a job, and what they get.
 *
 * @module
 */

import { z } from "zod";
import { errorInfoSchema } from "./errors.ts";
import { returnedSchema } from "./function_result.ts";
import { clusterNameSchema, jobIdSchema, sessionIdSchema } from "./ids.ts";
import { jobOutputSchema } from "./job_files.ts";
import { finalPhaseSchema, jobPhaseSchema } from "./job_phase.ts";
import { jobSummarySchema, taskViewSchema } from "./job_view.ts";
import { reasonSchema } from "./job_event.ts";
import { signalNameSchema } from "./signal_name.ts";

const time = z.number().describe("Milliseconds since the epoch.");

/** Which jobs to list. All conditions must hold. */
export const jobFilterSchema = z.strictObject({
  cluster: clusterNameSchema.optional(),
  session: sessionIdSchema.optional().describe("The session whose steps are wanted."),
  phases: z.array(jobPhaseSchema).min(1).optional().describe("Phases, any of which will do."),
  labels: z.record(z.string(), z.string()).optional().describe(
    "Labels, all of which it must have.",
  ),
  acceptedFrom: time.optional().describe("Accepted at or after, in milliseconds since the epoch."),
  acceptedBefore: time.optional().describe("Accepted before, in milliseconds since the epoch."),
}).describe("Which jobs to list. All conditions must hold.");
/** See {@linkcode jobFilterSchema}. */
export type JobFilter = z.infer<typeof jobFilterSchema>;

/** A listing's filter and place. */
export const jobListRequestSchema = jobFilterSchema.extend({
  limit: z.int().min(1).max(1000).default(100).describe("How many at the most."),
  cursor: z.string().optional().describe(
    "`nextCursor` of the page before. Default: from the newest.",
  ),
});
/** See {@linkcode jobListRequestSchema}. */
export type JobListRequest = z.infer<typeof jobListRequestSchema>;
/** A listing as a caller writes it, where what has a default may be left out. */
export type JobListRequestInput = z.input<typeof jobListRequestSchema>;

/** One page of a listing, newest first. */
export const jobPageSchema = z.object({
  jobs: z.array(jobSummarySchema),
  nextCursor: z.string().optional().describe("Absent on the last page."),
});
/** See {@linkcode jobPageSchema}. */
export type JobPage = z.infer<typeof jobPageSchema>;

/** Which events a feed carries. All conditions must hold. */
export const eventFilterSchema = z.strictObject({
  jobId: jobIdSchema.optional(),
  cluster: clusterNameSchema.optional(),
}).describe("Which events a feed carries.");
/** See {@linkcode eventFilterSchema}. */
export type EventFilter = z.infer<typeof eventFilterSchema>;

/** Which of the two outputs of a job. */
export const outputStreamSchema = z.enum(["stdout", "stderr"]);
/** See {@linkcode outputStreamSchema}. */
export type OutputStream = z.infer<typeof outputStreamSchema>;

/** What part of a job's output to read. */
export const logRequestSchema = z.strictObject({
  jobId: jobIdSchema,
  stream: outputStreamSchema.default("stdout"),
  task: z.int().nonnegative().optional().describe(
    "Number of the array task or component; needed where there are such.",
  ),
  offset: z.int().nonnegative().default(0).describe("First byte wanted."),
  follow: z.boolean().default(true).describe("Go on until the job has ended and all is read."),
});
/** See {@linkcode logRequestSchema}. */
export type LogRequest = z.infer<typeof logRequestSchema>;
/** The same as a caller writes it, where what has a default may be left out. */
export type LogRequestInput = z.input<typeof logRequestSchema>;

/** A piece of a job's output. */
export interface LogChunk {
  /** Position of the first byte. */
  readonly offset: number;
  /** The bytes. */
  readonly bytes: Uint8Array;
}

/** Which outputs of which job. */
const outputPart = {
  task: z.int().nonnegative().optional().describe(
    "Number of the array task or component; needed where there are such.",
  ),
};

/** Whose result is wanted. */
export const resultRequestSchema = z.strictObject({
  id: jobIdSchema,
  task: outputPart.task.describe(
    "Number of the array task or component. Default: the job as a whole.",
  ),
}).describe("Whose result is wanted.");
/** See {@linkcode resultRequestSchema}. */
export type ResultRequest = z.infer<typeof resultRequestSchema>;

/** An output of a job. */
export const outputRequestSchema = z.strictObject({
  jobId: jobIdSchema,
  name: z.string().describe("Name of the output."),
  ...outputPart,
}).describe("An output of a job.");
/** See {@linkcode outputRequestSchema}. */
export type OutputRequest = z.infer<typeof outputRequestSchema>;

/** What part of an output to read. */
export const outputReadSchema = outputRequestSchema.extend({
  path: z.string().optional().describe(
    "Of an output that is a directory, the file in it. Default: all that it holds, as a tar archive.",
  ),
  offset: z.int().nonnegative().default(0).describe("First byte wanted."),
}).describe("What part of an output to read.");
/** See {@linkcode outputReadSchema}. */
export type OutputRead = z.infer<typeof outputReadSchema>;
/** The same as a caller writes it, where what has a default may be left out. */
export type OutputReadInput = z.input<typeof outputReadSchema>;

/** Something in an output that is a directory. */
export const outputEntrySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("file"),
    path: z.string().describe("Where, below the directory."),
    size: z.int().nonnegative(),
    mode: z.int().nonnegative().describe("Permission bits."),
  }),
  z.object({ kind: z.literal("directory"), path: z.string() }),
  z.object({
    kind: z.literal("symlink"),
    path: z.string(),
    target: z.string().describe("Where it leads, which may be anywhere."),
  }),
]).describe("Something in an output that is a directory.");
/** See {@linkcode outputEntrySchema}. */
export type OutputEntry = z.infer<typeof outputEntrySchema>;

/** The end of a job, as a caller who waited for it wants it. */
export const jobResultSchema = z.object({
  id: jobIdSchema,
  phase: finalPhaseSchema,
  state: z.string().optional(),
  reason: reasonSchema.optional(),
  exitCode: z.int().optional(),
  signal: z.int().positive().optional(),
  error: errorInfoSchema.optional(),
  startedAt: time.optional(),
  endedAt: time.optional(),
  outputBytes: z.object({
    stdout: z.int().nonnegative().optional(),
    stderr: z.int().nonnegative().optional(),
  }).describe("Sizes of the outputs; absent where they cannot be read or do not exist."),
  returned: returnedSchema.optional().describe(
    "Of a job that calls a function: absent where that left nothing, or the files have been removed.",
  ),
  tasks: z.array(taskViewSchema).optional(),
  outputs: z.array(jobOutputSchema).optional().describe(
    "Its outputs, or those of the task; absent where it has tasks and none was named, or where the cluster cannot be asked now.",
  ),
}).describe("How a job ended.");
/** See {@linkcode jobResultSchema}. */
export type JobResult = z.infer<typeof jobResultSchema>;

/** What would be sent for a job. */
export const jobPreviewSchema = z.object({
  commandLine: z.string().describe("The command that submits the job, as a shell would read it."),
  script: z.string().describe("The batch script that the scheduler gets."),
  payload: z.string().optional().describe("The user's script, which the batch script starts."),
  components: z.array(z.object({
    script: z.string().describe("The script that runs the component's payload."),
    payload: z.string().optional().describe("The component's own script."),
  })).optional().describe("The components of a heterogeneous job, by their numbers."),
  directory: z.string().describe("Where the files lie on the cluster."),
}).describe("What would be sent for a job.");
/** See {@linkcode jobPreviewSchema}. */
export type JobPreview = z.infer<typeof jobPreviewSchema>;

/** How a cluster's connection stands. */
export const linkViewSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("connecting"), since: time }),
  z.object({ status: z.literal("up"), since: time }),
  z.object({
    status: z.literal("lost"),
    since: time,
    retryAt: time,
    attempts: z.int().nonnegative(),
    error: errorInfoSchema,
  }),
  z.object({ status: z.literal("refused"), since: time, error: errorInfoSchema }),
]).describe("How a cluster's connection stands.");
/** See {@linkcode linkViewSchema}. */
export type LinkView = z.infer<typeof linkViewSchema>;

/** Whether jobs are handed to a cluster's scheduler. */
export const submissionsViewSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("open"), waiting: z.int().nonnegative() }),
  z.object({
    status: z.literal("paused"),
    waiting: z.int().nonnegative().describe("Jobs that wait to be handed over."),
    since: time,
    retryAt: time.describe("When one of them is tried again."),
    error: errorInfoSchema,
  }),
]).describe("Whether jobs are handed to a cluster's scheduler.");
/** See {@linkcode submissionsViewSchema}. */
export type SubmissionsView = z.infer<typeof submissionsViewSchema>;

/** What clients see of a cluster. */
export const clusterViewSchema = z.object({
  name: clusterNameSchema,
  type: z.enum(["slurm", "local"]),
  host: z.string().describe("Where it is, for people."),
  link: linkViewSchema,
  submissions: submissionsViewSchema,
  liveJobs: z.int().nonnegative().describe("Jobs that have not ended."),
  isolatedJobs: z.array(jobIdSchema).describe(
    "Jobs whose actors failed again and again and are left alone.",
  ),
  lastPollAt: time.optional(),
  pollIntervalMs: z.number().optional(),
});
/** See {@linkcode clusterViewSchema}. */
export type ClusterView = z.infer<typeof clusterViewSchema>;

/** What a cluster told of itself when it was asked. */
export const clusterProbeSchema = z.object({
  name: clusterNameSchema,
  scheduler: z.string().describe("The scheduler and its version."),
  roundTripMs: z.number().nonnegative().describe("Time of one empty command."),
  minJobAgeSeconds: z.number().nonnegative().optional(),
  accounting: z.boolean().describe("Whether sacct answers."),
  partitions: z.array(z.object({
    name: z.string(),
    default: z.boolean(),
    available: z.boolean(),
    nodes: z.int().nonnegative(),
    timeLimit: z.string().optional(),
  })),
  freeBytes: z.number().nonnegative().describe("Space for job directories."),
});
/** See {@linkcode clusterProbeSchema}. */
export type ClusterProbe = z.infer<typeof clusterProbeSchema>;

/** How a job is to be ended. */
export const cancelOptionsSchema = z.strictObject({
  task: z.int().nonnegative().optional().describe(
    "Number of the array task or component. Default: all of it.",
  ),
  signal: signalNameSchema.exclude(["KILL", "CONT"]).optional().describe(
    "Signal that the payload gets first. Default: none, and the scheduler ends the job in its own way.",
  ),
  graceSeconds: z.number().min(0).max(86_400).optional().describe(
    "How long the payload may take to end by the signal before the scheduler ends it. Default: 30.",
  ),
}).refine(
  ({ signal, graceSeconds }) => signal !== undefined || graceSeconds === undefined,
  "graceSeconds needs a signal",
).describe("How a job is to be ended.");
/** See {@linkcode cancelOptionsSchema}. */
export type CancelOptions = z.infer<typeof cancelOptionsSchema>;

/** What `jobs.cancel` answers. */
export const cancelResultSchema = z.object({
  id: jobIdSchema,
  accepted: z.boolean().describe("False where the job had ended before."),
  phase: jobPhaseSchema,
});
/** See {@linkcode cancelResultSchema}. */
export type CancelResult = z.infer<typeof cancelResultSchema>;
