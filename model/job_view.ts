/**
 * What clients see of a job: the sum of its history.
 *
 * @module
 */

import { z } from "zod";
import { errorInfoSchema } from "./errors.ts";
import { clusterNameSchema, jobIdSchema, schedulerIdSchema, sessionIdSchema } from "./ids.ts";
import { sessionNameSchema } from "./ids.ts";
import { reasonSchema } from "./job_event.ts";
import { sentInputSchema } from "./job_files.ts";
import { jobPhaseSchema } from "./job_phase.ts";
import { readScriptSchema } from "./remote_scripts.ts";
import { sessionCloseReasonSchema } from "./session_terms.ts";
import { signalNameSchema } from "./signal_name.ts";
import { sentEnvironmentSchema } from "./software.ts";

const time = z.number().describe("Milliseconds since the epoch.");

const verdict = {
  phase: jobPhaseSchema,
  state: z.string().optional().describe("The scheduler's own word for the state."),
  reason: reasonSchema.optional(),
  exitCode: z.int().optional().describe("Exit status, once it is known."),
  signal: z.int().positive().optional().describe("Number of the signal that ended it."),
  nodes: z.array(z.string()).describe("Names of the nodes, once it has some."),
  startedAt: time.optional(),
  endedAt: time.optional(),
  restarts: z.int().nonnegative().describe("How often the scheduler put it back into the queue."),
};

const messagesAt = z.int().nonnegative().optional().describe(
  "How many bytes of its messages have been told.",
);

const gentleEnd = {
  cancelSignals: z.array(z.object({
    signal: signalNameSchema,
    graceSeconds: z.number().nonnegative().describe("How long it may take to end by the signal."),
    sentAt: time.optional().describe("When the scheduler took the signal."),
  })).optional().describe("The signals by which somebody asked it to be ended, the newest last."),
  forceAt: time.optional().describe(
    "When the scheduler ends it in its own way, if it has not ended by a signal.",
  ),
};

/** An attempt at a job that has ended, and that another one followed. */
export const attemptViewSchema = z.object({
  attempt: z.int().positive().describe("Number of the attempt, from 1."),
  schedulerId: schedulerIdSchema.optional(),
  ...verdict,
}).describe("An attempt at a job that has ended, and that another one followed.");
/** See {@linkcode attemptViewSchema}. */
export type AttemptView = z.infer<typeof attemptViewSchema>;

/** One task of a job array, or one component of a heterogeneous job. */
export const taskViewSchema = z.object({
  task: z.int().nonnegative().describe("Number of the task."),
  schedulerId: schedulerIdSchema.optional(),
  ...verdict,
  cancelRequested: z.boolean().optional().describe("Somebody asked for this task to be cancelled."),
  ...gentleEnd,
  messagesAt,
}).describe("One task of a job array, or one component of a heterogeneous job.");
/** See {@linkcode taskViewSchema}. */
export type TaskView = z.infer<typeof taskViewSchema>;

/** How many tasks of a job array are in each phase. */
export const taskPhasesSchema = z.partialRecord(jobPhaseSchema, z.int().positive()).describe(
  "How many tasks of a job array are in each phase; phases without a task are absent.",
);
/** See {@linkcode taskPhasesSchema}. */
export type TaskPhases = z.infer<typeof taskPhasesSchema>;

/** What the history of a session adds to that of the job which holds its allocation. */
export const allocationViewSchema = z.object({
  name: sessionNameSchema.optional().describe("Its name in the configuration, if any."),
  failedNodes: z.array(z.object({ node: z.string(), state: z.string(), since: time })),
  expiringAt: time.optional().describe("When its time limit ends it, once that is near."),
  closing: z.object({
    reason: sessionCloseReasonSchema,
    drain: z.boolean(),
    at: time,
  }).optional(),
  clusters: z.array(z.object({
    jobId: jobIdSchema,
    framework: z.enum(["ray", "spark"]),
    address: z.string(),
    dashboard: z.string().optional(),
  })),
}).describe("What the history of a session adds to that of the job which holds its allocation.");
/** See {@linkcode allocationViewSchema}. */
export type AllocationView = z.infer<typeof allocationViewSchema>;

/** What clients see of a job. */
export const jobViewSchema = z.object({
  id: jobIdSchema,
  session: sessionIdSchema.optional().describe("The session whose step it is."),
  allocation: allocationViewSchema.optional().describe("Of a job that holds a session's nodes."),
  framework: z.enum(["ray", "spark"]).optional().describe(
    "Of a job that is nothing but a Ray or Spark cluster: which of them.",
  ),
  standing: jobIdSchema.optional().describe(
    "The job whose Ray or Spark cluster, left standing in the session, it runs on.",
  ),
  cluster: clusterNameSchema,
  components: z.literal(true).optional().describe(
    "Of a heterogeneous job: its tasks are its components.",
  ),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  schedulerId: schedulerIdSchema.optional(),
  ...verdict,
  error: errorInfoSchema.optional().describe(
    "Why it never ran or, while it is being submitted, why that takes long.",
  ),
  unknownSince: time.optional().describe(
    "Since when nothing is known of the job, in milliseconds since the epoch; absent while it is.",
  ),
  unknownReason: reasonSchema.optional(),
  cancelRequested: z.boolean().describe("Somebody asked for it to be cancelled."),
  ...gentleEnd,
  messagesAt,
  filesRemovedAt: time.optional().describe("When its directory on the cluster was removed."),
  directory: z.string().describe("The job's directory on the cluster."),
  environments: z.array(sentEnvironmentSchema).optional().describe(
    "The environments that were sent for it, in the order in which the spec names their software.",
  ),
  inputs: z.array(sentInputSchema).optional().describe("The files that were sent for it, if any."),
  scripts: z.array(readScriptSchema).optional().describe(
    "What was read of the scripts on the cluster that it runs, if any.",
  ),
  attempt: z.int().positive().describe("Number of the attempt that all of this is about, from 1."),
  attempts: z.array(attemptViewSchema).describe("The attempts before it."),
  retryAt: time.optional().describe("When the attempt is handed to the scheduler, if it waits."),
  tries: z.int().nonnegative().describe("How often it was tried to hand the attempt over."),
  acceptedAt: time,
  submittedAt: time.optional(),
  updatedAt: time,
  events: z.int().positive().describe("How many events its history has."),
  taskPhases: taskPhasesSchema.optional(),
  tasks: z.array(taskViewSchema).optional().describe(
    "The tasks of a job array, or the components of a heterogeneous job, by their numbers in ascending order.",
  ),
}).describe("What clients see of a job.");
/** See {@linkcode jobViewSchema}. */
export type JobView = z.infer<typeof jobViewSchema>;

/** A job without the tasks of an array, so that what carries many jobs stays small. */
export const jobSummarySchema = jobViewSchema.omit({ tasks: true }).describe(
  "What clients see of a job in a listing: an array without its tasks, of which `taskPhases` tells how many are in each phase. `jobs.get` has the tasks.",
);
/** See {@linkcode jobSummarySchema}. */
export type JobSummary = z.infer<typeof jobSummarySchema>;
