/**
 * What the configuration says of one cluster.
 *
 * @module
 */

import { z } from "zod";
import { sessionNameSchema } from "./ids.ts";
import { resourcesSchema } from "./job_spec.ts";
import { allocationSchema } from "./session_terms.ts";

const absoluteOrHome = z.string().min(1).refine(
  (path) => path.startsWith("/") || path === "~" || path.startsWith("~/"),
  "must be an absolute path or start with '~/'",
);

/**
 * How to prove who we are: exactly one of key file, key text, agent or password. Without any, the agent
 * is used where `SSH_AUTH_SOCK` is set, then the identity files of the ssh_config.
 */
export const authSchema = z.strictObject({
  keyFile: z.string().min(1).optional().describe("Path of a private key on this machine."),
  keyText: z.string().min(1).optional().describe("The private key itself, in PEM or OpenSSH form."),
  passphrase: z.string().optional().describe("Passphrase of the key."),
  agent: z.union([z.literal(true), z.string().min(1)]).optional().describe(
    "Use the SSH agent: `true` for the one of SSH_AUTH_SOCK, or the path of a socket.",
  ),
  password: z.string().min(1).optional().describe("The account's password."),
}).check((context) => {
  const { keyFile, keyText, passphrase, agent, password } = context.value;
  const chosen = [keyFile, keyText, agent, password].filter((way) => way !== undefined).length;
  if (chosen > 1) {
    context.issues.push({
      code: "custom",
      input: context.value,
      message: "choose exactly one of keyFile, keyText, agent and password",
    });
  }
  if (chosen === 0) {
    context.issues.push({
      code: "custom",
      input: context.value,
      message: "name one of keyFile, keyText, agent and password, or leave `auth` out",
    });
  }
  if (passphrase !== undefined && keyFile === undefined && keyText === undefined) {
    context.issues.push({
      code: "custom",
      input: context.value,
      message: "a passphrase needs a keyFile or a keyText",
      path: ["passphrase"],
    });
  }
}).describe("How to log in: exactly one way.");

/** See {@linkcode authSchema}. */
export type Auth = z.infer<typeof authSchema>;

/** Which host keys are trusted. */
export const hostKeysSchema = z.strictObject({
  policy: z.enum(["strict", "accept-new", "insecure"]).default("strict").describe(
    "strict: only keys in known_hosts. accept-new: an unknown host's key is learned, a changed one refused. insecure: any key, open to impersonation.",
  ),
  knownHosts: z.string().min(1).optional().describe(
    "Path of the known_hosts file. Default: ~/.ssh/known_hosts.",
  ),
}).describe("Which host keys are trusted.");

/** See {@linkcode hostKeysSchema}. */
export type HostKeys = z.infer<typeof hostKeysSchema>;

const shared = {
  remoteDirectory: absoluteOrHome.default("~/.sluice").describe(
    "Directory on the cluster, shared by login and compute nodes, that holds the jobs' directories.",
  ),
  shell: z.strictObject({
    command: z.string().min(1).default("sh").describe("The shell that runs Sluice's commands."),
    login: z.boolean().default(false).describe(
      "Start it as a login shell, so that profiles are read.",
    ),
    prelude: z.string().default("").describe(
      "Shell commands run once when the shell starts, for example `module load slurm`.",
    ),
  }).prefault({}).describe("The remote shell."),
  poll: z.strictObject({
    minSeconds: z.number().min(0.2).max(3600).default(2).describe("Interval while things move."),
    maxSeconds: z.number().min(0.2).max(3600).default(30).describe("Interval while nothing moves."),
  }).refine((poll) => poll.minSeconds <= poll.maxSeconds, "minSeconds must not exceed maxSeconds")
    .prefault({}).describe("How often the scheduler is asked, once for all jobs."),
  cleanup: z.strictObject({
    successHours: z.number().min(0).max(87_600).default(24).describe(
      "How long the directory of a job that succeeded is kept on the cluster.",
    ),
    failureHours: z.number().min(0).max(87_600).default(168).describe(
      "How long that of any other job is kept.",
    ),
    environmentHours: z.number().min(0).max(87_600).default(168).describe(
      "How long an environment that was sent is kept after its last use.",
    ),
    fileHours: z.number().min(0).max(87_600).default(168).describe(
      "How long a file that was sent is kept for other jobs with the same, after the last of them.",
    ),
    debug: z.boolean().default(false).describe("Keep all."),
  }).prefault({}).describe(
    "When the directories of jobs that have ended, and what was sent and nobody uses any more, are removed.",
  ),
  defaults: resourcesSchema.prefault({}).describe(
    "Resources for jobs that do not name them; what a job names wins.",
  ),
};

