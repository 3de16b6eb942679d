/**
 * The script that starts Spark on the nodes of a job. Pure.
 *
 * @module
 */

import type { SparkLauncherSpec } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { runApplication } from "./application.ts";
import { awaitStanding, DAEMON, FETCH, PUBLISH, START_WORKER, startCluster } from "./cluster.ts";
import { checkFit, configure } from "./configuration.ts";
import { findSpark, prepareNode, workerSize } from "./node.ts";
import { ADDRESS, FAIL, PAYLOAD, PAYLOAD_SIGNALS, STOP } from "./shell.ts";
import { CLUSTER_FILE, CLUSTER_SECRET_FILE, SPARK_MASTER_EXIT_CODE } from "./terms.ts";
import type { SparkApplication, SparkMaster } from "./terms.ts";

/** Ends all that was started on the first node and removes what is temporary, however the script ends. */
function cleanUp(own: boolean, standing: boolean): string[] {
  const cluster = [
    `  rm -f "$sluice_dir/${CLUSTER_FILE}$sluice_suffix" "$sluice_dir/${CLUSTER_SECRET_FILE}$sluice_suffix"`,
    // Written in place: a network file system shows that to whoever opens the file again.
    '  if [ -e "$sluice_run/state" ]; then echo end >"$sluice_run/state"; fi',
  ];
  const others = [
    "  sluice_until=$(($(date +%s) + sluice_grace))",
    '  while sluice_any "$sluice_run"/up.* && [ "$(date +%s)" -lt "$sluice_until" ]; do sleep 0.2; done',
  ];
  const running = [...(standing ? [] : ["payload"]), ...(own ? ["worker", "master"] : [])]
    .map((name) => `\${sluice_${name}:+"$sluice_${name}"}`).join(" ");
  return [
    ...(own ? ['sluice_any() { [ -e "$1" ]; }'] : []),
    "sluice_clean() {",
    "  sluice_status=$?",
    `  trap '' TERM ${PAYLOAD_SIGNALS}`,
    ...(own ? cluster : []),
    // A name of what has not been started is empty.
    `  sluice_stop "$sluice_grace" ${running}`,
    ...(own ? ["  sluice_keep_logs"] : []),
    '  rm -rf "$sluice_local" "$sluice_run/conf" "$sluice_run/payload.py"',
    ...(own ? others : []),
    // Only logs are worth keeping.
    '  rmdir "$sluice_run" 2>/dev/null',
    '  exit "$sluice_status"',
    "}",
  ];
}

/** Ends what was started on another node. */
const LEAVE: readonly string[] = [
  "sluice_leave() {",
  "  sluice_status=$?",
  `  trap '' TERM ${PAYLOAD_SIGNALS}`,
  '  sluice_stop "$sluice_grace" ${sluice_worker:+"$sluice_worker"}',
  "  sluice_keep_logs",
  '  rm -rf "$sluice_local"',
  '  rm -f "$sluice_run/up.$sluice_node"',
  '  exit "$sluice_status"',
  "}",
];

/** What every other node does: it has a worker until the first node, or somebody's signal, ends it. */
const OTHER: readonly string[] = [
  'if [ "$sluice_role" = other ]; then',
  "  sluice_state=",
  '  while { read -r sluice_state SPARK_MASTER <"$sluice_run/state"; } 2>/dev/null; [ -z "$sluice_state" ]; do',
  // A network file system remembers for long that a file was not there, unless the directory changes.
  '    : >"$sluice_dir/.spark.$sluice_node" && rm -f "$sluice_dir/.spark.$sluice_node"',
  "    sleep 0.5",
  "  done",
  '  if [ "$sluice_state" = end ]; then exit 0; fi',
  '  : >"$sluice_run/up.$sluice_node"',
  "  SPARK_CONF_DIR=$sluice_run/conf",
  "  export SPARK_CONF_DIR",
  '  sluice_start_worker "$SPARK_MASTER"',
  '  while kill -s 0 "$sluice_worker" 2>/dev/null && read -r sluice_state SPARK_MASTER <"$sluice_run/state" &&',
  '    [ "$sluice_state" = up ]; do',
  "    sleep 0.5",
  "  done",
  "  exit 0",
  "fi",
];

