/**
 * What runs on the other nodes of a job while its payload runs on the first. Pure.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";
import type { ExecutionPlan, PlanFile } from "./plan.ts";
import { softwareLines } from "./software.ts";

/** Name of the script for the other nodes in the attempt's directory. */
export const PEERS_FILE = "peers.sh";

/** Options of every srun that starts one of our shells: it shares what the job has, and outlives no other. */
const SHELL_OPTIONS = "--overlap --no-kill --kill-on-bad-exit=0 --wait=0";

/**
 * The script for the other nodes: it is started once on each with the attempt's directory as its argument, and
 * what it prints goes to `peers.NODE.log` there.
 */
export function peersScript(
  { software }: Pick<JobSpec, "software">,
  peers: NonNullable<ExecutionPlan["peers"]>,
): string {
  return [
    "#!/bin/sh",
    "# What runs on each of the other nodes while the payload runs on the first.",
    "sluice_dir=$1",
    'exec >>"$sluice_dir/peers.$SLURMD_NODENAME.log" 2>&1 </dev/null',
    ...softwareLines(software),
    ...peers,
    "",
  ].join("\n");
}

/** The file with that script, where the plan has work for the other nodes. */
export function peersFiles(
  work: Pick<JobSpec, "software">,
  { peers }: ExecutionPlan,
): readonly PlanFile[] {
  return peers === undefined
    ? []
    : [{ name: PEERS_FILE, text: peersScript(work, peers), executable: true }];
}

/** Lines of a batch script that start the peers, where the job has other nodes than the script's own. */
export function startPeers(): string[] {
  return [
    "sluice_peers=",
    "SLUICE_RUN=$SLURM_JOB_ID.$sluice_restart",
    "export SLUICE_RUN",
    'if [ "${SLURM_JOB_NUM_NODES:-1}" -gt 1 ]; then',
    "  sluice_others=$((SLURM_JOB_NUM_NODES - 1))",
    `  srun ${SHELL_OPTIONS} --nodes="$sluice_others" --ntasks="$sluice_others" --ntasks-per-node=1 \\`,
    '    --exclude="$SLURMD_NODENAME" --cpus-per-task="$SLURM_CPUS_ON_NODE" \\',
    '    ${SLURM_GPUS_ON_NODE:+"--gpus-per-node=$SLURM_GPUS_ON_NODE"} \\',
    `    "$sluice_dir/${PEERS_FILE}" "$sluice_dir" </dev/null >/dev/null 2>&1 &`,
    "  sluice_peers=$!",
    "fi",
  ];
}

/** Lines of a batch script that end the peers. */
export function endPeers(): string[] {
  return ['if [ -n "$sluice_peers" ]; then kill "$sluice_peers"; wait "$sluice_peers"; fi'];
}