/** A session as the configuration of its cluster describes it. */
export const configuredSessionSchema = z.strictObject({
  resources: resourcesSchema.omit({ array: true }).prefault({}),
  ...allocationSchema.omit({ owner: true }).shape,
}).describe("A session that is opened when the first job names it.");
/** See {@linkcode configuredSessionSchema}. */
export type ConfiguredSession = z.infer<typeof configuredSessionSchema>;

/** A Slurm cluster reached over SSH. */
export const slurmClusterSchema = z.strictObject({
  type: z.literal("slurm"),
  host: z.string().min(1).describe("Host name, address, or an alias of the ssh_config."),
  port: z.int().min(1).max(65535).optional().describe("Port. Default: the ssh_config's, then 22."),
  user: z.string().min(1).optional().describe(
    "User. Default: the ssh_config's, then the local one.",
  ),
  transport: z.enum(["ssh2", "openssh"]).default("ssh2").describe(
    "ssh2: Sluice's own SSH client. openssh: the `ssh` of this machine, with ControlMaster, which moves bytes faster and knows certificates and all of ssh_config, but takes no password, passphrase or keyText.",
  ),
  auth: authSchema.optional(),
  hostKeys: hostKeysSchema.prefault({}),
  proxyJump: z.string().min(1).optional().describe(
    "Hosts to go through, as ssh's -J takes them: `user@host:port,…`. Default: the ssh_config's.",
  ),
  sshConfig: z.union([z.literal(false), z.string().min(1)]).optional().describe(
    "Path of the ssh_config, or false for none. Default: ~/.ssh/config where it exists.",
  ),
  connectTimeoutSeconds: z.number().min(1).max(600).default(20),
  keepaliveSeconds: z.number().min(1).max(3600).default(15).describe(
    "How often a silent connection is probed; three lost probes end it.",
  ),
  slurmPath: z.string().startsWith("/").optional().describe(
    "Directory of Slurm's commands when they are not on PATH.",
  ),
  submissions: z.strictObject({
    atOnce: z.int().min(1).max(64).default(4).describe(
      "How many sbatch run at a time on the login node. More than four make slurmctld no faster.",
    ),
    perSecond: z.number().positive().max(10_000).optional().describe(
      "Most jobs handed over in a second, on average. Default: as many as Slurm takes.",
    ),
  }).prefault({}).describe("How fast jobs are handed to Slurm."),
  partitions: z.record(z.string().min(1), resourcesSchema.omit({ partition: true, array: true }))
    .default({})
    .describe(
      "Resources for jobs of one partition that do not name them, by the partition's name; they win over `defaults`.",
    ),
  sessions: z.record(sessionNameSchema, configuredSessionSchema).default({}).describe(
    "Sessions by name: each is opened when the first job names it, and again after it has closed.",
  ),
  runIn: sessionNameSchema.optional().describe(
    "Name of the session in which jobs run that name none. Default: each is a Slurm job of its own.",
  ),
  ...shared,
}).refine(
  ({ runIn, sessions }) => runIn === undefined || sessions[runIn] !== undefined,
  { path: ["runIn"], message: "names a session that `sessions` does not describe" },
).describe("A Slurm cluster reached over SSH.");

/** This machine, without a scheduler: jobs are its own processes. */
export const localClusterSchema = z.strictObject({
  type: z.literal("local"),
  resources: z.enum(["refuse", "ignore"]).default("refuse").describe(
    "What becomes of resources, sessions and sbatch options that a job asks for and that a plain host cannot give.",
  ),
  ...shared,
}).describe("This machine, without a scheduler.");

/** What the configuration says of one cluster. */
export const clusterConfigSchema = z.discriminatedUnion("type", [
  slurmClusterSchema,
  localClusterSchema,
]);

/** See {@linkcode clusterConfigSchema}. */
export type ClusterConfig = z.infer<typeof clusterConfigSchema>;
/** See {@linkcode slurmClusterSchema}. */
export type SlurmClusterConfig = z.infer<typeof slurmClusterSchema>;
/** See {@linkcode localClusterSchema}. */
export type LocalClusterConfig = z.infer<typeof localClusterSchema>;
