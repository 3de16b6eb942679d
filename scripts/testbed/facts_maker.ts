/**
 * Puts the facts of a test cluster together. Pure.
 *
 * @module
 */

import { daemonList } from "./daemon_list.ts";
import type { TestbedFacts } from "./facts.ts";
import { type KeyName, keyPath, PASSPHRASE } from "./key_list.ts";
import {
  CLUSTER_NAME,
  CONTROLLER_ADDRESS,
  CSH_ACCOUNT,
  homeOf,
  MAIN_ACCOUNT,
  NODE_CPUS,
  NODE_GPUS,
  NODE_MEMORY_MB,
  NODES,
  NOISY_ACCOUNT,
  PARTITIONS,
  PREEMPTING_QOS,
  SLURM_ACCOUNT,
  SMALL_DISK_BYTES,
  SSH_PORT,
  type TestbedAccount,
  type TestbedLayout,
} from "./layout.ts";

/** The facts of a cluster in `layout` with these accounts, which share one password. */
export function testbedFacts(
  layout: TestbedLayout,
  accounts: readonly TestbedAccount[],
  password: string,
): TestbedFacts {
  const account = (name: string) => ({
    name,
    password,
    home: homeOf(layout, name),
    shell: accounts.find((each) => each.name === name)?.shell ?? "/bin/bash",
  });
  const key = (name: KeyName) => keyPath(layout, name);
  const smallDisk = (name: string) => ({
    path: `${layout.smallDisks}/${name}`,
    bytes: SMALL_DISK_BYTES,
  });
  const hasCsh = accounts.some(({ name }) => name === CSH_ACCOUNT);
  return {
    dir: layout.dir,
    cluster: CLUSTER_NAME,
    host: CONTROLLER_ADDRESS,
    port: SSH_PORT,
    user: MAIN_ACCOUNT,
    password,
    home: homeOf(layout, MAIN_ACCOUNT),
    accounts: {
      main: account(MAIN_ACCOUNT),
      noisy: account(NOISY_ACCOUNT),
      ...(hasCsh ? { csh: account(CSH_ACCOUNT) } : {}),
    },
    keys: {
      ed25519: key("ed25519"),
      ed25519Encrypted: key("ed25519Encrypted"),
      rsa: key("rsa"),
      rsaPem: key("rsaPem"),
      rsaPemEncrypted: key("rsaPemEncrypted"),
      ecdsa: key("ecdsa"),
      ecdsaPem: key("ecdsaPem"),
      unauthorized: key("unauthorized"),
    },
    passphrase: PASSPHRASE,
    knownHosts: layout.knownHosts,
    slurmConf: layout.slurmConf,
    nodes: NODES.map(({ name, address, netns, link }) => ({
      name,
      address,
      netns,
      link,
      sshPort: SSH_PORT,
      cpus: NODE_CPUS,
      memoryMb: NODE_MEMORY_MB,
      gpus: NODE_GPUS,
    })),
    partitions: PARTITIONS.map(({ name, nodes, maxMinutes }) => ({
      name,
      nodes: [...nodes],
      maxMinutes,
    })),
    slurmAccount: SLURM_ACCOUNT,
    preemptingQos: PREEMPTING_QOS,
    jumpHosts: NODES.map(({ name, address }) => ({ name, host: address, port: SSH_PORT })),
    smallDisks: {
      hosts: smallDisk("hosts"),
      jobs: smallDisk("jobs"),
      programs: smallDisk("programs"),
    },
    daemons: daemonList(layout).map(({ name, pidFile }) => ({ name, pidFile })),
  };
}
