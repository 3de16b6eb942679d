#!/bin/bash
# Attempt 1 at job 01890a5d-ac96-774b-bcce-b302099a8057 of Sluice: runs the payload once and records how it ended.
sluice_dir=$PWD${2:+/$2}
sluice_spool=$1
sluice_attempt=01890a5d-ac96-774b-bcce-b302099a8057
sluice_id=${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-}}
sluice_run=$sluice_id
sluice_task=${SLURM_ARRAY_TASK_ID:--}
sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}
sluice_restart=${SLURM_RESTART_COUNT:-0}
sluice_caught=-
sluice_woken=
SLUICE_JOB_ID=01890a5d-ac96-774b-bcce-b302099a8057
SLUICE_ATTEMPT=1
SLUICE_JOB_DIRECTORY=$PWD
export SLUICE_JOB_ID SLUICE_ATTEMPT SLUICE_JOB_DIRECTORY

{ read -r sluice_owner && read -r sluice_owner; } 2>/dev/null <"$sluice_dir/lock" ||
  sluice_owner=$sluice_id
if [ "$sluice_owner" != "$sluice_id" ]; then
  printf 'sluice: %s is on record as %s; this copy does nothing.\n' \
    "$sluice_attempt" "${sluice_owner:-nothing that can be read or written}" >&2
  exit 75
fi
if ! ln -sn "$sluice_id" "$sluice_dir/slurm_id" 2>/dev/null; then
  sluice_owner=$(readlink "$sluice_dir/slurm_id")
  if [ "$sluice_owner" != "$sluice_id" ]; then
    printf 'sluice: %s is on record as %s; this copy does nothing.\n' \
      "$sluice_attempt" "${sluice_owner:-nothing that can be read or written}" >&2
    exit 75
  fi
fi

if ! ln -sn "$sluice_run" "$sluice_dir/begun$sluice_suffix" 2>/dev/null; then
  sluice_owner=$(readlink "$sluice_dir/begun$sluice_suffix")
  if [ "$sluice_owner" != "$sluice_run" ]; then
    printf 'sluice: %s is on record as %s; it does nothing.\n' \
      "$sluice_attempt" "${sluice_owner:-nothing that can be read or written}" >&2
    exit 75
  fi
fi

trap 'sluice_caught=HUP' HUP
trap 'sluice_caught=INT' INT
trap 'sluice_caught=QUIT' QUIT
trap 'sluice_caught=USR1' USR1
trap 'sluice_caught=USR2' USR2
trap 'sluice_caught=ALRM' ALRM
trap 'sluice_caught=TERM' TERM
trap 'sluice_caught=XCPU' XCPU
trap 'sluice_woken=1' CONT

sluice_note() {
  printf '%s %s %s %s %s %s\n' "$sluice_attempt" "$sluice_task" "$sluice_restart" "$@" >>"$sluice_spool"
} 2>/dev/null

rm -f "$sluice_dir/exit$sluice_suffix"
sluice_started=$(date +%s)
sluice_note start "$sluice_started" -
exec 3>&2 2>/dev/null
(
  exec 2>&3 3>&-
  if [ "$sluice_caught" = TERM ]; then exit 143; fi
  set --
  [ -f "$HOME"/'my venv/bin/activate' ] || { printf '%s\n' 'sluice: there is no virtual environment in "~/my venv" on this node: it has no bin/activate.' >&2; exit 84; }
  . "$HOME"/'my venv/bin/activate' >&2 || { printf '%s\n' 'sluice: the virtual environment in "~/my venv" cannot be activated.' >&2; exit 89; }
  exec python3 tides.py
)
sluice_code=$?
sluice_note end "$sluice_code" "$sluice_caught"
sluice_ended=$(date +%s)
if [ "$sluice_caught$sluice_woken" = TERM ]; then sleep 1; fi
if [ -n "$sluice_woken" ]; then sluice_caught=CONT; fi
if printf '%s %s %s %s %s %s\n' "$sluice_id" "$sluice_restart" "$sluice_code" "$sluice_caught" \
  "$sluice_started" "$sluice_ended" >"$sluice_dir/.exit$sluice_suffix"; then
  mv -f "$sluice_dir/.exit$sluice_suffix" "$sluice_dir/exit$sluice_suffix"
fi
exit "$sluice_code"
