#!/bin/sh
# Starts Spark for a job and ends all of it with the application.
sluice_dir=$2
sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}
sluice_run=$sluice_dir/spark.${SLUICE_RUN:-run}$sluice_suffix
sluice_node=${SLURMD_NODENAME:-$(uname -n)}
sluice_grace=10
sluice_local='' sluice_secret='' sluice_payload='' sluice_told=''

sluice_fail() {
  printf 'sluice: %s\n' "$2" >&2
  exit "$1"
}
sluice_address() {
  {
    getent ahosts "${SLURMD_NODENAME:-$(uname -n)}"
    getent ahosts "$(uname -n)"
    hostname -I | tr ' ' '\n'
  } 2>/dev/null | awk '
    $1 == "" || $1 ~ /^(127\.|169\.254\.|::1$|fe80:)/ { next }
    $1 !~ /:/ { print $1; found = 1; exit }
    six == "" { six = $1 }
    END { if (!found && six != "") print six }
  '
}
sluice_tree() {
  ps -A -o pid= -o ppid= 2>/dev/null | awk -v roots="$*" '
    { parent[$1] = $2 }
    END {
      count = split(roots, list)
      for (i = 1; i <= count; i++) wanted[list[i]] = 1
      do {
        more = 0
        for (pid in parent) if (!(pid in wanted) && (parent[pid] in wanted)) more = wanted[pid] = 1
      } while (more)
      for (pid in wanted) print pid
    }
  '
}
sluice_stop() {
  sluice_until=$(($(date +%s) + $1))
  shift
  if [ "$#" -eq 0 ]; then return; fi
  sluice_pids=$(sluice_tree "$@")
  for sluice_pid in $sluice_pids; do kill -s TERM "$sluice_pid"; done
  for sluice_pid in $sluice_pids; do
    while kill -s 0 "$sluice_pid"; do
      if [ "$(date +%s)" -gt "$sluice_until" ]; then
        kill -s KILL "$sluice_pid"
        break
      fi
      sleep 0.1
    done
  done
} 2>/dev/null
sluice_begin() {
  (
    trap : TERM HUP INT QUIT USR1 USR2 ALRM XCPU
    "$@"
    echo "$?" >"$sluice_local/code"
  ) &
  sluice_payload=$!
}
sluice_await() {
  while kill -s 0 "$sluice_payload" && [ -z "$sluice_told" ]; do wait "$sluice_payload"; done
  if [ -n "$sluice_told" ]; then sluice_stop "$sluice_grace" "$sluice_payload"; fi
  read -r sluice_code <"$sluice_local/code" || sluice_code=137
} 2>/dev/null
sluice_clean() {
  sluice_status=$?
  trap '' TERM HUP INT QUIT USR1 USR2 ALRM XCPU
  sluice_stop "$sluice_grace" ${sluice_payload:+"$sluice_payload"}
  rm -rf "$sluice_local" "$sluice_run/conf" "$sluice_run/payload.py"
  rmdir "$sluice_run" 2>/dev/null
  exit "$sluice_status"
}
trap sluice_clean EXIT
trap 'exit 143' HUP INT TERM
trap : QUIT USR1 USR2 ALRM XCPU

if [ -z "${SPARK_HOME:-}" ]; then
  SPARK_HOME=$(python3 -c 'import importlib.util
print(next(iter(importlib.util.find_spec("pyspark").submodule_search_locations)))' 2>/dev/null)
fi
export SPARK_HOME
if [ ! -x "$SPARK_HOME/bin/spark-class" ]; then
  sluice_fail 69 "there is no Spark on $sluice_node: \$SPARK_HOME is '$SPARK_HOME', and python3 has no pyspark"
fi
if [ ! -x "${JAVA_HOME:-/nonexistent}/bin/java" ] && ! command -v java >/dev/null; then
  sluice_fail 69 "there is no Java on $sluice_node, which Spark needs: \$JAVA_HOME is not set and no java is on PATH"
fi
sluice_local=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/sluice-spark.XXXXXXXX") ||
  sluice_fail 70 "there is no place for temporary files on $sluice_node"
mkdir "$sluice_local/tmp"
sluice_java=$(printf -- '-Djava.io.tmpdir="%s"' "$sluice_local/tmp")
sluice_host=${SPARK_LOCAL_HOSTNAME:-$(sluice_address)}
case $sluice_host in
'['*) ;;
*:*)
  sluice_host="[$sluice_host]"
  sluice_java="$sluice_java -Djava.net.preferIPv6Addresses=true"
  export SPARK_PREFER_IPV6=True
  ;;
