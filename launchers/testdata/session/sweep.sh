#!/bin/sh
# Ends what is left of a step on this node.
sluice_step=${1:-$SLURM_JOB_ID.$SLURM_STEP_ID}
# An srun that is just starting a step would leave that behind: it is asked to end it first.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sluice_asked=
  sluice_files=$(grep -l -s -z -x -F "SLUICE_STEP=$sluice_step" /proc/[0-9]*/environ)
  for sluice_file in $sluice_files; do
    sluice_file=${sluice_file#/proc/} sluice_name=
    sluice_process=${sluice_file%/environ}
    read -r sluice_name <"/proc/$sluice_process/comm"
    if [ "$sluice_name" = srun ] && kill -s TERM "$sluice_process"; then sluice_asked=1; fi
  done
  [ -n "$sluice_asked" ] || break
  sleep 0.1
done 2>/dev/null
for _ in 1 2 3 4 5; do
  sluice_files=$(grep -l -s -z -x -F "SLUICE_STEP=$sluice_step" /proc/[0-9]*/environ)
  if [ -z "$sluice_files" ]; then
    true >"$SLUICE_SESSION_DIR/swept.$sluice_step"
    break
  fi
  for sluice_file in $sluice_files; do
    sluice_file=${sluice_file#/proc/}
    kill -s KILL "${sluice_file%/environ}"
  done
done 2>/dev/null
exit 0
