#!/bin/sh
# srun within a step: on no other nodes than the step's.
if [ "${SLUICE_STEP_NODELIST:-$SLUICE_SESSION_NODELIST}" = "$SLUICE_SESSION_NODELIST" ]; then
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
