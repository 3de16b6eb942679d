/**
 * Spark's properties as its configuration files hold them. Pure.
 *
 * @module
 */

import type { SparkLauncherSpec } from "../../model/mod.ts";
import { parseMemory } from "../../slurm/mod.ts";

const MEBIBYTE = 2 ** 20;

/**
 * An amount of memory in whole MiB, as Spark takes it without any doubt of the unit.
 *
 * @throws {InvalidMemoryError} The amount is not one.
 */
export function mebibytes(amount: string | number): number {
  return Math.max(1, Math.floor(parseMemory(amount) / MEBIBYTE));
}

/**
 * One line of a properties file, which gives the name exactly that value.
 *
 * Source: java.util.Properties, `load`.
 */
function propertyLine(name: string, value: string): string {
  const escaped = (text: string, pattern: RegExp) =>
    text.replaceAll(pattern, (character) => {
      switch (character) {
        case "\n":
          return "\\n";
        case "\r":
          return "\\r";
        default:
          return `\\${character}`;
      }
    });
  return `${escaped(name, /[\\ \t\f:=#!\n\r]/g)}=${escaped(value, /[\\\n\r]|^[ \t\f]/g)}`;
}

/** The properties that the spec asks for, wherever the application runs: its `conf` after all others. */
export function askedProperties(spec: SparkLauncherSpec): string {
  const { driverMemory, executorMemory, executorCores, executors, conf } = spec;
  const asked: readonly (readonly [string, string | undefined])[] = [
    ["spark.driver.memory", driverMemory === undefined ? undefined : `${mebibytes(driverMemory)}m`],
    [
      "spark.executor.memory",
      executorMemory === undefined ? undefined : `${mebibytes(executorMemory)}m`,
    ],
    ["spark.executor.cores", executorCores?.toString()],
    ["spark.executor.instances", executors?.toString()],
    // A standalone master counts cores, not executors.
    [
      "spark.cores.max",
      executors === undefined || executorCores === undefined
        ? undefined
        : String(executors * executorCores),
    ],
    ...Object.entries(conf),
  ];
  return asked.map(([name, value]) => value === undefined ? "" : `${propertyLine(name, value)}\n`)
    .join("");
}

/** What a daemon logs, and where: two files of 4 MiB at most, in a form that the launcher's script reads. */
export const DAEMON_LOGGING = `rootLogger.level = info
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = \${sys:sluice.log}
appender.file.filePattern = \${sys:sluice.log}.1
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss} %p %c{1}: %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 4MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
`;
