#!/bin/sh
# Runs the steps of a session: takes entries from its inbox, in their order, and starts each with srun.
set -C
SLUICE_SESSION_DIR=$1
cd -- "$SLUICE_JOB_DIRECTORY" || exit
SLUICE_NODE_CPUS=$SLURM_CPUS_ON_NODE SLUICE_NODE_MEMORY=''
# Of memory that was asked for by the processor Slurm does not see that a step can never have so much.
if [ -n "${SLURM_MEM_PER_CPU:-}" ]; then
  case $SLURM_JOB_CPUS_PER_NODE in *,*) ;; *) SLUICE_NODE_MEMORY=$((SLURM_MEM_PER_CPU * SLUICE_NODE_CPUS)) ;; esac
fi
unset CUDA_VISIBLE_DEVICES GPU_DEVICE_ORDINAL ROCR_VISIBLE_DEVICES ZE_AFFINITY_MASK SLUICE_ATTEMPT SLUICE_JOB_ID SLURM_CONSTRAINT SLURM_CPUS_PER_GPU SLURM_CPUS_PER_TASK SLURM_DISTRIBUTION SLURM_EXCLUSIVE SLURM_GPUS SLURM_GPUS_ON_NODE SLURM_GPUS_PER_NODE SLURM_GPUS_PER_SOCKET SLURM_GPUS_PER_TASK SLURM_GRES SLURM_JOB_GPUS SLURM_JOB_NUM_NODES SLURM_MEM_PER_CPU SLURM_MEM_PER_GPU SLURM_MEM_PER_NODE SLURM_NNODES SLURM_NPROCS SLURM_NTASKS SLURM_NTASKS_PER_CORE SLURM_NTASKS_PER_GPU SLURM_NTASKS_PER_NODE SLURM_NTASKS_PER_SOCKET SLURM_OPEN_MODE SLURM_SIGNAL SLURM_STEP_GPUS SLURM_TASKS_PER_NODE SLURM_TIMELIMIT
SLUICE_SESSION_NODELIST=$SLURM_JOB_NODELIST
SLUICE_SRUN=$(command -v srun) || exit
export SLUICE_SESSION_DIR SLUICE_NODE_CPUS SLUICE_NODE_MEMORY SLUICE_SESSION_NODELIST SLUICE_SRUN
mkdir -p running cancel "$SLUICE_SESSION_DIR/bin" || exit
ln -sf ../nested_srun.sh "$SLUICE_SESSION_DIR/bin/srun"
PATH=$SLUICE_SESSION_DIR/bin:$PATH
export PATH
sluice_jobs=${SLUICE_JOB_DIRECTORY%/*}
sluice_most=64
sluice_patience=
sluice_closed='' sluice_told='' sluice_idle_since='' sluice_left=0 sluice_standing=''
sluice_kill_wait=$(scontrol show config 2>/dev/null | sed -n 's/^KillWait *= *\([0-9]*\).*/\1/p')
[ -n "$sluice_kill_wait" ] || sluice_kill_wait=30

# Sets the job's directory, the attempt's and the end of its files' names for the entry.
sluice_names() {
  sluice_attempt=${1%%_*}
  sluice_job=$sluice_jobs/${sluice_attempt%%.*}
  sluice_place=$sluice_job
  case $sluice_attempt in *.*) sluice_place=$sluice_job/attempt-${sluice_attempt#*.} ;; esac
  sluice_suffix=
  case $1 in *_*)
    sluice_task=${1#*_}
    while :; do case $sluice_task in 0?*) sluice_task=${sluice_task#0} ;; *) break ;; esac; done
    sluice_suffix=.$sluice_task ;;
  esac
}

# Asks the step to end, once, and makes it after a while; a step that waits for its resources just goes.
sluice_end_step() {
  if [ -z "$sluice_srun" ] || [ -n "$sluice_killer" ]; then return; fi
  [ -e "$SLUICE_JOB_DIRECTORY/cancel/$sluice_name" ] || return
  if { read -r sluice_id _ <"$sluice_place/step_start$sluice_suffix"; } 2>/dev/null &&
    [ "$(readlink "$sluice_place/begun$sluice_suffix")" = "$sluice_id" ]; then
    true >|"$sluice_place/step_cancelled$sluice_suffix"
    scancel --signal=TERM "$sluice_id"
    (
      trap 'kill "$sluice_sleep"' TERM
      sleep "$sluice_kill_wait" &
      sluice_sleep=$!
      wait "$sluice_sleep" && scancel "$sluice_id"
    ) 8>&- &
    sluice_killer=$!
  else
    kill "$sluice_srun"
  fi
} </dev/null >/dev/null 2>&1

# Ends what the step has left on its nodes, where Slurm's own end of it may not have come to that.
sluice_sweep() {
  timeout 20 "$SLUICE_SRUN" --overlap --nodes="$3" --ntasks="$3" --ntasks-per-node=1 --cpus-per-task=1 \
    --nodelist="$2" --mem=0 --gres=none "$SLUICE_SESSION_DIR/sweep.sh" "$1"
} 8>&- </dev/null >/dev/null 2>&1

# Runs the step of an entry and records how srun ended.
sluice_run() {
  sluice_name=$1 sluice_srun='' sluice_killer='' sluice_code=1
  trap 'sluice_again=1; sluice_end_step' USR1
  trap 'sluice_again=1' TERM
  # shellcheck source=/dev/null
  if cd -- "$sluice_job" && . "$SLUICE_JOB_DIRECTORY/running/$sluice_name"; then
    sluice_step "$sluice_place" "$sluice_suffix" 8>&- </dev/null >>"$sluice_place/step_words$sluice_suffix" 2>&1 &
    sluice_srun=$!
    sluice_end_step
    while sluice_again=; wait "$sluice_srun"; sluice_code=$?; [ -n "$sluice_again" ]; do :; done
  fi
  [ -z "$sluice_killer" ] || kill "$sluice_killer"
  printf '%s %s\n' "$sluice_code" "$(date +%s)" >|"$sluice_place/step_end$sluice_suffix"
  if { read -r sluice_id sluice_nodes sluice_number <"$sluice_place/step_start$sluice_suffix"; } 2>/dev/null; then
    # One node, and an end of the payload's own: then Slurm has had the node swept, unless it cut that short.
    sluice_mark=$SLUICE_SESSION_DIR/swept.$sluice_id
    if [ "$sluice_number" != 1 ] || [ ! -e "$sluice_place/exit$sluice_suffix" ] || [ ! -e "$sluice_mark" ]; then
      sluice_sweep "$sluice_id" "$sluice_nodes" "$sluice_number"
    fi
    rm -f "$sluice_mark"
  fi
  # Where Slurm ends the session, its steps may hear of that before this does: then nothing more is begun.
  if { read -r sluice_record <"$sluice_place/exit$sluice_suffix"; } 2>/dev/null; then
    case $sluice_record in *' CONT '* | *' TERM '*)
      until sluice_state=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T); do sleep 1; done
      if [ "$sluice_state" != RUNNING ]; then true >|"$SLUICE_JOB_DIRECTORY/ending"; fi ;;
    esac
  fi
  cd -- "$SLUICE_JOB_DIRECTORY" || return
  rm -f "running/$sluice_name" ".pid.$sluice_name" "cancel/$sluice_name"
  echo ended >&8
} 2>/dev/null

