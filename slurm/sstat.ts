/**
 * sstat: what the steps of running jobs use now.
 *
 * It asks the nodes themselves, so it works without accounting, but only where jobs are sampled
 * (JobAcctGatherType) and for one's own jobs. It exits with 0 whatever goes wrong.
 *
 * Source: sstat(1).
 *
 * @module
 */

import { formatJobId, parseStepId } from "./job_ids.ts";
import { parseAccountedMemory } from "./memory.ts";
import { measured, present } from "./present.ts";
import type { SlurmOutput } from "./text.ts";
import { outputLines } from "./text.ts";
import { parseUsedTres } from "./tres.ts";

const fields = ["JobID", "NTasks", "MaxRSS", "TRESUsageInTot", "TRESUsageOutTot"] as const;

/**
 * What all running steps of jobs use. Of an array all tasks are shown; the components of a heterogeneous job
 * only by their own numbers.
 *
 * @param ids Jobs by their numbers, or single steps (`12.3`). At least one.
 */
export function sstatArguments(ids: readonly [string, ...string[]]): string[] {
  return [
    "sstat",
    "--allsteps",
    "--noheader",
    "--parsable2",
    "--noconvert",
    `--format=${fields.join(",")}`,
    `--jobs=${ids.join(",")}`,
  ];
}

/** What the tasks of a step that run now have used. What was not sampled is absent. */
export interface RunningStep {
  /** Slurm's number of the job, which is that of an array task or a component by itself. */
  readonly number: string;
  /** `batch`, `extern`, `interactive` or a number. */
  readonly step: string;
  /** How many of its tasks run. */
  readonly tasks?: number;
  /** Processor time in seconds, without fractions. */
  readonly cpuSeconds?: number;
  /** Largest resident memory of one task so far, in bytes. */
  readonly peakTaskMemoryBytes?: number;
  /** Resident memory of all tasks together in bytes, as it was sampled last. */
  readonly memoryBytes?: number;
  /** Bytes read from files. */
  readonly diskReadBytes?: number;
  /** Bytes written to files. */
  readonly diskWriteBytes?: number;
}

/** The steps in sstat's output, each once. Lines that are none are passed over. */
export function parseSstat(output: SlurmOutput): RunningStep[] {
  const steps = new Map<string, RunningStep>();
  for (const line of outputLines(output)) {
    // No field holds a text that a user chose; sstat has no option for another separator.
    const [idText = "", tasks = "", resident = "", read, written, ...more] = line.split("|");
    const id = parseStepId(idText);
    if (id === undefined || read === undefined || written === undefined || more.length > 0) {
      continue;
    }
    const used = parseUsedTres(read);
    steps.set(idText, {
      number: formatJobId(id.job),
      step: id.step,
      ...present<Omit<RunningStep, "number" | "step">>({
        tasks: /^[1-9]\d{0,8}$/.test(tasks) ? Number(tasks) : undefined,
        // Next to nothing right after the start is a figure too, where anything was sampled.
        cpuSeconds: used.memoryBytes === undefined ? undefined : used.cpuSeconds,
        peakTaskMemoryBytes: measured(parseAccountedMemory(resident)?.bytes),
        memoryBytes: used.memoryBytes,
        diskReadBytes: used.diskBytes,
        diskWriteBytes: used.diskBytes === undefined ? undefined : parseUsedTres(written).diskBytes,
      }),
    });
  }
  return [...steps.values()];
}
