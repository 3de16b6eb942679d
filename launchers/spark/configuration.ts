/**
 * The configuration that all processes of a run of Spark share. Pure.
 *
 * @module
 */

import type { SparkLauncherSpec } from "../../model/mod.ts";
import { mebibytes } from "./properties.ts";
import { SPARK_MISFIT_EXIT_CODE, SPARK_PROPERTIES_FILE } from "./terms.ts";
import type { SparkMaster } from "./terms.ts";

/** The memory of an executor where none is asked for: one that fits into no worker would be waited for in vain. */
function fittingMemory({ executorMemory, executors }: SparkLauncherSpec): string[] {
  if (executorMemory !== undefined) return [];
  const each = executors === undefined
    ? "sluice_memory"
    : `sluice_memory / ((${executors} + sluice_nodes - 1) / sluice_nodes)`;
  return [
    `  if [ -n "$sluice_memory" ] && [ $((${each})) -lt 1024 ]; then`,
    `    printf 'spark.executor.memory=%sm\\n' $((${each}))`,
    "  fi",
  ];
}

/** The cores of so many executors, where they share what the workers have. */
function sharedCores({ executorCores, executors }: SparkLauncherSpec): string[] {
  if (executors === undefined || executorCores !== undefined) return [];
  return [
    `  sluice_share=$(((${executors} + sluice_nodes - 1) / sluice_nodes))`,
    "  sluice_each=$((${sluice_cores:-$sluice_share} / sluice_share))",
    '  if [ "$sluice_each" -lt 1 ]; then sluice_each=1; fi',
    `  printf 'spark.executor.cores=%s\\nspark.cores.max=%s\\n' "$sluice_each" $((sluice_each * ${executors}))`,
  ];
}

/** Ends the job where an executor of the size that is asked for fits into no worker. */
export function checkFit({ executorMemory, executorCores }: SparkLauncherSpec): string[] {
  const check = (variable: string, asked: number, what: string) => [
    `if [ "\${${variable}:-${asked}}" -lt ${asked} ]; then`,
    `  sluice_fail ${SPARK_MISFIT_EXIT_CODE} "an executor of ${asked} ${what} does not fit into a worker of $${variable}: ask for more, or for smaller executors"`,
    "fi",
  ];
  return [
    ...(executorMemory === undefined
      ? []
      : check("sluice_memory", mebibytes(executorMemory), "MiB of memory")),
    ...(executorCores === undefined ? [] : check("sluice_cores", executorCores, "cores")),
  ];
}

/**
 * Makes the configuration of everything that is started: the user's own, then what is asked for, then what
 * must be so. It holds the secret, so that no command line shows that.
 */
export function configure(spec: SparkLauncherSpec, master: SparkMaster): string[] {
  return [
    'sluice_theirs=$(cd "${SPARK_CONF_DIR:-$SPARK_HOME/conf}" 2>/dev/null && pwd) || sluice_theirs=',
    "SPARK_CONF_DIR=$sluice_run/conf",
    "export SPARK_CONF_DIR",
    'mkdir "$SPARK_CONF_DIR"',
    'for sluice_file in ${sluice_theirs:+"$sluice_theirs"/*}; do',
    "  case ${sluice_file##*/} in",
    "  spark-defaults.conf | '*') ;;",
    '  *) ln -s "$sluice_file" "$SPARK_CONF_DIR" ;;',
    "  esac",
    "done",
    "{",
    // Jobs share nodes, and a page of one must not end another's work.
    "  printf 'spark.%s\\n' ui.port=0 ui.killEnabled=false \\",
    "    executor.logs.rolling.strategy=size executor.logs.rolling.maxSize=1048576 \\",
    "    executor.logs.rolling.maxRetainedFiles=2",
    ...(master.kind === "own" ? fittingMemory(spec) : []),
    '  if [ -n "$sluice_theirs" ]; then cat "$sluice_theirs/spark-defaults.conf" 2>/dev/null; fi',
    // Their last line may lack its end.
    "  echo",
    ...(master.kind === "own" ? sharedCores(spec) : []),
    `  cat "$sluice_dir/${SPARK_PROPERTIES_FILE}"`,
    '  if [ -n "$sluice_secret" ]; then',
    "    printf 'spark.%s\\n' authenticate=true \"authenticate.secret=$sluice_secret\"",
    "  fi",
    ...(master.kind === "own" ? ["  echo spark.master.rest.enabled=false"] : []),
    '} >"$SPARK_CONF_DIR/spark-defaults.conf"',
  ];
}