# Whether the cluster that is this job has come up, or is gone: until then nobody is to wait for it in a place.
sluice_settled() {
  sluice_there=$sluice_jobs/$1
  if [ -e "$sluice_there/cluster" ] || [ -e "$sluice_there/exit" ] || [ -e "$sluice_there/step_end" ]; then
    return 0
  fi
  [ -L "$sluice_there/begun" ] || return
  case $(readlink "$sluice_there/begun") in cancelled | given-up) return 0 ;; *) return 1 ;; esac
}

# Starts the step of an entry, unless it must wait, or was started before.
sluice_take() {
  sluice_entry=$1 sluice_name=${1##*/} sluice_stands=''
  sluice_names "$sluice_name"
  if [ ! -d "$sluice_place" ] || [ -e "running/$sluice_name" ] ||
    [ -e "$sluice_place/step_end$sluice_suffix" ] || [ -L "$sluice_place/begun$sluice_suffix" ]; then
    rm -f "$sluice_entry"
    return 1
  fi
  while read -r sluice_line; do
    case $sluice_line in
    '# at most '*)
      set -- running/"$sluice_attempt"_*
      [ -e "$1" ] || shift
      [ $# -lt "${sluice_line#'# at most '}" ] || return 1 ;;
    '# on the cluster '*) sluice_settled "${sluice_line#'# on the cluster '}" || return 1 ;;
    '# stands') sluice_stands=1 ;;
    *) break ;;
    esac
  done <"$sluice_entry"
  mv "$sluice_entry" "running/$sluice_name" || return 1
  if [ -n "$sluice_stands" ]; then sluice_standing="$sluice_standing $sluice_name"; fi
  sluice_run "$sluice_name" &
  echo "$!" >|".pid.$sluice_name"
} 2>/dev/null

