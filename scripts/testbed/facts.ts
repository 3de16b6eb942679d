/**
 * What tests need to know about the running test cluster, in one JSON file.
 *
 * @module
 */

import { z } from "zod";
import { TestbedError } from "./errors.ts";
import { layoutFromEnvironment, SMALL_DISKS, type TestbedLayout } from "./layout.ts";

const accountSchema = z.object({
  name: z.string().describe("Login name."),
  password: z.string().describe("Password for SSH logins."),
  home: z.string().describe("Home directory, the same on all nodes."),
  shell: z.string().describe("Login shell."),
});

/** The shape of `testbed.json`. */
export const testbedFactsSchema = z.object({
  dir: z.string().describe("State directory of the test cluster."),
  cluster: z.string().describe("Slurm's name of the cluster."),
  host: z.string().describe("Address of the login node's sshd."),
  port: z.int().describe("Port of the login node's sshd."),
  user: z.string().describe("Login name of the main account."),
  password: z.string().describe("Password of the main account."),
  home: z.string().describe("Home directory of the main account."),
  accounts: z.object({
    main: accountSchema,
    noisy: accountSchema.describe("Its profiles print to both streams; it has a login banner."),
    csh: accountSchema.optional().describe("Its shell is tcsh; missing where tcsh is."),
  }),
  keys: z.object({
    ed25519: z.string(),
    ed25519Encrypted: z.string(),
    rsa: z.string(),
    rsaPem: z.string(),
    rsaPemEncrypted: z.string(),
    ecdsa: z.string(),
    ecdsaPem: z.string(),
    unauthorized: z.string().describe("Accepted by no account."),
  }).describe("Paths of private keys; each has a `.pub` beside it."),
  passphrase: z.string().describe("Opens the encrypted keys."),
  knownHosts: z.string().describe("A known_hosts file with every host key of the cluster."),
  slurmConf: z.string().describe("Path of slurm.conf, for SLURM_CONF."),
  nodes: z.array(z.object({
    name: z.string(),
    address: z.string(),
    netns: z.string().describe("Network namespace."),
    link: z.string().describe("The bridge's end of the node's cable."),
    sshPort: z.int(),
    cpus: z.int(),
    memoryMb: z.int(),
    gpus: z.int(),
  })),
  partitions: z.array(z.object({
    name: z.string(),
    nodes: z.array(z.string()),
    maxMinutes: z.int().nullable().describe("Longest time limit in minutes; null is none."),
  })),
  slurmAccount: z.string().describe("Slurm account that the main account's jobs are charged to."),
  preemptingQos: z.string().describe("Quality of service whose jobs preempt and requeue others."),
  jumpHosts: z.array(z.object({
    name: z.string(),
    host: z.string(),
    port: z.int(),
  })).describe("Nodes whose sshd forwards to the others and to the login node."),
  smallDisks: z.record(
    z.enum(SMALL_DISKS),
    z.object({ path: z.string(), bytes: z.int() }),
  ).describe("Small file systems that the main account may fill, for one test at a time each."),
  daemons: z.array(z.object({
    name: z.string().describe("Name for startDaemon and stopDaemon."),
    pidFile: z.string(),
  })),
});

/** What tests need to know about the running test cluster. */
export type TestbedFacts = z.infer<typeof testbedFactsSchema>;

/**
 * The facts of the test cluster that was brought up on this machine, or `undefined` if none was.
 *
 * Needs permission to read the state directory and, if `SLUICE_TESTBED_DIR` is not to be ignored, that
 * variable. Raises `TESTBED_FACTS_INVALID` if the file is there but cannot be read or understood.
 */
export async function readTestbed(
  layout: TestbedLayout = layoutFromEnvironment(),
): Promise<TestbedFacts | undefined> {
  try {
    return testbedFactsSchema.parse(JSON.parse(await Deno.readTextFile(layout.facts)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new TestbedError(
      "TESTBED_FACTS_INVALID",
      `${layout.facts} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      `Run as root with --allow-read=${layout.dir}; if that is so, run \`deno task testbed up\`.`,
      error,
    );
  }
}
