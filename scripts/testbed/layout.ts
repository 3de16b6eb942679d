/**
 * Where the test cluster keeps its files, and the names, addresses and ports it uses.
 *
 * @module
 */

import { TestbedError } from "./errors.ts";

/** The state directory when `SLUICE_TESTBED_DIR` does not name another one. */
const DEFAULT_DIR = "/var/lib/sluice-testbed";

/** Bridge that joins the nodes' network namespaces. */
export const BRIDGE = "sl0";
/** Address of the controller and login node, on the bridge. */
export const CONTROLLER_ADDRESS = "10.77.0.1";
/** Host name of the controller, within its own UTS namespace. */
export const CONTROLLER_NAME = "ctl";
/** Port of every sshd of the cluster: on the controller's address and on each node's. */
export const SSH_PORT = 2222;
/** Port of slurmctld: not Slurm's usual one, so that a Slurm on the same machine is not disturbed. */
export const SLURMCTLD_PORT = 16817;
/** Port of slurmdbd, chosen like {@linkcode SLURMCTLD_PORT}. */
export const SLURMDBD_PORT = 16819;
/** Name of the cluster in Slurm's accounting. */
export const CLUSTER_NAME = "dev";
/** Slurm account that the main account's jobs are charged to. */
export const SLURM_ACCOUNT = "lab";
/** Quality of service whose jobs preempt all others: those are requeued. */
export const PREEMPTING_QOS = "urgent";
/** Small file systems, one for each of those that fill one at the same time: nobody else is to find it full. */
export const SMALL_DISKS = ["hosts", "jobs", "programs"] as const;
/** Size of a small file system, in bytes. */
export const SMALL_DISK_BYTES = 1024 * 1024;

/** One compute node: a network namespace with an address of its own. */
export interface TestbedNode {
  readonly name: string;
  readonly address: string;
  /** Name of the network namespace, as `ip netns` lists it. */
  readonly netns: string;
  /** The end of the node's virtual cable that is plugged into the bridge. */
  readonly link: string;
}

/** The compute nodes, in order. */
export const NODES: readonly TestbedNode[] = [1, 2, 3, 4].map((index) => ({
  name: `n${index}`,
  address: `10.77.0.${10 + index}`,
  netns: `sluice-n${index}`,
  link: `${BRIDGE}-n${index}`,
}));

/** The node of that name; raises `TESTBED_USAGE` for one that does not exist. */
export function nodeNamed(name: string): TestbedNode {
  const node = NODES.find((candidate) => candidate.name === name);
  if (node === undefined) {
    throw new TestbedError(
      "TESTBED_USAGE",
      `The test cluster has no node "${name}".`,
      `Use one of ${NODES.map((each) => each.name).join(", ")}.`,
    );
  }
  return node;
}

/** CPUs that each node claims to have. */
export const NODE_CPUS = 8;
/** Memory that each node claims to have, in MB. */
export const NODE_MEMORY_MB = 16_000;
/** Fake GPUs of each node. */
export const NODE_GPUS = 2;

/** One Slurm partition. */
export interface TestbedPartition {
  readonly name: string;
  readonly nodes: readonly string[];
  /** Longest time limit in minutes; `null` is no limit. */
  readonly maxMinutes: number | null;
}

/** The partitions; the first is the default one. */
export const PARTITIONS: readonly TestbedPartition[] = [
  { name: "debug", nodes: ["n1", "n2", "n3", "n4"], maxMinutes: null },
  { name: "gpu", nodes: ["n3", "n4"], maxMinutes: 60 },
];

/** An account that the test cluster makes on the machine. */
export interface TestbedAccount {
  readonly name: string;
  readonly shell: string;
  /** Whether the account is left out, rather than the cluster refused, where its shell is missing. */
  readonly optional: boolean;
}

/** The account that tests log in with. */
export const MAIN_ACCOUNT = "sluice";
/** The account whose profiles and banner print noise. */
export const NOISY_ACCOUNT = "noisy";
/** The account whose login shell is tcsh. */
export const CSH_ACCOUNT = "cshy";

