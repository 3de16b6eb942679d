/**
 * Slurm's configuration files for the test cluster, as text.
 *
 * @module
 */

import {
  CLUSTER_NAME,
  CONTROLLER_ADDRESS,
  CONTROLLER_NAME,
  NODE_CPUS,
  NODE_GPUS,
  NODE_MEMORY_MB,
  NODES,
  PARTITIONS,
  SLURMCTLD_PORT,
  SLURMDBD_PORT,
  type TestbedLayout,
  type TestbedPartition,
} from "./layout.ts";

/**
 * How long a job's credential holds, in seconds, and so how long a requeued job waits at least. Every
 * job must be started on its nodes within this time, so it is not as short as it could be.
 */
const CREDENTIAL_SECONDS = 10;

/**
 * `slurm.conf` (slurm.conf(5), Slurm 22.05).
 *
 * `config_overrides` lets the nodes claim more than the machine has; linuxproc and task/none need no
 * cgroups; the intervals are short so that tests do not wait. Slurm itself looks at time limits only
 * every 30 seconds.
 */
export function slurmConf(layout: TestbedLayout): string {
  const settings: readonly (readonly [string, string | number])[] = [
    ["ClusterName", CLUSTER_NAME],
    ["SlurmctldHost", `${CONTROLLER_NAME}(${CONTROLLER_ADDRESS})`],
    ["SlurmctldPort", SLURMCTLD_PORT],
    ["SlurmUser", "slurm"],
    ["CommunicationParameters", "NoCtldInAddrAny"],
    ["AuthType", "auth/munge"],
    // A requeued job waits for its old credential to expire: two minutes by default.
    ["AuthInfo", `socket=${layout.mungeSocket},cred_expire=${CREDENTIAL_SECONDS}`],
    ["CredType", "cred/munge"],
    ["StateSaveLocation", layout.controllerState],
    ["SlurmdSpoolDir", `${layout.spool}/%n`],
    ["SlurmctldPidFile", `${layout.spool}/slurmctld.pid`],
    ["SlurmdPidFile", `${layout.spool}/slurmd-%n.pid`],
    ["SlurmctldLogFile", `${layout.log}/slurmctld.log`],
    ["SlurmdLogFile", `${layout.log}/slurmd-%n.log`],
    ["ProctrackType", "proctrack/linuxproc"],
    ["TaskPlugin", "task/none"],
    ["SelectType", "select/cons_tres"],
    ["SelectTypeParameters", "CR_Core_Memory"],
    ["DefMemPerCPU", 500],
    ["SlurmdParameters", "config_overrides"],
    ["ReturnToService", 2],
    ["PropagateResourceLimits", "NONE"],
    [
      "SchedulerParameters",
      "batch_sched_delay=0,sched_interval=2,bf_interval=2,bf_continue",
    ],
    ["SlurmctldTimeout", 30],
    ["SlurmdTimeout", 30],
    // What a job has to end and to clear away after itself, also on a machine that is busy.
    ["KillWait", 10],
    ["OverTimeLimit", 0],
    ["MinJobAge", 60],
    ["JobRequeue", 1],
    ["MaxJobCount", 30_000],
    ["MaxArraySize", 20_001],
    ["PreemptType", "preempt/qos"],
    ["PreemptMode", "REQUEUE"],
    ["MailProg", "/bin/true"],
    ["GresTypes", "gpu"],
    ["JobAcctGatherType", "jobacct_gather/linux"],
    ["JobAcctGatherFrequency", 5],
    ["AccountingStorageType", "accounting_storage/slurmdbd"],
    ["AccountingStorageHost", CONTROLLER_ADDRESS],
    ["AccountingStoragePort", SLURMDBD_PORT],
    // Not a password: with munge it is the path of the socket for connections to slurmdbd.
    ["AccountingStoragePass", layout.mungeSocket],
    ["AccountingStorageTRES", "gres/gpu"],
    ["AccountingStoreFlags", "job_comment"],
  ];
  const nodes = NODES.map(({ name, address }) =>
    `NodeName=${name} NodeAddr=${address} CPUs=${NODE_CPUS} RealMemory=${NODE_MEMORY_MB} ` +
    `Gres=gpu:${NODE_GPUS} State=UNKNOWN`
  );
  return [
    ...settings.map(([key, value]) => `${key}=${value}`),
    ...nodes,
    ...PARTITIONS.map((partition, index) => partitionLine(partition, index === 0)),
    "",
  ].join("\n");
}

function partitionLine({ name, nodes, maxMinutes }: TestbedPartition, isDefault: boolean): string {
  const limit = maxMinutes === null ? "INFINITE" : String(maxMinutes);
  return `PartitionName=${name} Nodes=${nodes.join(",")} MaxTime=${limit} ` +
    `Default=${isDefault ? "YES" : "NO"} State=UP`;
}

/** `gres.conf`: the device files that stand in for GPUs, the same on every node. */
export function gresConf(layout: TestbedLayout): string {
  return NODES.map(({ name }) =>
    `NodeName=${name} Name=gpu File=${layout.devices}/fakegpu[0-${NODE_GPUS - 1}]\n`
  ).join("");
}

/** `cgroup.conf`: mount nothing; Slurm reads this file even where no plugin uses cgroups. */
export function cgroupConf(): string {
  return "CgroupAutomount=no\n";
}

/** `slurmdbd.conf` (slurmdbd.conf(5)): accounting in the private MariaDB, by socket. */
export function slurmdbdConf(layout: TestbedLayout): string {
  return [
    "AuthType=auth/munge",
    `AuthInfo=socket=${layout.mungeSocket}`,
    `DbdHost=${CONTROLLER_NAME}`,
    `DbdAddr=${CONTROLLER_ADDRESS}`,
    `DbdPort=${SLURMDBD_PORT}`,
    "SlurmUser=slurm",
    "StorageType=accounting_storage/mysql",
    "StorageHost=localhost",
    "StorageUser=slurm",
    "StorageLoc=slurm_acct_db",
    `LogFile=${layout.log}/slurmdbd.log`,
    `PidFile=${layout.spool}/slurmdbd.pid`,
    "",
  ].join("\n");
}

/** What MariaDB runs at every start: an account for slurmdbd that only the system user slurm may use. */
export function databaseInitSql(): string {
  return [
    "CREATE DATABASE IF NOT EXISTS slurm_acct_db;",
    "CREATE USER IF NOT EXISTS 'slurm'@'localhost' IDENTIFIED VIA unix_socket;",
    "GRANT ALL ON slurm_acct_db.* TO 'slurm'@'localhost';",
    "",
  ].join("\n");
}
