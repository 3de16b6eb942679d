/**
 * Figures of a job from its lines in the accounting. Pure.
 *
 * @module
 */

import type { JobMetrics } from "../../model/mod.ts";
import type { SacctJob } from "../../slurm/mod.ts";

/** The sum of what is known, or `undefined` where nothing is. */
function total(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** The figures of a job; of an array, of all its tasks together. */
export function jobMetrics(lines: readonly SacctJob[]): JobMetrics {
  if (lines.length === 0) return { source: "none" };
  const cpuSeconds = total(lines.map((line) => line.cpuSeconds));
  const heldSeconds = total(
    lines.map(({ elapsedSeconds, cpus }) =>
      elapsedSeconds === undefined || cpus === undefined ? undefined : elapsedSeconds * cpus
    ),
  );
  return {
    elapsedSeconds: total(lines.map((line) => line.elapsedSeconds)),
    cpuSeconds,
    cpus: largest(lines.map((line) => line.cpus)),
    cpuEfficiency: cpuSeconds === undefined || !heldSeconds ? undefined : cpuSeconds / heldSeconds,
    peakMemoryBytes: largest(lines.map((line) => line.peakMemoryBytes)),
    requestedMemoryBytes: largest(lines.map((line) => line.requestedMemoryBytes)),
    source: "accounting",
  };
}
