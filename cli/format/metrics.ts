/**
 * What jobs have used, for people.
 *
 * @module
 */

import { bytesText } from "../../model/mod.ts";
import type { JobMetrics, MetricsSource, UsageFigures } from "../../model/mod.ts";
import type { Column } from "./table.ts";
import { fields, table } from "./table.ts";
import { spanText } from "./time.ts";

/** Three digits, so that small amounts are not lost and large ones stay short. */
function numberText(amount: number): string {
  return amount >= 100 ? amount.toFixed(0) : String(Number(amount.toPrecision(3)));
}

function percentText(share: number): string {
  const percent = share * 100;
  return `${percent < 0.1 ? "0" : numberText(percent)}%`;
}

/** A span of time, with fractions where it is short. */
function secondsText(seconds: number): string {
  return seconds < 60 ? `${numberText(seconds)}s` : spanText(seconds * 1000);
}

function energyText(joules: number): string {
  return joules < 3_600_000
    ? `${numberText(joules / 1000)} kJ`
    : `${numberText(joules / 3_600_000)} kWh`;
}

function optional<T>(value: T | undefined, text: (value: T) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}

function sourceText(source: MetricsSource): string {
  switch (source) {
    case "accounting":
      return "accounting";
    case "sstat":
      return "sstat, while it runs";
    case "record":
      return "the job's own record, without accounting";
    case "none":
      return "none: nothing is known";
  }
}

function share(amount: string | undefined, part: number | undefined): string | undefined {
  return amount === undefined || part === undefined ? amount : `${amount} (${percentText(part)})`;
}

/** Peak and request, which count all nodes together. */
function memoryText(figures: UsageFigures): string | undefined {
  const { peakMemoryBytes, requestedMemoryBytes, memoryShare, nodes = 1 } = figures;
  if (peakMemoryBytes === undefined) {
    return optional(requestedMemoryBytes, (bytes) => `not known, of ${bytesText(bytes)}`);
  }
  const peak = bytesText(peakMemoryBytes);
  if (requestedMemoryBytes === undefined) return peak;
  const fullest = nodes > 1 ? ", on the fullest node at least" : ",";
  const used = memoryShare === undefined ? "" : `${fullest} ${percentText(memoryShare)}`;
  return `${peak} of ${bytesText(requestedMemoryBytes)}${used}`;
}

interface Row extends UsageFigures {
  readonly name: string;
}

function rowTable(title: string, rows: readonly Row[], columns: number | undefined): string {
  const cell = (value: string | undefined) => value ?? "-";
  const layout: readonly Column<Row>[] = [
    { title, cell: ({ name }) => name },
    {
      title: "TIME",
      cell: (row) => cell(optional(row.elapsedSeconds, secondsText)),
      align: "right",
    },
    { title: "CPUS", cell: ({ cpus }) => cell(optional(cpus, String)), align: "right" },
    {
      title: "CPU TIME",
      cell: (row) => cell(optional(row.cpuSeconds, secondsText)),
      align: "right",
    },
    {
      title: "BUSY",
      cell: (row) => cell(optional(row.cpuEfficiency, percentText)),
      align: "right",
    },
    {
      title: "MEMORY",
      cell: (row) => cell(optional(row.peakMemoryBytes, bytesText)),
      align: "right",
    },
    { title: "SHARE", cell: (row) => cell(optional(row.memoryShare, percentText)), align: "right" },
    { title: "READ", cell: (row) => cell(optional(row.diskReadBytes, bytesText)), align: "right" },
    {
      title: "WRITTEN",
      cell: (row) => cell(optional(row.diskWriteBytes, bytesText)),
      align: "right",
    },
  ];
  return table(rows, layout, columns);
}

/** Everything that is known of what a job has used. */
export function metricsDetails(metrics: JobMetrics, columns?: number): string {
  const { steps = [], tasks = [], hints } = metrics;
  const about = fields([
    ["source", sourceText(metrics.source)],
    [
      "time",
      optional(
        metrics.elapsedSeconds,
        (seconds) =>
          secondsText(seconds) +
          (metrics.timeLimitSeconds === undefined
            ? ""
            : ` of ${secondsText(metrics.timeLimitSeconds)}`),
      ),
    ],
    ["CPUs", optional(metrics.cpus, String)],
    ["CPU time", share(optional(metrics.cpuSeconds, secondsText), metrics.cpuEfficiency)],
    ["memory", memoryText(metrics)],
    ["largest task", optional(metrics.peakTaskMemoryBytes, bytesText)],
    ["nodes", optional(metrics.nodes, String)],
    ["node hours", optional(metrics.nodeHours, numberText)],
    ["GPUs", optional(metrics.gpus, String)],
    ["GPU hours", optional(metrics.gpuHours, numberText)],
    ["energy", optional(metrics.energyJoules, energyText)],
    ["read", optional(metrics.diskReadBytes, bytesText)],
    ["written", optional(metrics.diskWriteBytes, bytesText)],
    ...hints.map((hint) => ["hint", hint] as const),
  ]);
  return [
    about,
    ...(steps.length === 0
      ? []
      : [rowTable("STEP", steps.map((step) => ({ ...step, name: step.step })), columns)]),
    ...(tasks.length === 0
      ? []
      : [rowTable("TASK", tasks.map((part) => ({ ...part, name: `${part.task}` })), columns)]),
  ].join("\n");
}
