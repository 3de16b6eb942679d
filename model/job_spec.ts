/**
 * What a client asks for when it submits a job.
 *
 * @module
 */

import { z } from "zod";
import { clusterNameSchema, sessionIdSchema, sessionNameSchema } from "./ids.ts";
import { inputsSchema, outputsSchema } from "./job_files.ts";
import { launcherSpecSchema } from "./launcher_spec.ts";
import { memorySchema } from "./memory_amount.ts";
import { messageTermsSchema } from "./message_terms.ts";
import { payloadSchema } from "./payload.ts";
import { signalNameSchema } from "./signal_name.ts";
import { softwareSchema } from "./software.ts";
import { remotePathSchema, textSchema as text } from "./text.ts";

/** Text that stands on one line and needs no quoting wherever Slurm or a site prints it. */
const word = z.string().min(1).max(1024).refine(
  // deno-fmt-ignore
  (value) => /^[^\p{Cc}\p{Cs}\s'"`$\\]+$/u.test(value),
  "must be one word without blanks, quotes, '$', '`', '\\' or control characters",
);

/** Name of a job, as people see it in squeue. */
export const jobNameSchema = z.string().min(1).max(200).refine(
  (name) => name.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}'"`$\\\uFFFD]/u.test(name),
  "a job name must be valid Unicode on one line, without quotes, '$', '`', '\\' or control characters",
).describe("Name of the job, as people see it in squeue.");

const gpusSchema = z.union([z.int().nonnegative(), word]).describe(
  "Number of GPUs, or `type:number`, such as `a100:2`.",
);

/** What a job needs from the cluster. Absent means: the cluster's default. */
export const resourcesSchema = z.strictObject({
  nodes: z.union([z.int().positive(), word]).optional().describe(
    "Number of nodes, or a range such as `2-4`.",
  ),
  tasks: z.int().positive().optional().describe("Number of tasks (processes that srun starts)."),
  tasksPerNode: z.int().positive().optional().describe("Number of tasks on each node."),
  cpusPerTask: z.int().positive().optional().describe("Number of processors for each task."),
  memory: memorySchema.optional().describe("Memory on each node; 0 is all of it."),
  memoryPerCpu: memorySchema.optional().describe("Memory for each processor."),
  gpus: gpusSchema.optional().describe("GPUs in all."),
  gpusPerNode: gpusSchema.optional().describe("GPUs on each node."),
  time: z.union([z.string().min(1), z.int().positive()]).optional().describe(
    "Time limit as Slurm takes it: minutes, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`, `D-HH:MM:SS` or `UNLIMITED`.",
  ),
  partition: word.optional().describe("Partition, or several separated by commas."),
  account: word.optional().describe("Account to charge."),
  qos: word.optional().describe("Quality of service."),
  constraint: text.min(1).optional().describe(
    "Features that nodes must have, such as `skylake&ib`.",
  ),
  reservation: word.optional().describe("Reservation to run in."),
  nodeList: word.optional().describe("Nodes that must be part of the job, such as `n[1-4,7]`."),
  exclude: word.optional().describe("Nodes that must not be part of the job."),
  exclusive: z.union([z.boolean(), z.enum(["user", "mcs"])]).optional().describe(
    "Share the nodes with no other job; `user`: only with jobs of the same user.",
  ),
  begin: text.min(1).optional().describe(
    "Earliest start, such as `now+1hour` or `2030-01-20T12:34`.",
  ),
  dependency: word.optional().describe("Jobs to wait for, such as `afterok:123`, in Slurm's ids."),
  array: z.string().regex(
    /^\d+(?:-\d+(?::\d+)?)?(?:,\d+(?:-\d+(?::\d+)?)?)*(?:%\d+)?$/,
    "must be task numbers such as `0-19`, `1,3,5`, `0-100:10` or `0-99%5`",
  ).optional().describe("Numbers of the tasks of a job array, such as `0-19` or `0-99%5`."),
}).describe("What a job needs from the cluster.");

/** See {@linkcode resourcesSchema}. */
export type Resources = z.infer<typeof resourcesSchema>;

const environmentName = z.string().regex(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  "a variable's name has letters, digits and '_' and does not start with a digit",
);