/** All accounts of the test cluster. */
export const ACCOUNTS: readonly TestbedAccount[] = [
  { name: MAIN_ACCOUNT, shell: "/bin/bash", optional: false },
  { name: NOISY_ACCOUNT, shell: "/bin/bash", optional: false },
  { name: CSH_ACCOUNT, shell: "/bin/tcsh", optional: true },
];

/** The paths under the state directory. */
export interface TestbedLayout {
  /** The state directory itself. */
  readonly dir: string;
  /** Says that the directory is a test cluster's, so that `down` may remove it. */
  readonly marker: string;
  /** The JSON file that tests read. */
  readonly facts: string;
  /** Configuration files. */
  readonly etc: string;
  /** For SLURM_CONF. */
  readonly slurmConf: string;
  /** Logs of all daemons. */
  readonly log: string;
  /** Process ids of the daemons. */
  readonly pids: string;
  /** What slurmd keeps, a folder for each node. */
  readonly spool: string;
  /** What slurmctld keeps. */
  readonly controllerState: string;
  /** Munge's key and socket. */
  readonly munge: string;
  /** The cluster's own munge key. */
  readonly mungeKey: string;
  /** Where munged listens. */
  readonly mungeSocket: string;
  /** MariaDB's folder. */
  readonly database: string;
  /** MariaDB's data. */
  readonly databaseFiles: string;
  /** Where MariaDB listens. */
  readonly databaseSocket: string;
  /** Home directories of the accounts. */
  readonly homes: string;
  /** SSH keys of users and hosts; only root may enter. */
  readonly keys: string;
  /** Every host key of the cluster. */
  readonly knownHosts: string;
  /** Device files that stand in for GPUs. */
  readonly devices: string;
  /** Where the small file systems are mounted, each under its name. */
  readonly smallDisks: string;
  /** Exists if `/run/sshd` was made by the test cluster. */
  readonly madeRunSshd: string;
}

/**
 * The paths of a test cluster in `dir`.
 *
 * The directory goes into configuration files whose formats have no common quoting, and holds Unix
 * sockets whose paths are limited to 107 bytes: so only short, plain, absolute paths are accepted.
 * Raises `TESTBED_DIR_INVALID` for others.
 */
export function testbedLayout(dir: string): TestbedLayout {
  const plain = /^(\/[A-Za-z0-9_][A-Za-z0-9._-]*){2,}$/.test(dir);
  if (!plain || dir.length > 70) {
    throw new TestbedError(
      "TESTBED_DIR_INVALID",
      `The test cluster cannot live in ${JSON.stringify(dir)}.`,
      "Set SLUICE_TESTBED_DIR to an absolute path of at least two parts and at most 70 letters, " +
        "digits, dots, dashes and underscores, such as /var/lib/sluice-testbed.",
    );
  }
  const at = (path: string) => `${dir}/${path}`;
  return {
    dir,
    marker: at(".sluice-testbed"),
    facts: at("testbed.json"),
    etc: at("etc"),
    slurmConf: at("etc/slurm.conf"),
    log: at("log"),
    pids: at("pids"),
    spool: at("spool"),
    controllerState: at("slurmctld"),
    munge: at("munge"),
    mungeKey: at("munge/munge.key"),
    mungeSocket: at("munge/munge.socket"),
    database: at("database"),
    databaseFiles: at("database/files"),
    databaseSocket: at("database/mariadb.sock"),
    homes: at("home"),
    keys: at("keys"),
    knownHosts: at("keys/known_hosts"),
    devices: at("dev"),
    smallDisks: at("smalldisks"),
    madeRunSshd: at(".made-run-sshd"),
  };
}

/** Home directory of an account. */
export function homeOf(layout: TestbedLayout, account: string): string {
  return `${layout.homes}/${account}`;
}

/** The layout that the environment asks for: `SLUICE_TESTBED_DIR`, else {@linkcode DEFAULT_DIR}. */
export function layoutFromEnvironment(): TestbedLayout {
  const dir = Deno.env.get("SLUICE_TESTBED_DIR");
  return testbedLayout(dir === undefined || dir === "" ? DEFAULT_DIR : dir);
}
