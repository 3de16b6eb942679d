/**
 * What every node needs before Spark can be started on it. Pure.
 *
 * @module
 */

import type { SparkLauncherSpec } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { mebibytes } from "./properties.ts";
import { SPARK_MASTER_EXIT_CODE, SPARK_MISSING_EXIT_CODE } from "./terms.ts";

/** Finds Java and Spark, or ends. */
export function findSpark({ sparkHome }: SparkLauncherSpec): string[] {
  return [
    ...(sparkHome === undefined ? [] : [`SPARK_HOME=${quote(sparkHome)}`]),
    'if [ -z "${SPARK_HOME:-}" ]; then',
    "  SPARK_HOME=$(python3 -c 'import importlib.util",
    'print(next(iter(importlib.util.find_spec("pyspark").submodule_search_locations)))\' 2>/dev/null)',
    "fi",
    "export SPARK_HOME",
    'if [ ! -x "$SPARK_HOME/bin/spark-class" ]; then',
    `  sluice_fail ${SPARK_MISSING_EXIT_CODE} "there is no Spark on $sluice_node: \\$SPARK_HOME is '$SPARK_HOME', and python3 has no pyspark"`,
    "fi",
    'if [ ! -x "${JAVA_HOME:-/nonexistent}/bin/java" ] && ! command -v java >/dev/null; then',
    `  sluice_fail ${SPARK_MISSING_EXIT_CODE} "there is no Java on $sluice_node, which Spark needs: \\$JAVA_HOME is not set and no java is on PATH"`,
    "fi",
  ];
}

/** Lines that give this node a directory of the job's own, and an address. */
export function prepareNode(address: string): string[] {
  return [
    'sluice_local=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/sluice-spark.XXXXXXXX") ||',
    `  sluice_fail ${SPARK_MASTER_EXIT_CODE} "there is no place for temporary files on $sluice_node"`,
    'mkdir "$sluice_local/tmp"',
    'sluice_java=$(printf -- \'-Djava.io.tmpdir="%s"\' "$sluice_local/tmp")',
    `sluice_host=\${SPARK_LOCAL_HOSTNAME:-${address}}`,
    "case $sluice_host in",
    "'['*) ;;",
    "*:*)",
    '  sluice_host="[$sluice_host]"',
    '  sluice_java="$sluice_java -Djava.net.preferIPv6Addresses=true"',
    // pyspark's own name for the same.
    "  export SPARK_PREFER_IPV6=True",
    "  ;;",
    "esac",
    'if [ -n "$sluice_host" ]; then',
    "  SPARK_LOCAL_HOSTNAME=$sluice_host SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-$sluice_host}",
    "  export SPARK_LOCAL_HOSTNAME SPARK_LOCAL_IP",
    "fi",
    "SPARK_LOCAL_DIRS=${SPARK_LOCAL_DIRS:-$sluice_local/tmp}",
    'SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:-} $sluice_java"',
    "export SPARK_LOCAL_DIRS SPARK_SUBMIT_OPTS",
  ];
}

/** Cores and MiB of memory of this node's worker: empty where the job does not say what it has. */
export function workerSize(spec: SparkLauncherSpec): string[] {
  const { workerCores, workerMemory, driverMemory } = spec;
  const driver = driverMemory === undefined ? 0 : mebibytes(driverMemory);
  const memory = workerMemory === undefined
    ? [
      "sluice_memory=${SLURM_MEM_PER_NODE:-}",
      'if [ -z "$sluice_memory" ] && [ -n "${SLURM_MEM_PER_CPU:-}" ]; then',
      "  sluice_memory=$((SLURM_MEM_PER_CPU * ${SLURM_CPUS_ON_NODE:-1}))",
      "fi",
      'if [ "${sluice_memory:-0}" -gt 0 ]; then',
      "  sluice_all=$sluice_memory",
      "  sluice_memory=$((sluice_all - 1024))",
      ...(driver === 0 ? [] : [
        `  if [ "$sluice_role" = first ]; then sluice_memory=$((sluice_memory - ${driver})); fi`,
      ]),
      '  if [ $((sluice_memory * 2)) -lt "$sluice_all" ]; then sluice_memory=$((sluice_all / 2)); fi',
      "else",
      "  sluice_memory=",
      "fi",
    ]
    : [`sluice_memory=${mebibytes(workerMemory)}`];
  return [
    workerCores === undefined
      ? "sluice_cores=${SLURM_CPUS_ON_NODE:-}"
      : `sluice_cores=${workerCores}`,
    ...memory,
  ];
}
