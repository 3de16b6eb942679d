/**
 * The figures that follow from what was measured, and those of a whole from those of its parts. Pure.
 *
 * @module
 */

import type { UsageFigures } from "../../model/mod.ts";

const HOUR_SECONDS = 3600;

/** What is measured; the rest follows from it. */
export type Measured = Omit<
  UsageFigures,
  "cpuEfficiency" | "nodeHours" | "gpuHours" | "memoryShare"
>;

/** The record without what is `undefined`. */
export function known<T extends object>(record: T): T {
  const result = { ...record };
  for (const name in result) if (result[name] === undefined) delete result[name];
  return result;
}

function times(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one * other;
}

function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}

/** The sum of what is known, or `undefined` where nothing is. */
export function sumOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const some = values.filter((value) => value !== undefined);
  return some.length === 0 ? undefined : some.reduce((sum, value) => sum + value, 0);
}

/** The sum, or `undefined` where one of the values is not known. */
export function sumOfAll(values: readonly (number | undefined)[]): number | undefined {
  return values.includes(undefined) ? undefined : sumOfKnown(values);
}

/** The largest of what is known, or `undefined` where nothing is. */
export function largest(values: readonly (number | undefined)[]): number | undefined {
  const some = values.filter((value) => value !== undefined);
  return some.length === 0 ? undefined : some.reduce((most, value) => Math.max(most, value));
}

/**
 * The share of the fullest node's memory, of which there is no figure on several nodes: it is at least the mean
 * of all, and at least that of the largest task.
 */
function memoryShare(
  { nodes = 1, requestedMemoryBytes, peakMemoryBytes, peakTaskMemoryBytes }: Measured,
): number | undefined {
  return largest([
    ratio(peakMemoryBytes, requestedMemoryBytes),
    ratio(times(peakTaskMemoryBytes, nodes), requestedMemoryBytes),
  ]);
}

/** The figures of something that was measured as one. */
export function figuresOf(measured: Measured): UsageFigures {
  const { elapsedSeconds, cpus, cpuSeconds, nodes, gpus } = measured;
  const hours = ratio(elapsedSeconds, HOUR_SECONDS);
  return known({
    ...measured,
    cpuEfficiency: ratio(cpuSeconds, times(elapsedSeconds, cpus)),
    nodeHours: times(nodes, hours),
    gpuHours: times(gpus, hours),
    memoryShare: memoryShare(measured),
  });
}

function efficiencyOf(parts: readonly UsageFigures[]): number | undefined {
  const both = parts.flatMap(({ cpuSeconds, elapsedSeconds, cpus }) => {
    const held = times(elapsedSeconds, cpus);
    return cpuSeconds === undefined || held === undefined ? [] : [{ cpuSeconds, held }];
  });
  return ratio(
    sumOfKnown(both.map(({ cpuSeconds }) => cpuSeconds)),
    sumOfKnown(both.map(({ held }) => held)),
  );
}

/**
 * The figures of an array or a heterogeneous job as a whole.
 *
 * @param together Whether its parts ran at the same time, as components do, and tasks need not.
 */
export function figuresOfParts(
  parts: readonly UsageFigures[],
  together: boolean,
): UsageFigures {
  type Name = keyof UsageFigures;
  const values = (name: Name) => parts.map((part) => part[name]);
  const held = (name: Name) => together ? sumOfAll(values(name)) : largest(values(name));
  return known({
    elapsedSeconds: together
      ? largest(values("elapsedSeconds"))
      : sumOfKnown(values("elapsedSeconds")),
    cpus: held("cpus"),
    cpuSeconds: sumOfAll(values("cpuSeconds")),
    cpuEfficiency: efficiencyOf(parts),
    nodes: held("nodes"),
    nodeHours: sumOfKnown(values("nodeHours")),
    gpus: together ? sumOfKnown(values("gpus")) : largest(values("gpus")),
    gpuHours: sumOfKnown(values("gpuHours")),
    requestedMemoryBytes: held("requestedMemoryBytes"),
    peakMemoryBytes: held("peakMemoryBytes"),
    peakTaskMemoryBytes: largest(values("peakTaskMemoryBytes")),
    memoryShare: largest(values("memoryShare")),
    energyJoules: sumOfKnown(values("energyJoules")),
    diskReadBytes: sumOfKnown(values("diskReadBytes")),
    diskWriteBytes: sumOfKnown(values("diskWriteBytes")),
  });
}
