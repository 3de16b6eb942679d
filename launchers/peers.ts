/**
 * What runs on the other nodes of a job while its payload runs on the first. Pure.
 *
 * @module
 */

import type { JobSpec } from "../model/mod.ts";
import type { ExecutionPlan, PlanFile } from "./plan.ts";
import { softwareLines, softwareShell } from "./software.ts";

/** Name of the script for the other nodes in the attempt's directory. */
export const PEERS_FILE = "peers.sh";

/** Beginning of the name of the file in the attempt's directory that holds the number of the peers' step. */
const STEP_FILE = "peers_step";

/** Seconds that peers have to end once they are told to. */
const GRACE_SECONDS = 10;

/**
 * Variables of sbatch that srun would take for options of its own. Without them a step on all nodes has all that
 * the job has on each, however unevenly that is spread.
 */
const SPREAD = [
  "SLURM_NTASKS",
  "SLURM_NPROCS",
  "SLURM_NTASKS_PER_NODE",
  "SLURM_TASKS_PER_NODE",
  "SLURM_DISTRIBUTION",
  "SLURM_NNODES",
  "SLURM_CPUS_PER_TASK",
  "SLURM_GPUS",
  "SLURM_GPUS_PER_NODE",
  "SLURM_GPUS_PER_SOCKET",
  "SLURM_GPUS_PER_TASK",
  "SLURM_GPU_BIND",
];

/**
 * The script for the other nodes: it is started once on each with the attempt's directory as its argument, and
 * what it prints goes to `peers.NODE.log` there. In a job of its own it is started on all nodes, with the name of
 * the first one, where it only leaves word of its step, as the second argument.
 */
export function peersScript(
  { software }: Pick<JobSpec, "software">,
  peers: NonNullable<ExecutionPlan["peers"]>,
): string {
  return [
    `#!${softwareShell(software)}`,
    "# What runs on each of the other nodes while the payload runs on the first.",
    "sluice_dir=$1",
    'if [ "$SLURMD_NODENAME" = "${2:-}" ]; then',
    `  echo "$SLURM_STEP_ID" >"$sluice_dir/${STEP_FILE}.$SLUICE_RUN"`,
    "  exit",
    "fi",
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
    "  (",
    // Without them the step has all nodes, and all that the job has on each.
    `    unset ${SPREAD.join(" ")}`,
    // It shares what the payload has, and the end of one, or of its node, is not the end of those on others.
    '    exec srun --overlap --no-kill --kill-on-bad-exit=0 --wait=0 --nodes="$SLURM_JOB_NUM_NODES" \\',
    '      --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 \\',
    `      "$sluice_dir/${PEERS_FILE}" "$sluice_dir" "$SLURMD_NODENAME" </dev/null >/dev/null 2>&1`,
    "  ) &",
    "  sluice_peers=$!",
    "fi",
  ];
}

/** Lines of a batch script that end the peers: srun itself would kill them at once. */
export function endPeers(): string[] {
  const file = `"$sluice_dir/${STEP_FILE}.$SLUICE_RUN"`;
  return [
    'if [ -n "$sluice_peers" ]; then',
    `  if read -r sluice_step <${file}; then`,
    `    rm -f ${file}`,
    '    scancel --quiet --signal=TERM "$SLURM_JOB_ID.$sluice_step"',
    "    (",
    // Its last sleep is all that outlives it where Slurm finds processes by their parents.
    `      sluice_left=${GRACE_SECONDS}`,
    '      while [ "$sluice_left" -gt 0 ]; do',
    "        sleep 1",
    "        sluice_left=$((sluice_left - 1))",
    "      done",
    '      kill "$sluice_peers"',
    "    ) &",
    '    wait "$sluice_peers"',
    '    kill "$!"',
    "  else",
    // They have not begun.
    '    kill "$sluice_peers"',
    '    wait "$sluice_peers"',
    "  fi",
    "fi",
  ];
}
