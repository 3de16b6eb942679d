#!/bin/sh
# Starts Spark for a job and ends all of it with the application.
sluice_role=$1
sluice_dir=$2
sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}
sluice_run=$sluice_dir/spark.${SLUICE_RUN:-run}$sluice_suffix
sluice_node=${SLURMD_NODENAME:-$(uname -n)}
sluice_grace=10
sluice_local='' sluice_secret='' sluice_worker='' sluice_master=''

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
sluice_fetch() {
  if command -v python3 >/dev/null; then
    python3 -c 'import sys, urllib.request as request
opener = request.build_opener(request.ProxyHandler({}))
sys.stdout.write(opener.open(sys.argv[1], timeout=5).read().decode())' "$1"
  elif command -v curl >/dev/null; then
    curl --silent --fail --noproxy '*' --max-time 5 "$1"
  else
    wget --quiet --no-proxy --timeout=5 --tries=1 --output-document=- "$1"
  fi
} 2>/dev/null
sluice_daemon() {
  sluice_name=$1
  shift
  (
    trap '' HUP INT QUIT USR1 USR2 ALRM XCPU
    cd "$sluice_run" || exit
    unset SPARK_PREFER_IPV6
    SPARK_DAEMON_MEMORY=${SPARK_DAEMON_MEMORY:-512m}
    SPARK_DAEMON_JAVA_OPTS="${SPARK_DAEMON_JAVA_OPTS:-} -Dsluice.log=$sluice_name.log"
    SPARK_DAEMON_JAVA_OPTS="$SPARK_DAEMON_JAVA_OPTS -Dlog4j2.configurationFile=../spark-log4j2.properties"
    JDK_JAVA_OPTIONS="${JDK_JAVA_OPTIONS:-} $sluice_java"
    export SPARK_DAEMON_MEMORY SPARK_DAEMON_JAVA_OPTS JDK_JAVA_OPTIONS
    exec "$SPARK_HOME/bin/spark-class" "$@" >"$sluice_name.out" 2>&1 </dev/null
  ) &
}
sluice_start_worker() {
  sluice_daemon "worker.$sluice_node" org.apache.spark.deploy.worker.Worker \
    --host "$sluice_host" --port 0 --webui-port 0 --work-dir "$sluice_local/work" \
    ${sluice_cores:+--cores "$sluice_cores"} ${sluice_memory:+--memory "${sluice_memory}m"} "$1"
  sluice_worker=$!
}
sluice_keep_logs() {
  if [ -z "$sluice_local" ]; then return; fi
  for sluice_log in "$sluice_local"/work/*/*/stderr "$sluice_local"/work/*/*/stdout; do
    if [ ! -s "$sluice_log" ]; then continue; fi
    sluice_executor=${sluice_log#"$sluice_local"/work/}
    tail -c 1048576 "$sluice_log" \
      >"$sluice_run/executor.$sluice_node.$(printf %s "$sluice_executor" | tr / .)"
  done
}
sluice_any() { [ -e "$1" ]; }
sluice_clean() {
  sluice_status=$?
  trap '' TERM HUP INT QUIT USR1 USR2 ALRM XCPU
  rm -f "$sluice_dir/cluster$sluice_suffix" "$sluice_dir/cluster_secret$sluice_suffix"
  if [ -e "$sluice_run/state" ]; then echo end >"$sluice_run/state"; fi
  sluice_stop "$sluice_grace" ${sluice_worker:+"$sluice_worker"} ${sluice_master:+"$sluice_master"}
  sluice_keep_logs
  rm -rf "$sluice_local" "$sluice_run/conf" "$sluice_run/payload.py"
  sluice_until=$(($(date +%s) + sluice_grace))
  while sluice_any "$sluice_run"/up.* && [ "$(date +%s)" -lt "$sluice_until" ]; do sleep 0.2; done
  rmdir "$sluice_run" 2>/dev/null
  exit "$sluice_status"
}
sluice_leave() {
  sluice_status=$?
  trap '' TERM HUP INT QUIT USR1 USR2 ALRM XCPU
  sluice_stop "$sluice_grace" ${sluice_worker:+"$sluice_worker"}
  sluice_keep_logs
  rm -rf "$sluice_local"
  rm -f "$sluice_run/up.$sluice_node"
  exit "$sluice_status"
}
if [ "$sluice_role" = other ]; then trap sluice_leave EXIT; else trap sluice_clean EXIT; fi
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
sluice_nodes=${SLURM_JOB_NUM_NODES:-1}
sluice_cores=${SLURM_CPUS_ON_NODE:-}
sluice_memory=${SLURM_MEM_PER_NODE:-}
if [ -z "$sluice_memory" ] && [ -n "${SLURM_MEM_PER_CPU:-}" ]; then
  sluice_memory=$((SLURM_MEM_PER_CPU * ${SLURM_CPUS_ON_NODE:-1}))
fi
if [ "${sluice_memory:-0}" -gt 0 ]; then
  sluice_all=$sluice_memory
  sluice_memory=$((sluice_all - 1024))
  if [ $((sluice_memory * 2)) -lt "$sluice_all" ]; then sluice_memory=$((sluice_all / 2)); fi
else
  sluice_memory=
fi

if [ "$sluice_role" = other ]; then
  sluice_state=
  while { read -r sluice_state SPARK_MASTER <"$sluice_run/state"; } 2>/dev/null; [ -z "$sluice_state" ]; do
    : >"$sluice_dir/.spark.$sluice_node" && rm -f "$sluice_dir/.spark.$sluice_node"
    sleep 0.5
  done
  if [ "$sluice_state" = end ]; then exit 0; fi
  : >"$sluice_run/up.$sluice_node"
  SPARK_CONF_DIR=$sluice_run/conf
  export SPARK_CONF_DIR
  sluice_start_worker "$SPARK_MASTER"
  while kill -s 0 "$sluice_worker" 2>/dev/null && read -r sluice_state SPARK_MASTER <"$sluice_run/state" &&
    [ "$sluice_state" = up ]; do
    sleep 0.5
  done
  exit 0
fi

sluice_spool=$3 sluice_attempt=$4 sluice_task=$5 sluice_restart=$6
shift 6
rm -rf "$sluice_run"
mkdir -m 700 "$sluice_run" ||
  sluice_fail 70 "cannot make $sluice_run"
sluice_secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
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
  if [ -n "$sluice_memory" ] && [ $((sluice_memory)) -lt 1024 ]; then
    printf 'spark.executor.memory=%sm\n' $((sluice_memory))
  fi
  if [ -n "$sluice_theirs" ]; then cat "$sluice_theirs/spark-defaults.conf" 2>/dev/null; fi
  echo
  cat "$sluice_dir/spark.properties"
  if [ -n "$sluice_secret" ]; then
    printf 'spark.%s\n' authenticate=true "authenticate.secret=$sluice_secret"
  fi
  echo spark.master.rest.enabled=false
} >"$SPARK_CONF_DIR/spark-defaults.conf"
sluice_port() {
  sed -n "s/.*Successfully started service '$1' on port \([0-9]*\).*/\1/p" \
    "$sluice_run/master.log" 2>/dev/null | head -n 1
}
sluice_lost() {
  for sluice_log in "$sluice_run/$2.log" "$sluice_run/$2.out"; do tail -n 20 "$sluice_log"; done >&2 2>/dev/null
  sluice_fail "$1" "$3; see $sluice_run"
}
sluice_daemon master org.apache.spark.deploy.master.Master \
  --host "$sluice_host" --port 0 --webui-port 0
