#!/bin/sh
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
rm -f "$SLUICE_JOB_DIRECTORY/manifest$sluice_suffix"
mkdir -p "$SLUICE_JOB_DIRECTORY/outputs"
sluice_started=$(date +%s)
sluice_note start "$sluice_started" -
exec 3>&2 2>/dev/null
(
  exec 2>&3 3>&-
  if [ "$sluice_caught" = TERM ]; then exit 143; fi
  exec hostname
)
sluice_code=$?
(
  exec 2>&3 3>&-
  LC_ALL=C CDPATH=
  export LC_ALL
  sluice_part=$SLUICE_JOB_DIRECTORY/.manifest$sluice_suffix
  sluice_verdict=0 sluice_torn=
  sluice_measure_file() {
    sluice_files=1
    sluice_bytes=$(stat -L -c %s -- "$1") && sluice_sum=$(sha256sum <"$1") || return 1
    sluice_sum=${sluice_sum%% *}
  }
  sluice_measure() {
    case $1 in
      file) sluice_measure_file "$2" ;;
    esac
  }
  sluice_real() {
    readlink -f -- "$1"
    printf x
  }
  sluice_tell() {
    printf '%s\000%s\000%s\000%s\000%s\000%s\000' "$@" || sluice_torn=1
  }
  sluice_refuse() {
    if [ "$sluice_code" = 0 ]; then
      printf 'sluice: the output %s %s: %s\n' "$2" "$3" "$4" >&2
      if [ "$sluice_verdict" -lt "$1" ]; then sluice_verdict=$1; fi
    fi
  }
  sluice_output() {
    sluice_files=0 sluice_bytes=0 sluice_sum=-
    if [ "$sluice_code" != 0 ] && [ "$3" = success ]; then
      sluice_tell not_collected "$1" "$6" 0 0 -
      return
    fi
    if [ ! -e "$6" ]; then
      sluice_tell missing "$1" "$6" 0 0 -
      [ "$4" = optional ] || sluice_refuse 95 "$1" "is missing" "$6"
      return
    fi
    sluice_at=$5
    if [ -z "$sluice_at" ]; then sluice_at=${6%/*}/; fi
    sluice_at=$(sluice_real "$sluice_at")
    sluice_at=${sluice_at%?x}
    sluice_is=$(sluice_real "$6")
    sluice_is=${sluice_is%?x}
    case $sluice_is in
      "$sluice_at" | "${sluice_at%/}"/*) ;;
      *)
        sluice_tell outside "$1" "$6" 0 0 -
        sluice_refuse 96 "$1" "leads out of its directory" "$6"
        return ;;
    esac
    sluice_kind=other
    if [ -f "$6" ]; then sluice_kind="file"; elif [ -d "$6" ]; then sluice_kind="directory"; fi
    if [ "$sluice_kind" != "$2" ]; then
      sluice_tell missing "$1" "$6" 0 0 -
      sluice_refuse 95 "$1" "is no $2" "$6"
      return
    fi
    if ! sluice_measure "$2" "$6"; then
      sluice_tell missing "$1" "$6" 0 0 -
      sluice_refuse 95 "$1" "cannot be read" "$6"
      return
    fi
    sluice_tell collected "$1" "$6" "$sluice_bytes" "$sluice_files" "$sluice_sum"
  }
  {
    sluice_output model file success needed "$SLUICE_JOB_DIRECTORY" "${SLUICE_JOB_DIRECTORY}"'/outputs/model'"${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}"
  } >"$sluice_part" || sluice_torn=1
  rm -f "$sluice_part.bad" "$sluice_part.list"
  if [ -n "$sluice_torn" ] || ! mv -f "$sluice_part" "$SLUICE_JOB_DIRECTORY/manifest$sluice_suffix"; then
    printf 'sluice: what became of the outputs cannot be written to %s\n' "$SLUICE_JOB_DIRECTORY" >&2
    exit 95
  fi
  exit "$sluice_verdict"
)
sluice_verdict=$?
if [ "$sluice_code" = 0 ]; then sluice_code=$sluice_verdict; fi
sluice_note end "$sluice_code" "$sluice_caught"
sluice_ended=$(date +%s)
if [ "$sluice_caught$sluice_woken" = TERM ]; then sleep 1; fi
if [ -n "$sluice_woken" ]; then sluice_caught=CONT; fi
if printf '%s %s %s %s %s %s\n' "$sluice_id" "$sluice_restart" "$sluice_code" "$sluice_caught" \
  "$sluice_started" "$sluice_ended" >"$sluice_dir/.exit$sluice_suffix"; then
  mv -f "$sluice_dir/.exit$sluice_suffix" "$sluice_dir/exit$sluice_suffix"
fi
exit "$sluice_code"
