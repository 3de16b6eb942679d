/**
 * Where the log goes.
 *
 * @module
 */

import type { LogLevel, LogRecord } from "@logtape/logtape";
import { configure, getTextFormatter, jsonLinesFormatter } from "@logtape/logtape";
import { visible } from "./format/text.ts";
import { timeText } from "./format/time.ts";

/** How the log is written. */
export interface LoggingOptions {
  /** Least weight of what is written. */
  readonly level: LogLevel;
  /** Lines for people, or one JSON object a line. */
  readonly format: "text" | "json";
}

const text = getTextFormatter({
  timestamp: (ms) => timeText(ms),
  level: "full",
  format: ({ timestamp, level, category, message }) =>
    `${timestamp} ${level.toLowerCase()} ${category}: ${message}`,
});

function line(record: LogRecord, format: LoggingOptions["format"]): string {
  return format === "json" ? jsonLinesFormatter(record) : `${visible(text(record).trimEnd())}\n`;
}

/** Sends the log of Sluice to standard error. */
export async function configureLogging(
  options: LoggingOptions,
  write: (line: string) => void,
): Promise<void> {
  await configure({
    reset: true,
    sinks: { stderr: (record) => write(line(record, options.format)) },
    loggers: [
      { category: "sluice", lowestLevel: options.level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
}
