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

sluice_group=
sluice_early=
sluice_told=
sluice_again=
sluice_pass_on() {
  if [ -n "$sluice_group" ]; then kill -s USR1 -- "-$sluice_group"; else sluice_early=1; fi
} 2>/dev/null
trap 'sluice_told=$SECONDS; sluice_again=1; sluice_pass_on' USR1
trap 'sluice_caught=HUP; sluice_again=1' HUP
trap 'sluice_caught=INT; sluice_again=1' INT
trap 'sluice_caught=QUIT; sluice_again=1' QUIT
trap 'sluice_caught=USR2; sluice_again=1' USR2
trap 'sluice_caught=ALRM; sluice_again=1' ALRM
trap 'sluice_caught=TERM; sluice_again=1' TERM
trap 'sluice_caught=XCPU; sluice_again=1' XCPU
trap 'sluice_woken=$SECONDS; sluice_again=1' CONT

sluice_note() {
  printf '%s %s %s %s %s %s\n' "$sluice_attempt" "$sluice_task" "$sluice_restart" "$@" >>"$sluice_spool"
} 2>/dev/null

rm -f "$sluice_dir/exit$sluice_suffix"
sluice_started=$(date +%s)
sluice_note start "$sluice_started" -
exec 3>&2 2>/dev/null
set +o posix
exec 4<> <(:)
exec 5>/dev/fd/4 6</dev/fd/4 4>&-
sluice_read() {
  while sluice_again=; ! read -r "$1" <&6 && [ -n "$sluice_again" ]; do :; done
}
set -m
(
  trap : HUP INT QUIT USR1 USR2 ALRM TERM XCPU
  echo begun >&5
  (
    exec 2>&3 3>&- 5>&- 6<&-
    if [ "$sluice_caught" = TERM ]; then exit 143; fi
    set --
    if [ "$(uname -sm)" != 'Linux x86_64' ]; then
      printf 'sluice: the environment is for linux-x86_64, and this node is %s: name a partition or a constraint with nodes that fit.\n' "$(uname -sm)" >&2
      exit 86
    fi
    sluice_env=$(cd -- "$sluice_dir" && pwd)
    sluice_env=${sluice_env%/jobs/*}/environments/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    { printf '%s\n' "${SLUICE_JOB_ID:-}" >"$sluice_env/used"; } 2>/dev/null
    rm -f -- "$sluice_env/retired"
    if [ -e "$sluice_env/removing" ] || [ ! -d "$sluice_env" ]; then
      printf 'sluice: the environment %s is not on the cluster any more: submit the job again, so that it is sent.\n' "$sluice_env" >&2
      exit 85
    fi
    sluice_unpack() {
      mkdir -- "$2" || return
      if [ "$(head -c 2 -- "$1")" = '#!' ]; then
        (cd -- "$2" && bash "$1" >&2 </dev/null) || return
      else
        tar -x --no-same-owner -C "$2" -f "$1" || return
      fi
      if [ -f "$2"/'my environment/$HOME'/bin/conda-unpack ]; then
        "$2"/'my environment/$HOME'/bin/python "$2"/'my environment/$HOME'/bin/conda-unpack >&2 </dev/null || return
      fi
      printf '%s\n' 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef >"$2"/.sluice-environment
    }
    sluice_hold() {
      sluice_lock=$sluice_env/lock.$1 sluice_tree=$sluice_env/tree.$1
      (sluice_unpack "$sluice_env/archive" "$sluice_tree"; printf '%s\n' "$?" >"$sluice_lock/status") &
      sluice_beat=0 sluice_old=$1
      until [ -e "$sluice_lock/status" ] || ! kill -s 0 "$!" 2>/dev/null; do
        sluice_beat=$((sluice_beat + 1))
        printf '%s\n' "$sluice_beat" >"$sluice_lock/beat"
        if [ "$sluice_beat" -le 10 ]; then sleep 0.1; else sleep 1; fi
      done
      wait
      sluice_status=
      { read -r sluice_status <"$sluice_lock/status"; } 2>/dev/null
      if [ "$sluice_status" = 0 ] && ln -sn "tree.$1" "$sluice_env/tree" 2>/dev/null; then
        rm -f -- "$sluice_env/archive"
        while [ "$sluice_old" -gt 1 ]; do
          sluice_old=$((sluice_old - 1))
          rm -rf -- "$sluice_env/tree.$sluice_old"
        done
      fi
      printf '' >"$sluice_lock/over"
      if [ "$(readlink "$sluice_env/tree")" != "tree.$1" ]; then rm -rf -- "$sluice_tree"; fi
      if [ ! -L "$sluice_env/tree" ]; then
        printf 'sluice: %s cannot be unpacked: see the lines above.\n' "$sluice_env/archive" >&2
        exit 87
      fi
    }
    sluice_number=0 sluice_idle=0 sluice_waited=0 sluice_seen=
    while [ ! -L "$sluice_env/tree" ]; do
      while [ -d "$sluice_env/lock.$((sluice_number + 1))" ]; do
        sluice_number=$((sluice_number + 1)) sluice_idle=0 sluice_seen=
      done
      sluice_lock=$sluice_env/lock.$sluice_number
      if [ "$sluice_number" = 0 ] || [ -e "$sluice_lock/over" ] || [ "$sluice_idle" -ge 30 ]; then
        if mkdir -- "$sluice_env/lock.$((sluice_number + 1))" 2>/dev/null; then
          sluice_hold "$((sluice_number + 1))"
        elif [ ! -d "$sluice_env/lock.$((sluice_number + 1))" ]; then
          printf 'sluice: %s cannot be written on this node.\n' "$sluice_env" >&2
          exit 87
        fi
        continue
      fi
      if [ "$sluice_waited" -ge 3600 ]; then
        printf 'sluice: waited for %s seconds for another job to unpack %s; submit the job again later.\n' \
          "$sluice_waited" "$sluice_env" >&2
        exit 88
      fi
      sleep 1
      sluice_waited=$((sluice_waited + 1)) sluice_idle=$((sluice_idle + 1)) sluice_beat=
      { read -r sluice_beat <"$sluice_lock/beat"; } 2>/dev/null
      if [ "$sluice_beat" != "$sluice_seen" ]; then sluice_idle=0 sluice_seen=$sluice_beat; fi
    done
    sluice_mark=
    { read -r sluice_mark <"$sluice_env/tree/.sluice-environment"; } 2>/dev/null
    SLUICE_ENVIRONMENT=$sluice_env/tree/'my environment/$HOME'
    export SLUICE_ENVIRONMENT
    if [ "$sluice_mark" != 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef ]; then
      printf 'sluice: files are missing in %s: submit the job again, so that it is sent anew.\n' "$sluice_env" >&2
      exit 85
    fi
    [ -f "$SLUICE_ENVIRONMENT"/bin/activate ] || { printf '%s\n' 'sluice: the environment has no "bin/activate": say in '\''software.activate'\'', and '\''software.root'\'', where its activation script lies.' >&2; exit 89; }
    . "$SLUICE_ENVIRONMENT"/bin/activate >&2 || { printf '%s\n' 'sluice: "bin/activate" of the environment failed.' >&2; exit 89; }
    exec python3 tides.py
  )
  echo "$?" >&5
) &
set +m
exec 5>&-
sluice_read sluice_begun
if [ -n "$sluice_begun" ]; then sluice_group=$!; fi
if [ -n "$sluice_early" ]; then sluice_pass_on; fi
sluice_read sluice_code
if [ -z "$sluice_code" ]; then sluice_code=137; fi
sluice_note end "$sluice_code" "$sluice_caught"
sluice_ended=$(date +%s)
if [ "$sluice_caught$sluice_woken" = TERM ]; then sleep 1; fi
if [ -n "$sluice_woken" ] && [ -n "$sluice_told" ] &&
  [ $((sluice_woken - sluice_told)) -ge -2 ] && [ $((sluice_woken - sluice_told)) -le 2 ]; then
  sluice_woken=
fi
if [ -n "$sluice_woken" ]; then sluice_caught=CONT; fi
if printf '%s %s %s %s %s %s\n' "$sluice_id" "$sluice_restart" "$sluice_code" "$sluice_caught" \
  "$sluice_started" "$sluice_ended" >"$sluice_dir/.exit$sluice_suffix"; then
  mv -f "$sluice_dir/.exit$sluice_suffix" "$sluice_dir/exit$sluice_suffix"
fi
exit "$sluice_code"
