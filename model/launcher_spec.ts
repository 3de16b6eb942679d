/**
 * How a payload is started on the nodes of a job.
 *
 * @module
 */

import { z } from "zod";
import { memorySchema } from "./memory_amount.ts";

const word = z.string().min(1).max(1024).refine(
  // deno-fmt-ignore
  (value) => !/[\p{Cc}\p{Cs}]/u.test(value),
  "must be one line of valid Unicode",
);
const seconds = z.int().min(1).max(86_400);
const words = z.array(word).max(1_000).default([]);

/** The fit of a cluster that stands already to what a later step asks for. */
const reuseSchema = z.union([
  z.literal(false),
  z.strictObject({
    tolerance: z.number().min(0).max(1).default(0).describe(
      "By what share the cluster may fall short of what is asked for and still be taken.",
    ),
  }),
]).default(false).describe(
  "In a session: take a cluster that an earlier step left standing and that fits, or leave one standing for later steps. Default: a cluster of its own, gone with the job.",
);

/** Starts the payload as it is. */
export const bashLauncherSchema = z.strictObject({ kind: z.literal("bash") }).describe(
  "The payload is started as it is, once, on the first node.",
);

/** Starts Ray across the nodes of the job, then the payload with RAY_ADDRESS set. */
export const rayLauncherSchema = z.strictObject({
  kind: z.literal("ray"),
  address: word.optional().describe(
    "Address of a Ray that runs already, `host:port`. Default: one is started across the job's nodes, or on this machine where there is no scheduler.",
  ),
  port: z.int().min(1).max(65_535).optional().describe(
    "Port of the head. Default: one that is free, so that jobs on the same node never collide.",
  ),
  cpusPerNode: z.int().min(0).optional().describe(
    "Processors that Ray hands out on each node. Default: those that the job has there.",
  ),
  gpusPerNode: z.int().min(0).optional().describe(
    "GPUs that Ray hands out on each node. Default: those that the job has there.",
  ),
  objectStoreMemory: memorySchema.optional().describe(
    "Memory of the object store on each node. Default: Ray's own, 30 % of the node.",
  ),
  headTimeoutSeconds: seconds.default(120).describe("How long the head may take to come up."),
  workersTimeoutSeconds: seconds.default(300).describe(
    "How long the workers may take to register.",
  ),
  graceSeconds: seconds.default(10).describe(
    "How long the payload and Ray may take to stop before they are killed. Must be well below Slurm's KillWait (30 s by default), after which nothing is left that could clear away.",
  ),
  dashboard: z.boolean().default(true).describe("Whether the dashboard is started."),
  dashboardPort: z.int().min(1).max(65_535).optional().describe(
    "Port of the dashboard. Default: one that is free.",
  ),
  headArguments: words.describe("More arguments of `ray start` on the head."),
  workerArguments: words.describe("More arguments of `ray start` on the workers."),
  reuse: reuseSchema,
}).describe("Ray across the nodes of the job; the payload finds it by RAY_ADDRESS.");

/** Starts a standalone Spark across the nodes of the job, then submits the payload to it. */
export const sparkLauncherSchema = z.strictObject({
  kind: z.literal("spark"),
  master: word.optional().describe(
    "URL of a Spark master that runs already, such as `spark://host:7077`. Default: one is started across the job's nodes, or `local[*]` where there is no scheduler.",
  ),
  sparkHome: word.optional().describe(
    "SPARK_HOME on the cluster. Default: $SPARK_HOME, then that of the `pyspark` of python3.",
  ),
  driverMemory: memorySchema.optional().describe("Memory of the driver. Default: Spark's own, 1G."),
  executorMemory: memorySchema.optional().describe(
    "Memory of each executor. Default: Spark's own, 1G, or what its worker has where that is less.",
  ),
  executorCores: z.int().positive().optional().describe(
    "Cores of each executor. Default: all that the worker has.",
  ),
  executors: z.int().positive().optional().describe(
    "Number of executors; without `executorCores` the workers' cores are shared out. Default: as many as fit.",
  ),
  workerCores: z.int().positive().optional().describe(
    "Cores that each worker hands out. Default: those that the job has on its node.",
  ),
  workerMemory: memorySchema.optional().describe(
    "Memory that each worker hands out. Default: what the job has on its node, less 1 GiB and, on the first node, the driver's; at least half.",
  ),
  masterTimeoutSeconds: seconds.default(120).describe("How long the master may take to come up."),
  workersTimeoutSeconds: seconds.default(300).describe(
    "How long the workers may take to register with the master.",
  ),
  graceSeconds: seconds.default(10).describe(
    "How long Spark may take to stop before it is killed.",
  ),
  conf: z.record(word, z.string().max(10_000)).default({}).describe(
    "Properties of Spark, as `--conf` takes them.",
  ),
  submitArguments: words.describe("More arguments of spark-submit."),
  reuse: reuseSchema,
}).describe(
  "A standalone Spark across the nodes of the job; the payload is handed to spark-submit.",
);

/** A launcher of the user's own. */
export const customLauncherSchema = z.strictObject({
  kind: z.literal("custom"),
  name: word.describe("The name under which the launcher was given to Sluice."),
  options: z.record(z.string(), z.json()).default({}).describe("What the launcher is told."),
}).describe("A launcher that was given to Sluice when it was opened.");

/** How the payload is started on the nodes of the job. */
export const launcherSpecSchema = z.discriminatedUnion("kind", [
  bashLauncherSchema,
  rayLauncherSchema,
  sparkLauncherSchema,
  customLauncherSchema,
]).describe("How the payload is started on the nodes of the job.");

/** See {@linkcode launcherSpecSchema}. */
export type LauncherSpec = z.infer<typeof launcherSpecSchema>;
/** See {@linkcode rayLauncherSchema}. */
export type RayLauncherSpec = z.infer<typeof rayLauncherSchema>;
/** See {@linkcode sparkLauncherSchema}. */
export type SparkLauncherSpec = z.infer<typeof sparkLauncherSchema>;
/** See {@linkcode customLauncherSchema}. */
export type CustomLauncherSpec = z.infer<typeof customLauncherSchema>;
