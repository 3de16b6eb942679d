/**
 * The facts that make up the history of a job.
 *
 * @module
 */

import { z } from "zod";
import { errorInfoSchema } from "./errors.ts";
import { clusterNameSchema, jobIdSchema, schedulerIdSchema, sessionIdSchema } from "./ids.ts";
import { sessionNameSchema } from "./ids.ts";
import { sentInputSchema } from "./job_files.ts";
import { finalPhaseSchema } from "./job_phase.ts";
import { jobSpecSchema } from "./job_spec.ts";
import { messageSchema } from "./message.ts";
import { readScriptSchema } from "./remote_scripts.ts";
import { sessionCloseReasonSchema } from "./session_terms.ts";
import { signalNameSchema } from "./signal_name.ts";
import { sentEnvironmentSchema } from "./software.ts";

const time = z.number().describe("Milliseconds since the epoch.");

/** Why a job waits or ended: the scheduler's word, and what it means. */
export const reasonSchema = z.object({
  code: z.string().describe("The scheduler's own word, such as `Resources` or `OUT_OF_MEMORY`."),
  text: z.string().describe("The same in plain words."),
}).describe("Why the job waits or ended.");
/** See {@linkcode reasonSchema}. */
export type Reason = z.infer<typeof reasonSchema>;

const observed = {
  state: z.string().describe("The scheduler's own word for the state, such as `COMPLETING`."),
  reason: reasonSchema.optional(),
  nodes: z.array(z.string()).default([]).describe("Names of the nodes."),
};

const end = {
  state: observed.state.optional(),
  reason: reasonSchema.optional(),
  exitCode: z.int().optional().describe("Exit status, where it is known."),
  signal: z.int().positive().optional().describe("Number of the signal that ended it."),
  nodes: observed.nodes,
  startedAt: time.optional(),
  endedAt: time.optional(),
};

const task = {
  task: z.int().nonnegative().optional().describe("Number of the array task the fact is about."),
};

/** One fact of a job's history, without its place in the journal. */
export const jobFactSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("accepted"),
    spec: jobSpecSchema,
    directory: z.string().describe("The job's directory on the cluster."),
    tasks: z.array(z.int().nonnegative()).optional().describe(
      "Numbers of the tasks of an array, or of the components of a heterogeneous job.",
    ),
    session: sessionIdSchema.optional().describe("The session whose step it is."),
    sessionName: sessionNameSchema.optional().describe(
      "Of a job that holds a session's nodes: the session's name in the configuration, if it has one.",
    ),
    standing: jobIdSchema.optional().describe(
      "The job whose Ray or Spark cluster, left standing in the session, it runs on.",
    ),
  }).describe("The job is in the journal; from here on it will be submitted."),
  z.object({
    type: z.literal("staging"),
    tries: z.int().positive().describe("How often it was tried, this try included."),
    error: errorInfoSchema.optional().describe("Why the try before it failed."),
  }).describe("What the job needs on the cluster before it is submitted is being sent."),
  z.object({
    type: z.literal("staged"),
    environments: z.array(sentEnvironmentSchema).describe(
      "The environments that lie on the cluster for it, in the order in which the spec names their software.",
    ),
    inputs: z.array(sentInputSchema).optional().describe(
      "The files that were sent for it, if any.",
    ),
    scripts: z.array(readScriptSchema).optional().describe(
      "What was read of the scripts on the cluster that it runs, if any.",
    ),
  }).describe("What the job needs lies on the cluster; all attempts at it use the same."),
  z.object({
    type: z.literal("submitting"),
    tries: z.int().positive().describe(
      "How often it was tried to hand this attempt over, this try included.",
    ),
    error: errorInfoSchema.optional().describe("Why the try before it did not get through."),
  }).describe("The job is about to be handed to the scheduler."),
  z.object({
    type: z.literal("submitted"),
    schedulerId: schedulerIdSchema,
  }).describe("The scheduler has the job."),
  z.object({
    type: z.literal("queued"),
    ...task,
    ...observed,
    restarts: z.int().nonnegative().default(0).describe("How often the scheduler put it back."),
  }).describe("The job waits in the queue, for the first time or again."),
  z.object({
    type: z.literal("running"),
    ...task,
    ...observed,
    startedAt: time.optional(),
    restarts: z.int().nonnegative().default(0).describe("How often the scheduler put it back."),
  }).describe("The job runs."),
  z.object({
    type: z.literal("exited"),
    ...task,
    exitCode: z.int().describe("The payload's exit status."),
    caught: z.string().optional().describe("Last signal that reached the job's script."),
    exitedAt: time,
  }).describe("The payload has ended; the scheduler's verdict follows."),
  z.object({
    type: z.literal("message"),
    ...task,
    position: z.int().nonnegative().describe(
      "How many bytes of its messages are told with this one: reading goes on from there.",
    ),
    message: messageSchema,
  }).describe("The payload has something to say."),
  z.object({
    type: z.literal("cancel_requested"),
    ...task,
    signal: signalNameSchema.optional(),
    graceSeconds: z.number().nonnegative().optional().describe(
      "How long it may take to end by the signal, before it is ended by force.",
    ),
  }).describe("Somebody asked for the job to be cancelled."),
  z.object({
    type: z.literal("signalled"),
    ...task,
    signal: signalNameSchema,
  }).describe("The scheduler took the signal that was asked for; the grace period begins."),
  z.object({
    type: z.literal("ended"),
    ...task,
    phase: finalPhaseSchema,
    ...end,
    error: errorInfoSchema.optional().describe("Why it never ran."),
  }).describe("The job's true end."),
  z.object({
    type: z.literal("attempt_ended"),
    attempt: z.int().positive().describe("Number of the attempt that has ended."),
    phase: finalPhaseSchema,
    ...end,
    tasks: z.array(z.int().nonnegative()).optional().describe(
      "Numbers of the tasks of an array that are tried again; the others have their verdicts.",
    ),
    retryAt: time.describe("When the next attempt is handed to the scheduler."),
  }).describe("An attempt at the job has ended, and by its retry policy another one follows."),
  z.object({
    type: z.literal("unknown"),
    since: time.describe("Last time the job was heard of, in milliseconds since the epoch."),
    reason: reasonSchema,
  }).describe("What the job does now cannot be known."),
  z.object({
    type: z.literal("known"),
  }).describe("The job is heard of again."),
  z.object({
    type: z.literal("node_failed"),
    node: z.string(),
    state: z.string().describe(
      "What Slurm calls the state of the node, such as `DOWN` or `NOT_RESPONDING`; `LOST` where the node is back, but no more the session's.",
    ),
  }).describe("A node of the session has failed; the session goes on without it, or ends."),
  z.object({ type: z.literal("node_recovered"), node: z.string() }).describe(
    "A node of the session that had failed is back.",
  ),
  z.object({ type: z.literal("session_expiring"), expiresAt: time }).describe(
    "The time limit of the session is near.",
  ),
  z.object({
    type: z.literal("session_closing"),
    reason: sessionCloseReasonSchema,
    drain: z.boolean().describe("Whether the steps that it has come to their ends first."),
  }).describe("The session takes no more steps, and gives its nodes back."),
  z.object({
    type: z.literal("cluster_up"),
    jobId: jobIdSchema.describe("The job that is this cluster."),
    framework: z.enum(["ray", "spark"]),
    address: z.string(),
    dashboard: z.string().optional(),
  }).describe("A Ray or Spark cluster stands in the session for its steps."),
  z.object({ type: z.literal("cluster_down"), jobId: jobIdSchema }).describe(
    "A Ray or Spark cluster of the session is gone.",
  ),
]);

