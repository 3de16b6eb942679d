/**
 * Sessions: allocations that are held, and in which jobs run as steps.
 *
 * @module
 */

import { z } from "zod";
import { errorInfoSchema } from "./errors.ts";
import { clusterNameSchema, jobIdSchema, schedulerIdSchema, sessionIdSchema } from "./ids.ts";
import { sessionNameSchema } from "./ids.ts";
import { reasonSchema } from "./job_event.ts";
import { jobPhaseSchema } from "./job_phase.ts";
import { jobNameSchema, jobSpecSchema, resourcesSchema } from "./job_spec.ts";
import { allocationSchema, sessionCloseReasonSchema } from "./session_terms.ts";

const time = z.number().describe("Milliseconds since the epoch.");

/** What a client asks for when it opens a session. */
export const sessionSpecSchema = z.strictObject({
  cluster: clusterNameSchema,
  name: jobNameSchema.default("sluice-session"),
  resources: resourcesSchema.omit({ array: true }).prefault({}),
  options: jobSpecSchema.shape.options,
  labels: jobSpecSchema.shape.labels,
  idempotencyKey: jobSpecSchema.shape.idempotencyKey,
  ...allocationSchema.shape,
}).describe("What a session asks for, and when it closes.");
/** See {@linkcode sessionSpecSchema}. */
export type SessionSpec = z.infer<typeof sessionSpecSchema>;
/** A session as a client writes it, where what has a default may be left out. */
export type SessionSpecInput = z.input<typeof sessionSpecSchema>;

/** A Ray or Spark cluster that stands in a session for its steps. */
export const standingClusterSchema = z.object({
  jobId: jobIdSchema.describe("The job that is this cluster."),
  framework: z.enum(["ray", "spark"]),
  address: z.string().optional().describe("Absent until it has come up."),
  nodes: z.int().positive(),
  cpus: z.int().nonnegative().describe("Processors in all."),
  gpus: z.int().nonnegative().describe("GPUs in all."),
  memoryBytes: z.number().nonnegative().optional(),
  dashboard: z.string().optional().describe("Host and port of its dashboard."),
  tunnel: z.string().optional().describe(
    "The command that brings the dashboard to this machine.",
  ),
}).describe("A Ray or Spark cluster that stands in a session for its steps.");
/** See {@linkcode standingClusterSchema}. */
export type StandingCluster = z.infer<typeof standingClusterSchema>;

/** What clients see of a session. */
export const sessionViewSchema = z.object({
  id: sessionIdSchema,
  cluster: clusterNameSchema,
  name: z.string(),
  sessionName: sessionNameSchema.optional().describe("Its name in the configuration, if any."),
  status: z.enum(["opening", "open", "closing", "closed"]),
  phase: jobPhaseSchema.describe("Where the job that holds its allocation stands."),
  state: z.string().optional(),
  reason: reasonSchema.optional(),
  schedulerId: schedulerIdSchema.optional(),
  nodes: z.array(z.string()).describe("Names of its nodes, once it has some."),
  failedNodes: z.array(z.object({ node: z.string(), state: z.string(), since: time })).describe(
    "Nodes of it that have failed.",
  ),
  steps: z.object({
    waiting: z.int().nonnegative(),
    running: z.int().nonnegative(),
    ended: z.int().nonnegative(),
  }).describe("How many steps it has, by where they stand."),
  clusters: z.array(standingClusterSchema),
  maxConcurrent: z.int().positive(),
  openedAt: time.describe("When it was asked for."),
  startedAt: time.optional().describe("When it got its nodes."),
  expiresAt: time.optional().describe("When its time limit ends it."),
  closedAt: time.optional(),
  closeReason: sessionCloseReasonSchema.optional(),
  unknownSince: time.optional(),
  error: errorInfoSchema.optional(),
  labels: z.record(z.string(), z.string()),
}).describe("What clients see of a session.");
/** See {@linkcode sessionViewSchema}. */
export type SessionView = z.infer<typeof sessionViewSchema>;

/** How a session is closed. */
export const sessionCloseOptionsSchema = z.strictObject({
  drain: z.boolean().default(true).describe(
    "Let the steps that it has come to their ends first; no new one is taken. Otherwise they are cancelled.",
  ),
}).describe("How a session is closed.");
/** See {@linkcode sessionCloseOptionsSchema}. */
export type SessionCloseOptions = z.infer<typeof sessionCloseOptionsSchema>;

/** Which sessions to list. */
export const sessionFilterSchema = z.strictObject({
  cluster: clusterNameSchema.optional(),
  live: z.boolean().default(true).describe("Only those that have not closed."),
}).describe("Which sessions to list.");
/** See {@linkcode sessionFilterSchema}. */
export type SessionFilter = z.infer<typeof sessionFilterSchema>;
