#!/bin/sh
# Attempt 2 at job 01890a5d-ac96-774b-bcce-b302099a8057 of Sluice: runs the components of the job side by side.
sluice_dir=$PWD${2:+/$2}
sluice_attempt=01890a5d-ac96-774b-bcce-b302099a8057.2
sluice_id=${SLURM_JOB_ID:-}
SLUICE_HET_JOB_ID=$sluice_id
SLUICE_COMPONENTS=2
export SLUICE_HET_JOB_ID SLUICE_COMPONENTS

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

unset SLURM_CPUS_PER_GPU SLURM_CPUS_PER_TASK SLURM_DISTRIBUTION SLURM_GPUS SLURM_GPUS_PER_NODE SLURM_GPUS_PER_SOCKET SLURM_GPUS_PER_TASK SLURM_GPU_BIND SLURM_NNODES SLURM_NPROCS SLURM_NTASKS SLURM_NTASKS_PER_NODE SLURM_TASKS_PER_NODE SLURM_TRES_PER_TASK SLURM_MEM_PER_CPU SLURM_MEM_PER_GPU SLURM_MEM_PER_NODE
trap : HUP INT QUIT USR1 USR2 ALRM TERM XCPU CONT

sluice_run() {
  trap : HUP INT QUIT USR1 USR2 ALRM TERM XCPU CONT
  sluice_number=$1
  sluice_nodes=$2
  shift 2
  if { read -r _ _ _ sluice_caught _ <"$sluice_dir/exit.$sluice_number"; } 2>/dev/null; then
    case $sluice_caught in
      CONT | NOWORD) rm -f "$sluice_dir/exit.$sluice_number" ;;
      *) return ;;
    esac
  fi
  if [ "$(readlink "$sluice_dir/begun.$sluice_number" 2>/dev/null)" = given-up ]; then return; fi
  for sluice_variable in SLURM_CPUS_PER_GPU SLURM_CPUS_PER_TASK SLURM_DISTRIBUTION SLURM_GPUS SLURM_GPUS_PER_NODE SLURM_GPUS_PER_SOCKET SLURM_GPUS_PER_TASK SLURM_GPU_BIND SLURM_NNODES SLURM_NPROCS SLURM_NTASKS SLURM_NTASKS_PER_NODE SLURM_TASKS_PER_NODE SLURM_TRES_PER_TASK; do
    unset "${sluice_variable}_HET_GROUP_$sluice_number"
  done
  sluice_started=$(date +%s)
  srun --het-group="$sluice_number" --nodes="$sluice_nodes" --ntasks="$sluice_nodes" --ntasks-per-node=1 \
    --wait=1 --kill-on-bad-exit=0 \
    --output=/dev/null --error="stderr.$sluice_number" --open-mode=append \
    "$sluice_dir/component-$sluice_number/step.sh" \
    "$sluice_dir/component-$sluice_number" "$@" \
    </dev/null 2>"$sluice_dir/component-$sluice_number/srun.log"
  sluice_code=$?
  if [ ! -L "$sluice_dir/begun.$sluice_number" ]; then
    cat "$sluice_dir/component-$sluice_number/srun.log" >>"stderr.$sluice_number"
  fi
  if [ "$sluice_code" = 0 ]; then sluice_code=1; fi
  set -C
  printf '%s %s %s NOWORD %s %s\n' "$sluice_id" "${SLURM_RESTART_COUNT:-0}" "$sluice_code" \
    "$sluice_started" "$(date +%s)" 2>/dev/null >"$sluice_dir/exit.$sluice_number"
}

sluice_run 0 "${SLURM_JOB_NUM_NODES_HET_GROUP_0:-1}" "$@" &
sluice_run 1 "${SLURM_JOB_NUM_NODES_HET_GROUP_1:-1}" "$@" &
until wait; do :; done

sluice_status=0
for sluice_number in 0 1; do
  { read -r _ _ sluice_code _ <"$sluice_dir/exit.$sluice_number"; } 2>/dev/null || sluice_code=1
  if [ "$sluice_status" = 0 ]; then sluice_status=$sluice_code; fi
done
exit "$sluice_status"
