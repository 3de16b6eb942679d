#!/bin/sh
# Starts a task of a step.
sluice_place=$1 sluice_suffix=$2 sluice_signal=$3 sluice_before=$4 sluice_limit=$5
shift 5
exec >>"stdout$sluice_suffix" 2>>"stderr$sluice_suffix"
SLUICE_STEP=$SLURM_JOB_ID.$SLURM_STEP_ID
SLUICE_STEP_NODELIST=$SLURM_STEP_NODELIST
export SLUICE_STEP SLUICE_STEP_NODELIST
if [ "$SLURM_PROCID" = 0 ]; then
  printf '%s %s %s\n' "$SLUICE_STEP" "$SLURM_STEP_NODELIST" "$SLURM_STEP_NUM_NODES" \
    >"$sluice_place/step_start$sluice_suffix" || exit
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