# Has the session take no more, for the reason given. What the inbox holds is kept: entries that were on
# their way into it are in it, wherever it is.
sluice_close() {
  while [ -d inbox ]; do
    while [ -e "queue.$sluice_left" ]; do sluice_left=$((sluice_left + 1)); done
    mv inbox "queue.$sluice_left"
    # Not where one was made anew meanwhile, by whoever found none.
    echo "$1" >inbox
  done
  sluice_closed=$1
} 2>/dev/null

# Counts those that run, and those of them that take a place.
sluice_count() {
  set -- running/*
  [ -e "$1" ] || shift
  sluice_running=$# sluice_taken=$#
  sluice_stood=$sluice_standing sluice_standing=''
  for sluice_name in $sluice_stood; do
    [ -e "running/$sluice_name" ] || continue
    sluice_standing="$sluice_standing $sluice_name" sluice_taken=$((sluice_taken - 1))
  done
}

# Closes a session that nobody uses, once it has been so for long enough.
sluice_close_if_idle() {
  sluice_now=$(date +%s)
  [ -n "$sluice_idle_since" ] || sluice_idle_since=$sluice_now
  [ $((sluice_now - sluice_idle_since)) -ge "$sluice_patience" ] || return
  # An entry that slipped in keeps the directory.
  rmdir inbox && echo idle >inbox && sluice_closed=idle
} 2>/dev/null

# Does what there is to do, and fails when there is nothing to do any more.
sluice_look() {
  if [ ! -e inbox ]; then mkdir inbox; fi
  # A network file system shows what others put there once this node has changed something itself.
  { true >|inbox/.look; } 2>/dev/null && rm -f inbox/.look
  if [ -e ending ]; then sluice_told=1; fi
  if [ -n "$sluice_told" ]; then
    sluice_close ended
  elif [ -z "$sluice_closed" ] && [ -e close ]; then
    sluice_close asked
  fi
  for sluice_mark in cancel/*; do
    [ -e "$sluice_mark" ] || continue
    sluice_name=${sluice_mark##*/}
    if [ ! -e "running/$sluice_name" ]; then
      rm -f "$sluice_mark"
    elif read -r sluice_pid <".pid.$sluice_name"; then
      kill -s USR1 "$sluice_pid"
    fi
  done 2>/dev/null
  sluice_count
  if [ -z "$sluice_told" ]; then
    for sluice_next in queue.*/* inbox/*; do
      [ "$sluice_taken" -lt "$sluice_most" ] || break
      [ -f "$sluice_next" ] || continue
      sluice_take "$sluice_next" || continue
      sluice_running=$((sluice_running + 1))
      [ -n "$sluice_stands" ] || sluice_taken=$((sluice_taken + 1))
    done
  fi
  if [ "$sluice_running" -gt 0 ]; then
    sluice_idle_since=
    return 0
  fi
  if [ -z "$sluice_closed" ]; then
    if [ -z "$sluice_patience" ] || ! sluice_close_if_idle; then return 0; fi
  fi
  [ -z "$sluice_told" ] || return 1
  for sluice_inbox in queue.*; do
    [ ! -d "$sluice_inbox" ] || rmdir "$sluice_inbox" || return 0
  done 2>/dev/null
  return 1
}

trap : USR2
trap 'sluice_told=1; echo told >&8' TERM
(
  trap 'kill "$sluice_tick"; exit' TERM
  while kill -s 0 $$; do
    sleep 3 &
    sluice_tick=$!
    wait "$sluice_tick"
    echo look >&8
  done
) </dev/null >/dev/null 2>&1 &
sluice_ticker=$!
[ -d inbox ] || { read -r sluice_closed <inbox; } 2>/dev/null
printf '%s %s\n' "$SLURM_JOB_ID" "$SLURMD_NODENAME" >|listening
while sluice_look; do read -r _ <&8; done
rm -f listening
kill "$sluice_ticker" 2>/dev/null
[ -z "$sluice_told" ] || exit 143