/** How an attempt can end so that another one may help. */
export const retryOutcomeSchema = z.enum([
  "failed",
  "timed_out",
  "out_of_memory",
  "node_failed",
  "preempted",
]).describe(
  "How an attempt ended: `failed` is an exit status other than 0 or a signal, `node_failed` a node that went down or did not start, `preempted` a job that had to make room and was not put back by the scheduler.",
);
/** See {@linkcode retryOutcomeSchema}. */
export type RetryOutcome = z.infer<typeof retryOutcomeSchema>;

/** When and how a job is tried again. A job that was cancelled never is. */
export const retrySchema = z.strictObject({
  times: z.int().min(1).max(100).describe("How many attempts may follow the first."),
  on: z.array(retryOutcomeSchema).min(1).default([
    "failed",
    "timed_out",
    "out_of_memory",
    "node_failed",
    "preempted",
  ]).describe("After which outcomes. Default: all."),
  exitCodes: z.array(z.int().min(1).max(255)).min(1).optional().describe(
    "Of the outcome `failed` only these exit statuses. Default: any.",
  ),
  delaySeconds: z.number().min(0).max(86_400).default(10).describe(
    "Wait before the second attempt.",
  ),
  factor: z.number().min(1).max(10).default(2).describe(
    "By how much the wait grows from attempt to attempt.",
  ),
  maxDelaySeconds: z.number().min(0).max(86_400).default(600).describe("Longest wait."),
}).describe("When and how a job is tried again. Default: never.");
/** See {@linkcode retrySchema}. */
export type Retry = z.infer<typeof retrySchema>;

/** Most copies of one spec. */
const MOST_COPIES = 100_000;

const srunOption = z.string().regex(
  /^[a-z][a-z0-9-]*$/,
  "an option is named as srun's long form, without dashes",
);

/** What is said alike of a job and of one component of a heterogeneous job. */
const work = {
  payload: payloadSchema,
  launcher: launcherSpecSchema.prefault({ kind: "bash" }),
  software: softwareSchema.prefault({ kind: "none" }),
  environment: z.record(environmentName, text).default({}).describe(
    "Environment variables of the job, beside those that Slurm sets.",
  ),
  workingDirectory: remotePathSchema.optional().describe(
    "Where the payload starts. Default: the job's own directory.",
  ),
  inputs: inputsSchema.default({}),
  outputs: outputsSchema.default({}),
  messages: messageTermsSchema.optional(),
  before: z.array(text.min(1)).max(1000).default([]).describe(
    "Shell commands that run before the payload, in the shell that becomes it: what they export, it sees. One that fails ends the job.",
  ),
  after: z.array(text.min(1)).max(1000).default([]).describe(
    "Shell commands that run after the payload, however it ended; its exit status is in SLUICE_EXIT_CODE. One that fails makes a job fail that had succeeded.",
  ),
  bashrc: z.union([z.boolean(), remotePathSchema]).default(false).describe(
    "Reads `~/.bashrc`, or the file of that path, before everything else. Default: no start-up file is read.",
  ),
  srun: z.union([
    z.boolean(),
    z.strictObject({
      options: z.record(srunOption, z.union([text, z.number(), z.boolean()])).default({}).describe(
        'Options of srun by their long names, such as `{ "cpu-bind": "cores" }`; true stands for an option without a value.',
      ),
    }),
  ]).default(false).describe(
    "Starts the payload with srun, once for each task of the job. Default: it runs once, on the first node.",
  ),
  wrapper: z.array(text).max(1000).default([]).describe(
    "A program with its arguments that starts the payload, such as a profiler: the payload's words follow its own.",
  ),
  resources: resourcesSchema.prefault({}),
};

/** One component of a heterogeneous job. */
export const componentSchema = z.strictObject({
  name: jobNameSchema.optional().describe(
    "Name of the component. Default: that of the job, with `+` and the component's number behind it.",
  ),
  ...work,
  resources: resourcesSchema.omit({ array: true, begin: true, dependency: true }).prefault({})
    .describe(
      "What the component needs from the cluster. Of `time`, `memory`, `account`, `qos`, `reservation` and `exclude` it takes over from the component before it what nothing says.",
    ),
}).describe("One component of a heterogeneous job.");
/** See {@linkcode componentSchema}. */
export type Component = z.infer<typeof componentSchema>;

/** Most components of a heterogeneous job; Slurm's own limit. */
const MOST_COMPONENTS = 128;