/** See {@linkcode jobFactSchema}. */
export type JobFact = z.infer<typeof jobFactSchema>;

/** One fact of a cluster's history: what its connection does. */
export const clusterFactSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("link_up") }).describe("The connection stands."),
  z.object({ type: z.literal("link_lost"), error: errorInfoSchema }).describe(
    "The connection went; it is tried again.",
  ),
  z.object({ type: z.literal("link_refused"), error: errorInfoSchema }).describe(
    "The login or the configuration was refused; nothing is tried until somebody says so.",
  ),
  z.object({
    type: z.literal("submissions_paused"),
    error: errorInfoSchema,
    retryAt: time.describe("When one of the jobs is tried again, in milliseconds since the epoch."),
  }).describe("Submissions failed again and again; they wait."),
  z.object({ type: z.literal("submissions_resumed") }).describe("Submissions go on."),
  z.object({
    type: z.literal("actor_failed"),
    actor: z.string().describe("Path of the actor."),
    error: errorInfoSchema,
  }).describe("A part of Sluice that serves the cluster failed and is started again."),
  z.object({ type: z.literal("job_isolated"), jobId: jobIdSchema, error: errorInfoSchema })
    .describe(
      "The actor of a job failed again and again. It is left alone, and the job goes on unwatched, until `clusters.resume` or the next start.",
    ),
]);

/** See {@linkcode clusterFactSchema}. */
export type ClusterFact = z.infer<typeof clusterFactSchema>;

const place = {
  id: z.int().positive().describe(
    "Place in the journal: grows from event to event, never repeats.",
  ),
  at: time.describe("When it was recorded, in milliseconds since the epoch."),
  index: z.int().positive().describe(
    "Number of the event within its job or cluster, from 1 without a gap.",
  ),
  cluster: clusterNameSchema,
};

/** A fact of a job with its place in the journal. */
export const jobEventSchema = z.object({ ...place, jobId: jobIdSchema, fact: jobFactSchema })
  .describe("A fact of a job with its place in the journal.");
/** See {@linkcode jobEventSchema}. */
export type JobEvent = z.infer<typeof jobEventSchema>;

/** A fact of a cluster with its place in the journal. */
export const clusterEventSchema = z.object({ ...place, fact: clusterFactSchema })
  .describe("A fact of a cluster with its place in the journal.");
/** See {@linkcode clusterEventSchema}. */
export type ClusterEvent = z.infer<typeof clusterEventSchema>;
