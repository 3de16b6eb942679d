/**
 * Brings the test cluster up.
 *
 * @module
 */

import { checkAccounts, ensurePassword, possibleAccounts, raiseAccounts } from "./accounts.ts";
import { attemptScript, runScript } from "./command.ts";
import { daemonList, daemonNamed, type DaemonSpec } from "./daemon_list.ts";
import { startDaemon, stopDaemon } from "./daemons.ts";
import { TestbedError } from "./errors.ts";
import { testbedFacts } from "./facts_maker.ts";
import type { TestbedFacts } from "./facts.ts";
import { writeFile } from "./files.ts";
import {
  CLUSTER_NAME,
  MAIN_ACCOUNT,
  NODES,
  PREEMPTING_QOS,
  SLURM_ACCOUNT,
  type TestbedLayout,
} from "./layout.ts";
import { acquireLock } from "./lock.ts";
import { raiseNetwork } from "./network.ts";
import { ensurePackages, ensureWishedPackages } from "./packages.ts";
import type { Progress } from "./progress.ts";
import {
  ensureDatabaseFiles,
  ensureMungeKey,
  mountSmallDisks,
  raiseStateDir,
  writeConfiguration,
} from "./state_dir.ts";
import { testbedStatus } from "./status.ts";

/**
 * Brings the cluster up, or repairs what is broken, or does nothing if all of it is well; gives its
 * facts. Each stage looks at what is there first, so that any half-made state is a good start.
 */
export async function bringUp(layout: TestbedLayout, progress: Progress): Promise<TestbedFacts> {
  await ensurePackages(progress);
  await using _lock = await acquireLock();
  const { state, problems } = await testbedStatus(layout);
  if (state === "broken") progress(`repairing: ${problems.join("; ")}`);
  else if (state === "down") progress("directories and configuration");
  await checkAccounts(layout);
  await raiseStateDir(layout);
  const changed = await writeConfiguration(layout);
  if (state === "up" && !changed) {
    progress("already up");
    return await writeFacts(layout);
  }
  if (changed) {
    for (const daemon of daemonList(layout).reverse()) await stopDaemon(layout, daemon);
  }
  await ensureWishedPackages(progress);
  progress("network of four nodes");
  await raiseNetwork();
  progress("users and keys");
  await raiseAccounts(layout);
  await mountSmallDisks(layout);
  await startAll(layout, progress);
  return await writeFacts(layout);
}

async function writeFacts(layout: TestbedLayout): Promise<TestbedFacts> {
  const [accounts, password] = await Promise.all([possibleAccounts(), ensurePassword(layout)]);
  const facts = testbedFacts(layout, accounts, password);
  await writeFile(layout.facts, `${JSON.stringify(facts, null, 2)}\n`, { mode: "0600" });
  return facts;
}

async function startAll(layout: TestbedLayout, progress: Progress): Promise<void> {
  const start = (name: string) => startDaemon(layout, daemonNamed(layout, name));
  progress("munge and database");
  await Promise.all([
    ensureMungeKey(layout).then(() => start("munged")),
    ensureDatabaseFiles(layout).then(() => start("mariadbd")),
  ]);
  progress("slurmdbd");
  await start("slurmdbd");
  await register(layout);
  progress("slurmctld");
  await start("slurmctld");
  progress("slurmd and sshd on every node");
  await Promise.all(
    daemonList(layout).filter(isOnTop).map((daemon) => startDaemon(layout, daemon)),
  );
  await waitForNodes(layout);
}

function isOnTop({ name }: DaemonSpec): boolean {
  return name.startsWith("slurmd:") || name === "sshd" || name.startsWith("sshd:");
}

async function register(layout: TestbedLayout): Promise<void> {
  await runScript(
    "register the cluster in Slurm's accounting",
    `cluster=$1 account=$2 user=$3 qos=$4
    has() { [ -n "$(sacctmgr -n -P show "$1" "$2" format="\${3-name}")" ]; }
    has cluster "$cluster" cluster || sacctmgr -i -Q add cluster "$cluster"
    has qos "$qos" || sacctmgr -i -Q add qos "$qos" preempt=normal priority=1000
    has account "$account" account || sacctmgr -i -Q add account "$account" cluster="$cluster"
    has user "$user" user ||
      sacctmgr -i -Q add user "$user" account="$account" qos="normal,$qos" defaultqos=normal`,
    [CLUSTER_NAME, SLURM_ACCOUNT, MAIN_ACCOUNT, PREEMPTING_QOS],
    { env: { SLURM_CONF: layout.slurmConf } },
  );
}

/** Puts nodes that are down or drained back to work and waits until all can run jobs. */
async function waitForNodes(layout: TestbedLayout): Promise<void> {
  const { code, stdout } = await attemptScript(
    `wanted=$1
    tries=0
    while [ $tries -lt 150 ]; do
      if [ $((tries % 25)) -eq 24 ]; then
        for node in $(sinfo -h -N -p debug -t down,drain,fail -o %N); do
          scontrol update "nodename=$node" state=resume 2>/dev/null
        done
      fi
      # A node that is drained counts as idle for -t, but takes no job.
      ready=$(sinfo -h -N -p debug -r -o '%T' | grep -cE '^(idle|mixed|allocated|completing)[+]?$')
      [ "$ready" -ge "$wanted" ] && exit 0
      tries=$((tries + 1)); sleep 0.2
    done
    sinfo -N -l
    exit 1`,
    [String(NODES.length)],
    { env: { SLURM_CONF: layout.slurmConf } },
  );
  if (code === 0) return;
  throw new TestbedError(
    "TESTBED_DAEMON_FAILED",
    `The nodes did not register within 30 s:\n${stdout.trim()}`,
    `Read slurmctld.log and slurmd-n1.log in ${layout.log}.`,
  );
}
