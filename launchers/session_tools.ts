/**
 * What the steps of a session need on their nodes. Pure.
 *
 * @module
 */

import { STEP_START, SWEPT_MARK } from "./session_files.ts";

/**
 * The script that srun starts for each task of a step, in the job's directory, as
 * `start_step.sh PLACE SUFFIX SIGNAL BEFORE LIMIT COMMAND...`: the attempt's directory, the end of its files'
 * names, and the signal before the time limit with both times in seconds. SIGNAL is `-` for none, and LIMIT
 * where the session's own ends the step.
 *
 * Output goes straight to the job's files, and not through srun, to which only Slurm's own words on the step
 * go. The task leaves a mark in its environment, by which its descendants are known wherever they are.
 */
export function startStepScript(): string {
  return `#!/bin/sh
# Starts a task of a step.
sluice_place=$1 sluice_suffix=$2 sluice_signal=$3 sluice_before=$4 sluice_limit=$5
shift 5
exec >>"stdout$sluice_suffix" 2>>"stderr$sluice_suffix"
SLUICE_STEP=$SLURM_JOB_ID.$SLURM_STEP_ID
SLUICE_STEP_NODELIST=$SLURM_STEP_NODELIST
export SLUICE_STEP SLUICE_STEP_NODELIST
if [ "$SLURM_PROCID" = 0 ]; then
  printf '%s %s %s\\n' "$SLUICE_STEP" "$SLURM_STEP_NODELIST" "$SLURM_STEP_NUM_NODES" \\
    >"$sluice_place/${STEP_START}$sluice_suffix" || exit
  if [ "$sluice_signal" != - ]; then
    (
      sluice_now=$(date +%s)
      sluice_end=$(SLURM_TIME_FORMAT=%s squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e)
      case $sluice_end in '' | *[!0-9]*) sluice_end= ;; esac
      if [ "$sluice_limit" != - ]; then
        sluice_limit=$((sluice_now + sluice_limit))
        if [ -z "$sluice_end" ] || [ "$sluice_limit" -lt "$sluice_end" ]; then sluice_end=$sluice_limit; fi
      fi
      [ -n "$sluice_end" ] || exit
      sluice_left=$((sluice_end - sluice_before - sluice_now))
      if [ "$sluice_left" -gt 0 ]; then sleep "$sluice_left"; fi
      exec scancel --signal="$sluice_signal" "$SLUICE_STEP"
    ) </dev/null >/dev/null 2>&1 &
  fi
fi
exec "$@"
`;
}

/**
 * The script that ends what a step has left on a node: by Slurm after each of its tasks, or as
 * \`sweep.sh JOB.STEP\`. Processes are known by the mark in their environment, also those that have left the
 * step's process tree, which not every cluster follows, and those of steps within the step. Slurm gives it five
 * seconds, which a node with much to do can use up, so it leaves a mark once nothing is left.
 */
export function sweepScript(): string {
  return `#!/bin/sh
# Ends what is left of a step on this node.
sluice_step=\${1:-$SLURM_JOB_ID.$SLURM_STEP_ID}
# An srun that is just starting a step would leave that behind: it is asked to end it first.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sluice_asked=
  sluice_files=$(grep -l -s -z -x -F "SLUICE_STEP=$sluice_step" /proc/[0-9]*/environ)
  for sluice_file in $sluice_files; do
    sluice_file=\${sluice_file#/proc/} sluice_name=
    sluice_process=\${sluice_file%/environ}
    read -r sluice_name <"/proc/$sluice_process/comm"
    if [ "$sluice_name" = srun ] && kill -s TERM "$sluice_process"; then sluice_asked=1; fi
  done
  [ -n "$sluice_asked" ] || break
  sleep 0.1
done 2>/dev/null
for _ in 1 2 3 4 5; do
  sluice_files=$(grep -l -s -z -x -F "SLUICE_STEP=$sluice_step" /proc/[0-9]*/environ)
  if [ -z "$sluice_files" ]; then
    true >"$SLUICE_SESSION_DIR/${SWEPT_MARK}$sluice_step"
    break
  fi
  for sluice_file in $sluice_files; do
    sluice_file=\${sluice_file#/proc/}
    kill -s KILL "\${sluice_file%/environ}"
  done
done 2>/dev/null
exit 0
`;
}

/**
 * The script that stands for srun within a step: what it starts goes to the step's nodes, whatever else the
 * allocation has. srun itself would take any of them, and no variable of its environment changes that.
 */
export function nestedSrunScript(): string {
  return `#!/bin/sh
# srun within a step: on no other nodes than the step's.
if [ "\${SLUICE_STEP_NODELIST:-$SLUICE_SESSION_NODELIST}" = "$SLUICE_SESSION_NODELIST" ]; then
  exec "$SLUICE_SRUN" "$@"
fi
sluice_others=$(
  {
    scontrol show hostnames "$SLUICE_STEP_NODELIST"
    scontrol show hostnames "$SLUICE_STEP_NODELIST"
    scontrol show hostnames "$SLUICE_SESSION_NODELIST"
  } | sort | uniq -u | paste -s -d , -
)
for sluice_word; do
  # Nodes that the caller excludes take the place of ours.
  case $sluice_word in -x* | --exclude*) sluice_others= ;; esac
done
if [ -z "$sluice_others" ]; then exec "$SLUICE_SRUN" --nodelist="$SLUICE_STEP_NODELIST" "$@"; fi
exec "$SLUICE_SRUN" --exclude="$sluice_others" "$@"
`;
}