esac
if [ -n "$sluice_host" ]; then
  SPARK_LOCAL_HOSTNAME=$sluice_host SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-$sluice_host}
  export SPARK_LOCAL_HOSTNAME SPARK_LOCAL_IP
fi
SPARK_LOCAL_DIRS=${SPARK_LOCAL_DIRS:-$sluice_local/tmp}
SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:-} $sluice_java"
export SPARK_LOCAL_DIRS SPARK_SUBMIT_OPTS

shift 6
rm -rf "$sluice_run"
mkdir -m 700 "$sluice_run" ||
  sluice_fail 70 "cannot make $sluice_run"
sluice_standing="$SLUICE_JOB_DIRECTORY"/'../it'\''s another'
sluice_until=$(($(date +%s) + 300))
while [ ! -e "$sluice_standing/cluster" ]; do
  if [ -e "$sluice_standing/exit" ]; then
    sluice_fail 68 "the Spark cluster that is job ${sluice_standing##*/} has ended; its standard error says why"
  fi
  if [ "$(date +%s)" -ge "$sluice_until" ]; then
    sluice_fail 68 "the Spark cluster that is job ${sluice_standing##*/} was not up after 300 s"
  fi
  sleep 0.5
done
SPARK_MASTER=$(sed -n 's/^address=//p' "$sluice_standing/cluster")
sluice_secret=$(cat "$sluice_standing/cluster_secret" 2>/dev/null)
sluice_theirs=$(cd "${SPARK_CONF_DIR:-$SPARK_HOME/conf}" 2>/dev/null && pwd) || sluice_theirs=
SPARK_CONF_DIR=$sluice_run/conf
export SPARK_CONF_DIR
mkdir "$SPARK_CONF_DIR"
for sluice_file in ${sluice_theirs:+"$sluice_theirs"/*}; do
  case ${sluice_file##*/} in
  spark-defaults.conf | '*') ;;
  *) ln -s "$sluice_file" "$SPARK_CONF_DIR" ;;
  esac
done
{
  printf 'spark.%s\n' ui.port=0 ui.killEnabled=false \
    executor.logs.rolling.strategy=size executor.logs.rolling.maxSize=1048576 \
    executor.logs.rolling.maxRetainedFiles=2
  if [ -n "$sluice_theirs" ]; then cat "$sluice_theirs/spark-defaults.conf" 2>/dev/null; fi
  echo
  cat "$sluice_dir/spark.properties"
  if [ -n "$sluice_secret" ]; then
    printf 'spark.%s\n' authenticate=true "authenticate.secret=$sluice_secret"
  fi
} >"$SPARK_CONF_DIR/spark-defaults.conf"
echo "spark.master=$SPARK_MASTER" >>"$SPARK_CONF_DIR/spark-defaults.conf"
MASTER=$SPARK_MASTER PATH=$SPARK_HOME/bin:$PATH
export SPARK_MASTER MASTER PATH
ln -s "$sluice_dir/payload" "$sluice_run/payload.py"
set -- "$sluice_run/payload.py" "$@"
trap 'sluice_told=1' HUP INT TERM
sluice_begin sh -c 'trap "" USR1 USR2 && exec "$@"' sh \
  "$SPARK_HOME/bin/spark-submit" --master "$SPARK_MASTER" "$@"
sluice_await
(exit "$sluice_code")
