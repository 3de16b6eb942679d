#!/bin/sh
# What runs on each of the other nodes while the payload runs on the first.
sluice_dir=$1
if [ "$SLURMD_NODENAME" = "${2:-}" ]; then
  echo "$SLURM_STEP_ID" >"$sluice_dir/peers_step.$SLUICE_RUN"
  exit
fi
exec >>"$sluice_dir/peers.$SLURMD_NODENAME.log" 2>&1 </dev/null
if ! env 'RAY_DEDUP_LOGS=0' 'GREETING=it'\''s
$HOME' sh -c 'command -v python3' >/dev/null; then
  echo 'sluice: ray: there is no python3 on PATH: name the software that brings it' >&2
  exit 69
fi
exec env 'RAY_DEDUP_LOGS=0' 'GREETING=it'\''s
$HOME' python3 -B "$sluice_dir"/ray_supervisor.py worker '{"place":"allocation","dashboard":true,"headArguments":[],"workerArguments":[],"headTimeoutSeconds":120,"workersTimeoutSeconds":300,"graceSeconds":10}' "$sluice_dir"