function address(master: SparkMaster): string {
  // Nobody else has to reach a driver that does the work itself.
  return master.kind === "local" ? "127.0.0.1" : "$(sluice_address)";
}

function reachMaster(spec: SparkLauncherSpec, master: SparkMaster): string[] {
  switch (master.kind) {
    case "own":
      return [
        ...checkFit(spec),
        "sluice_secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \\n')",
        ...configure(spec, master),
        ...startCluster(spec),
        ...PUBLISH,
      ];
    case "existing":
      return [`SPARK_MASTER=${quote(master.url)}`, ...configure(spec, master)];
    case "standing":
      return [
        ...awaitStanding(master.directory, spec.workersTimeoutSeconds),
        ...configure(spec, master),
      ];
    case "local":
      return ["SPARK_MASTER='local[*]'", ...configure(spec, master)];
  }
}

/**
 * The script: `spark.sh first DIRECTORY SPOOL ATTEMPT TASK RESTART [WORD…]` on the first node, with the words of
 * the application, and `spark.sh other DIRECTORY` on every other one.
 *
 * Its processes and their ports are the job's own: all ports are those that the system has free, and are read
 * from the master's log; whoever does not know the job's secret is turned away. That all workers are there is
 * asked of the master, which lists them in JSON on its page.
 */
export function sparkScript(
  spec: SparkLauncherSpec,
  master: SparkMaster,
  application: SparkApplication,
): string {
  const own = master.kind === "own";
  // Set, so that none is taken from the environment.
  const variables = [
    "local",
    "secret",
    ...(application.kind === "none" ? [] : ["payload", "told"]),
    ...(own ? ["worker", "master"] : []),
  ];
  return [
    "#!/bin/sh",
    "# Starts Spark for a job and ends all of it with the application.",
    ...(own ? ["sluice_role=$1"] : []),
    "sluice_dir=$2",
    "sluice_suffix=${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}",
    // What an earlier run of the same attempt left is not taken for this one's.
    "sluice_run=$sluice_dir/spark.${SLUICE_RUN:-run}$sluice_suffix",
    "sluice_node=${SLURMD_NODENAME:-$(uname -n)}",
    `sluice_grace=${spec.graceSeconds}`,
    variables.map((name) => `sluice_${name}=''`).join(" "),
    "",
    ...FAIL,
    ...(master.kind === "local" ? [] : ADDRESS),
    ...STOP,
    ...(application.kind === "none" ? [] : PAYLOAD),
    ...(own ? [...FETCH, ...DAEMON, ...START_WORKER] : []),
    ...cleanUp(own, application.kind === "none"),
    ...(own
      ? [
        ...LEAVE,
        'if [ "$sluice_role" = other ]; then trap sluice_leave EXIT; else trap sluice_clean EXIT; fi',
      ]
      : ["trap sluice_clean EXIT"]),
    "trap 'exit 143' HUP INT TERM",
    // Of these the payload alone is to hear.
    "trap : QUIT USR1 USR2 ALRM XCPU",
    "",
    ...findSpark(spec),
    ...prepareNode(address(master)),
    ...(own ? ["sluice_nodes=${SLURM_JOB_NUM_NODES:-1}", ...workerSize(spec), "", ...OTHER] : []),
    "",
    ...(own ? ["sluice_spool=$3 sluice_attempt=$4 sluice_task=$5 sluice_restart=$6"] : []),
    "shift 6",
    'rm -rf "$sluice_run"',
    'mkdir -m 700 "$sluice_run" ||',
    `  sluice_fail ${SPARK_MASTER_EXIT_CODE} "cannot make $sluice_run"`,
    ...reachMaster(spec, master),
    'echo "spark.master=$SPARK_MASTER" >>"$SPARK_CONF_DIR/spark-defaults.conf"',
    "MASTER=$SPARK_MASTER PATH=$SPARK_HOME/bin:$PATH",
    "export SPARK_MASTER MASTER PATH",
    ...runApplication(spec, application),
    "",
  ].join("\n");
}