/** Everything that says what one job is. */
export const jobSpecSchema = z.strictObject({
  cluster: clusterNameSchema,
  name: jobNameSchema.default("sluice"),
  ...work,
  session: z.union([sessionIdSchema, sessionNameSchema]).optional().describe(
    "Run it as a step of this session: its id, or the name of one in the configuration of the cluster, which is opened when it is first needed. Default: what the cluster's `runIn` says, else a job of its own.",
  ),
  count: z.int().min(1).max(MOST_COPIES).optional().describe(
    "How many copies of it are to run, as one job array whose tasks have the numbers from 0 on, in SLURM_ARRAY_TASK_ID: they are submitted together, and each has its own events, output and verdict. Not together with `resources.array`. Default: one job that is no array.",
  ),
  options: z.record(
    z.string().regex(
      /^[a-z][a-z0-9-]*$/,
      "an option is named as sbatch's long form, without dashes",
    ),
    z.union([text, z.number(), z.boolean()]),
  ).default({}).describe(
    'Any other sbatch option by its long name, such as `{ "mail-type": "END", requeue: true }`; true stands for an option without a value.',
  ),
  defaults: resourcesSchema.omit({ array: true }).optional().describe(
    "Resources for what neither the job nor its script names: they win over the defaults of the cluster and of the partition.",
  ),
  labels: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/), z.string().max(256))
    .default({}).describe("Words of your own to find the job by."),
  idempotencyKey: z.string().min(1).max(200).refine(
    (key) => key.isWellFormed(),
    "must be valid Unicode",
  ).optional().describe(
    "A word of your own for this submission. Submitted again with the same key, the same spec gives the same job, and another spec is an error.",
  ),
  retry: retrySchema.optional(),
  signalBeforeLimit: z.strictObject({
    // With TERM and CONT Slurm ends jobs: nobody could tell what an end by them means.
    signal: signalNameSchema.exclude(["KILL", "TERM", "CONT"]).default("USR1"),
    seconds: z.int().min(1).max(65_535).default(60).describe(
      "How long before the time limit. Slurm may be up to a minute early.",
    ),
  }).optional().describe(
    "A signal to the payload before its time limit, so that it can save its state. Default: none.",
  ),
  components: z.array(componentSchema).min(1).max(MOST_COMPONENTS).optional().describe(
    "The further components of a heterogeneous job, each with its own work and resources; the job's own `payload` and `resources` are component 0. All are submitted at once and start together, and each has its own events, output and verdict, by its number. Default: none.",
  ),
}).refine(
  ({ count, resources }) => count === undefined || resources.array === undefined,
  { path: ["count"], message: "says the same as resources.array: leave one of them out" },
).refine(
  ({ components, count, resources }) =>
    components === undefined || (count === undefined && resources.array === undefined),
  { path: ["components"], message: "a heterogeneous job cannot be an array too" },
).refine(
  ({ components, retry }) => components === undefined || retry === undefined,
  { path: ["retry"], message: "a heterogeneous job is not tried again: leave it out" },
).refine(
  ({ components, session }) => components === undefined || session === undefined,
  {
    path: ["session"],
    message: "a heterogeneous job has nodes of its own: submit each component as a step instead",
  },
).refine(
  ({ components, payload }) =>
    components === undefined ||
    [payload, ...components.map((one) => one.payload)].every(({ kind }) => kind !== "allocation"),
  { path: ["components"], message: "a session's allocation is not heterogeneous" },
).refine(
  ({ payload, session }) => payload.kind !== "allocation" || session === undefined,
  { path: ["session"], message: "a session holds nodes of its own: leave it out" },
).describe("Everything that says what one job is.");

/** A job as it stands after parsing, with every default filled in. */
export type JobSpec = z.infer<typeof jobSpecSchema>;
/** A job as a client writes it, where what has a default may be left out. */
export type JobSpecInput = z.input<typeof jobSpecSchema>;

/** The work of every component of a job, by its number: of a job that is not heterogeneous, of the job alone. */
export function componentsOf<Spec extends Pick<JobSpec, "components">>(
  spec: Spec,
): readonly [Spec, ...Component[]] {
  return [spec, ...spec.components ?? []];
}

/**
 * The numbers of the tasks that a job is to have, such as `0-19`, whether it names them itself or asks for so
 * many copies; `undefined` where it is to be no array.
 */
export function arrayOf(
  { count, resources }: Pick<JobSpec, "count" | "resources">,
): string | undefined {
  return count === undefined ? resources.array : `0-${count - 1}`;
}
