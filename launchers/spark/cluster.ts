/**
 * A standalone Spark across the nodes of a job. Pure.
 *
 * @module
 */

import type { SparkLauncherSpec } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { PAYLOAD_SIGNALS } from "./shell.ts";
import {
  CLUSTER_FILE,
  CLUSTER_SECRET_FILE,
  SPARK_GONE_EXIT_CODE,
  SPARK_LOGGING_FILE,
  SPARK_MASTER_EXIT_CODE,
  SPARK_WORKERS_EXIT_CODE,
} from "./terms.ts";

/** Fetches a URL without a proxy: by python3, which pyspark needs anyway, or by what else there is. */
export const FETCH: readonly string[] = [
  "sluice_fetch() {",
  "  if command -v python3 >/dev/null; then",
  "    python3 -c 'import sys, urllib.request as request",
  "opener = request.build_opener(request.ProxyHandler({}))",
  'sys.stdout.write(opener.open(sys.argv[1], timeout=5).read().decode())\' "$1"',
  "  elif command -v curl >/dev/null; then",
  "    curl --silent --fail --noproxy '*' --max-time 5 \"$1\"",
  "  else",
  '    wget --quiet --no-proxy --timeout=5 --tries=1 --output-document=- "$1"',
  "  fi",
  "} 2>/dev/null",
];

/** Starts a daemon, `sluice_daemon NAME CLASS [ARGUMENT…]`, whose process is then `$!`. */
export const DAEMON: readonly string[] = [
  "sluice_daemon() {",
  "  sluice_name=$1",
  "  shift",
  "  (",
  // What a payload is to be told must not end them.
  `    trap '' ${PAYLOAD_SIGNALS}`,
  '    cd "$sluice_run" || exit',
  // Executors would hand it to their Python, but have Spark's own default themselves.
  "    unset SPARK_PREFER_IPV6",
  "    SPARK_DAEMON_MEMORY=${SPARK_DAEMON_MEMORY:-512m}",
  // Paths that need no quoting, since the daemon is started in the directory of its log.
  '    SPARK_DAEMON_JAVA_OPTS="${SPARK_DAEMON_JAVA_OPTS:-} -Dsluice.log=$sluice_name.log"',
  `    SPARK_DAEMON_JAVA_OPTS="$SPARK_DAEMON_JAVA_OPTS -Dlog4j2.configurationFile=../${SPARK_LOGGING_FILE}"`,
  // Executors inherit it: what they unpack goes with the rest that is temporary.
  '    JDK_JAVA_OPTIONS="${JDK_JAVA_OPTIONS:-} $sluice_java"',
  "    export SPARK_DAEMON_MEMORY SPARK_DAEMON_JAVA_OPTS JDK_JAVA_OPTIONS",
  '    exec "$SPARK_HOME/bin/spark-class" "$@" >"$sluice_name.out" 2>&1 </dev/null',
  "  ) &",
  "}",
];

/** Starts the worker of this node, `sluice_start_worker MASTER`, whose process is then in `$sluice_worker`. */
export const START_WORKER: readonly string[] = [
  "sluice_start_worker() {",
  '  sluice_daemon "worker.$sluice_node" org.apache.spark.deploy.worker.Worker \\',
  '    --host "$sluice_host" --port 0 --webui-port 0 --work-dir "$sluice_local/work" \\',
  '    ${sluice_cores:+--cores "$sluice_cores"} ${sluice_memory:+--memory "${sluice_memory}m"} "$1"',
  "  sluice_worker=$!",
  "}",
  // What executors said is on their node only, and goes with it.
  "sluice_keep_logs() {",
  '  if [ -z "$sluice_local" ]; then return; fi',
  '  for sluice_log in "$sluice_local"/work/*/*/stderr "$sluice_local"/work/*/*/stdout; do',
  '    if [ ! -s "$sluice_log" ]; then continue; fi',
  '    sluice_executor=${sluice_log#"$sluice_local"/work/}',
  '    tail -c 1048576 "$sluice_log" \\',
  '      >"$sluice_run/executor.$sluice_node.$(printf %s "$sluice_executor" | tr / .)"',
  "  done",
  "}",
];