sluice_master=$!
sluice_until=$(($(date +%s) + 120))
while sluice_at=$(sluice_port sparkMaster) && sluice_page=$(sluice_port MasterUI) &&
  { [ -z "$sluice_at" ] || [ -z "$sluice_page" ]; }; do
  if ! kill -s 0 "$sluice_master" 2>/dev/null; then
    sluice_lost 70 master "the Spark master ended as it came up"
  fi
  if [ "$(date +%s)" -ge "$sluice_until" ]; then
    sluice_lost 70 master "the Spark master was not up after 120 s"
  fi
  sleep 0.2
done
SPARK_MASTER=spark://$sluice_host:$sluice_at
echo "up $SPARK_MASTER" >"$sluice_run/.state"
mv "$sluice_run/.state" "$sluice_run/state"
sluice_start_worker "$SPARK_MASTER"
sluice_until=$(($(date +%s) + 300))
while sluice_count=$(sluice_fetch "http://$sluice_host:$sluice_page/json/" |
  awk '{ count += gsub(/"state" *: *"ALIVE"/, "") } END { print count + 0 }') &&
  [ "$sluice_count" -lt "$sluice_nodes" ]; do
  if ! kill -s 0 "$sluice_master" 2>/dev/null; then
    sluice_lost 70 master "the Spark master ended before its workers had registered"
  fi
  if ! kill -s 0 "$sluice_worker" 2>/dev/null; then
    sluice_lost 71 "worker.$sluice_node" "the Spark worker on $sluice_node ended as it came up"
  fi
  if [ "$(date +%s)" -ge "$sluice_until" ]; then
    sluice_lost 71 master "$sluice_count of $sluice_nodes Spark workers had registered after 300 s"
  fi
  sleep 0.2
done
(umask 077 && echo "$sluice_secret" >"$sluice_dir/cluster_secret$sluice_suffix")
printf '%s\n' framework=spark "address=$SPARK_MASTER" "dashboard=$sluice_host:$sluice_page" \
  >"$sluice_run/.cluster"
mv "$sluice_run/.cluster" "$sluice_dir/cluster$sluice_suffix"
printf '%s %s %s ready 0 -\n' "$sluice_attempt" "$sluice_task" "$sluice_restart" \
  2>/dev/null >>"$sluice_spool"
echo "spark.master=$SPARK_MASTER" >>"$SPARK_CONF_DIR/spark-defaults.conf"
MASTER=$SPARK_MASTER PATH=$SPARK_HOME/bin:$PATH
export SPARK_MASTER MASTER PATH
{ while kill -s 0 "$sluice_master"; do sleep 1; done; } 2>/dev/null
printf 'sluice: the Spark master ended; see %s\n' "$sluice_run" >&2
(exit 70)
