#!/bin/sh
# Job 01890a5d-ac96-774b-bcce-b302099a8057 of Sluice: runs the payload once and records how it ended.
sluice_dir=$PWD
sluice_spool=$1
sluice_job=01890a5d-ac96-774b-bcce-b302099a8057
sluice_id=${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-}}
sluice_task=${SLURM_ARRAY_TASK_ID:--}
sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}
sluice_restart=${SLURM_RESTART_COUNT:-0}
sluice_caught=-

if ! ln -sn "$sluice_id" "$sluice_dir/claim" 2>/dev/null; then
  sluice_owner=$(readlink "$sluice_dir/claim")
  if [ -n "$sluice_owner" ] && [ "$sluice_owner" != "$sluice_id" ]; then
    printf 'sluice: job %s already runs as %s; this copy does nothing.\n' "$sluice_job" "$sluice_owner" >&2
    exit 75
  fi
fi

trap 'sluice_caught=HUP' HUP
trap 'sluice_caught=INT' INT
trap 'sluice_caught=QUIT' QUIT
trap 'sluice_caught=TERM' TERM
trap 'sluice_caught=USR1' USR1
trap 'sluice_caught=USR2' USR2
trap 'sluice_caught=XCPU' XCPU

sluice_note() {
  printf '%s %s %s %s %s %s\n' "$sluice_job" "$sluice_task" "$sluice_restart" "$@" >>"$sluice_spool"
} 2>/dev/null

rm -f "$sluice_dir/exit$sluice_suffix"
sluice_started=$(date +%s)
sluice_note start "$sluice_started" -
exec 3>&2 2>/dev/null
(
  exec 2>&3 3>&-
  cd -- "$HOME"/'my project' || exit 72
  exec ls
)
sluice_code=$?
sluice_ended=$(date +%s)
if printf '%s %s %s %s %s %s\n' "$sluice_id" "$sluice_restart" "$sluice_code" "$sluice_caught" \
  "$sluice_started" "$sluice_ended" >"$sluice_dir/.exit$sluice_suffix"; then
  mv -f "$sluice_dir/.exit$sluice_suffix" "$sluice_dir/exit$sluice_suffix"
fi
sluice_note end "$sluice_code" "$sluice_caught"
exit "$sluice_code"
