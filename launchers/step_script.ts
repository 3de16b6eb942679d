/**
 * What srun starts on the nodes of a step. Pure.
 *
 * @module
 */

import type { Resources } from "../model/mod.ts";
import { JOB_SCRIPT_FILE } from "./job_script.ts";
import { PEERS_FILE } from "./peers.ts";
import type { ExecutionPlan } from "./plan.ts";
import { NOTED_SIGNALS } from "./signals.ts";

/** Name of the script in the attempt's directory. */
export const STEP_SCRIPT_FILE = "step.sh";

/**
 * The script that srun starts once on every node of a step, as `step.sh DIRECTORY SPOOL [NAME]`, in the job's
 * directory: DIRECTORY is the attempt's own, the rest are the arguments of the job's script.
 *
 * On the first node it becomes the job's script. On the others it runs the plan's peers, or nothing, and stays:
 * it is there so that the step has these nodes, and srun ends it once the first has ended (`--wait`). The variables
 * that tell of the job's nodes are made to tell of the step's, so that the same payload runs in a step as in
 * a job of its own.
 *
 * @param first Lines that come before all others. Default: none.
 */
export function stepScript(
  resources: Resources,
  plan: ExecutionPlan,
  first: readonly string[] = [],
): string {
  const { tasks, tasksPerNode, cpusPerTask } = resources;
  const set = (name: string, value: number | undefined) =>
    value === undefined ? [`unset ${name}`] : [`${name}=${value}`, `export ${name}`];
  return [
    "#!/bin/sh",
    "# Started once on every node of the step: runs the payload on the first of them.",
    "sluice_step_dir=$1",
    "shift",
    ...first,
    "unset SLURM_WAIT SLURM_NPROCS SLURM_TASKS_PER_NODE SLURM_DISTRIBUTION SLURM_NODELIST",
    "SLURM_JOB_NODELIST=$SLURM_STEP_NODELIST SLURM_JOB_NUM_NODES=$SLURM_STEP_NUM_NODES",
    "SLURM_NNODES=$SLURM_STEP_NUM_NODES SLURM_OVERLAP=1",
    "export SLURM_JOB_NODELIST SLURM_JOB_NUM_NODES SLURM_NNODES SLURM_OVERLAP",
    "SLUICE_RUN=$SLURM_JOB_ID.$SLURM_STEP_ID.${SLURM_RESTART_COUNT:-0}",
    "export SLUICE_RUN",
    'if [ -n "${SLURM_GPUS_ON_NODE:-}" ]; then',
    "  SLURM_GPUS_PER_NODE=$SLURM_GPUS_ON_NODE",
    "  export SLURM_GPUS_PER_NODE",
    "fi",
    ...set("SLURM_NTASKS", tasks),
    ...set("SLURM_NTASKS_PER_NODE", tasksPerNode),
    ...set("SLURM_CPUS_PER_TASK", cpusPerTask),
    `if [ "\${SLURM_PROCID:-0}" = 0 ]; then exec "$sluice_step_dir/${JOB_SCRIPT_FILE}" "$@"; fi`,
    // srun would end the first node's script a second after another node's.
    ...(plan.peers === undefined ? [] : [
      `trap : ${NOTED_SIGNALS.join(" ")}`,
      `"$sluice_step_dir/${PEERS_FILE}" "$sluice_step_dir"`,
    ]),
    `trap '' ${NOTED_SIGNALS.join(" ")}`,
    "exec sleep 2147483647",
    "",
  ].join("\n");
}