/** Starts the master and asks it for its workers, until all have registered. */
export function startCluster(spec: SparkLauncherSpec): string[] {
  return [
    "sluice_port() {",
    "  sed -n \"s/.*Successfully started service '$1' on port \\([0-9]*\\).*/\\1/p\" \\",
    '    "$sluice_run/master.log" 2>/dev/null | head -n 1',
    "}",
    "sluice_lost() {",
    // Not every tail takes many files.
    '  for sluice_log in "$sluice_run/$2.log" "$sluice_run/$2.out"; do tail -n 20 "$sluice_log"; done >&2 2>/dev/null',
    '  sluice_fail "$1" "$3; see $sluice_run"',
    "}",
    "sluice_daemon master org.apache.spark.deploy.master.Master \\",
    '  --host "$sluice_host" --port 0 --webui-port 0',
    "sluice_master=$!",
    `sluice_until=$(($(date +%s) + ${spec.masterTimeoutSeconds}))`,
    "while sluice_at=$(sluice_port sparkMaster) && sluice_page=$(sluice_port MasterUI) &&",
    '  { [ -z "$sluice_at" ] || [ -z "$sluice_page" ]; }; do',
    '  if ! kill -s 0 "$sluice_master" 2>/dev/null; then',
    `    sluice_lost ${SPARK_MASTER_EXIT_CODE} master "the Spark master ended as it came up"`,
    "  fi",
    '  if [ "$(date +%s)" -ge "$sluice_until" ]; then',
    `    sluice_lost ${SPARK_MASTER_EXIT_CODE} master "the Spark master was not up after ${spec.masterTimeoutSeconds} s"`,
    "  fi",
    "  sleep 0.2",
    "done",
    "SPARK_MASTER=spark://$sluice_host:$sluice_at",
    'echo "up $SPARK_MASTER" >"$sluice_run/.state"',
    'mv "$sluice_run/.state" "$sluice_run/state"',
    'sluice_start_worker "$SPARK_MASTER"',
    `sluice_until=$(($(date +%s) + ${spec.workersTimeoutSeconds}))`,
    'while sluice_count=$(sluice_fetch "http://$sluice_host:$sluice_page/json/" |',
    '  awk \'{ count += gsub(/"state" *: *"ALIVE"/, "") } END { print count + 0 }\') &&',
    '  [ "$sluice_count" -lt "$sluice_nodes" ]; do',
    '  if ! kill -s 0 "$sluice_master" 2>/dev/null; then',
    `    sluice_lost ${SPARK_MASTER_EXIT_CODE} master "the Spark master ended before its workers had registered"`,
    "  fi",
    '  if ! kill -s 0 "$sluice_worker" 2>/dev/null; then',
    `    sluice_lost ${SPARK_WORKERS_EXIT_CODE} "worker.$sluice_node" "the Spark worker on $sluice_node ended as it came up"`,
    "  fi",
    '  if [ "$(date +%s)" -ge "$sluice_until" ]; then',
    `    sluice_lost ${SPARK_WORKERS_EXIT_CODE} master "$sluice_count of $sluice_nodes Spark workers had registered after ${spec.workersTimeoutSeconds} s"`,
    "  fi",
    "  sleep 0.2",
    "done",
  ];
}

/** Tells everyone that the cluster is up, and where. */
export const PUBLISH: readonly string[] = [
  `(umask 077 && echo "$sluice_secret" >"$sluice_dir/${CLUSTER_SECRET_FILE}$sluice_suffix")`,
  'printf \'%s\\n\' framework=spark "address=$SPARK_MASTER" "dashboard=$sluice_host:$sluice_page" \\',
  '  >"$sluice_run/.cluster"',
  `mv "$sluice_run/.cluster" "$sluice_dir/${CLUSTER_FILE}$sluice_suffix"`,
  'printf \'%s %s %s ready 0 -\\n\' "$sluice_attempt" "$sluice_task" "$sluice_restart" \\',
  '  2>/dev/null >>"$sluice_spool"',
];

/** Waits for a cluster that another job keeps standing. */
export function awaitStanding(directory: string, seconds: number): string[] {
  return [
    `sluice_standing="$SLUICE_JOB_DIRECTORY"/${quote(directory)}`,
    `sluice_until=$(($(date +%s) + ${seconds}))`,
    `while [ ! -e "$sluice_standing/${CLUSTER_FILE}" ]; do`,
    '  if [ -e "$sluice_standing/exit" ]; then',
    `    sluice_fail ${SPARK_GONE_EXIT_CODE} "the Spark cluster that is job \${sluice_standing##*/} has ended; its standard error says why"`,
    "  fi",
    '  if [ "$(date +%s)" -ge "$sluice_until" ]; then',
    `    sluice_fail ${SPARK_GONE_EXIT_CODE} "the Spark cluster that is job \${sluice_standing##*/} was not up after ${seconds} s"`,
    "  fi",
    "  sleep 0.5",
    "done",
    `SPARK_MASTER=$(sed -n 's/^address=//p' "$sluice_standing/${CLUSTER_FILE}")`,
    `sluice_secret=$(cat "$sluice_standing/${CLUSTER_SECRET_FILE}" 2>/dev/null)`,
  ];
}
