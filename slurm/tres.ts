/**
 * Lists of trackable resources (TRES), as Slurm's commands print them.
 *
 * Source: slurm.conf(5), AccountingStorageTRES; sacct(1), AllocTRES and TRESUsageInTot.
 *
 * @module
 */

import { parseAccountedMemory } from "./memory.ts";
import { measured, present } from "./present.ts";
import { parseDuration } from "./time.ts";

/** What of a job or step is held. What is absent was not shown. */
export interface HeldTres {
  /** Memory in bytes, on all nodes together. */
  readonly memoryBytes?: number;
  /** GPUs, on all nodes together. A cluster need not count them. */
  readonly gpus?: number;
}

/** What the tasks of a step have used, all together. What is absent was not sampled. */
export interface UsedTres {
  /** Processor time in seconds, without fractions. */
  readonly cpuSeconds?: number;
  /** Resident memory in bytes: the sum of what each task had. */
  readonly memoryBytes?: number;
  /** Bytes read from files, or written to them. */
  readonly diskBytes?: number;
}

function entries(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(",").flatMap((entry) => {
      const at = entry.indexOf("=");
      return at === -1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)] as const];
    }),
  );
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function gpusOf(held: ReadonlyMap<string, string>): number | undefined {
  const all = count(held.get("gres/gpu"));
  if (all !== undefined) return all;
  // A cluster may count them by their types alone.
  const typed = [...held].flatMap(([name, text]) =>
    name.startsWith("gres/gpu:") ? count(text) ?? [] : []
  );
  return typed.length === 0 ? undefined : typed.reduce((sum, each) => sum + each, 0);
}

/** What is held, by a list such as `cpu=2,gres/gpu=1,mem=1024M,node=1`. */
export function parseHeldTres(text: string): HeldTres {
  const held = entries(text);
  return present<HeldTres>({
    memoryBytes: measured(parseAccountedMemory(held.get("mem") ?? "", "M")?.bytes),
    gpus: gpusOf(held),
  });
}

/** What was used, by a list such as `cpu=00:00:08,energy=0,fs/disk=23882,mem=8904704`. */
export function parseUsedTres(text: string): UsedTres {
  const used = entries(text);
  return present<UsedTres>({
    cpuSeconds: parseDuration(used.get("cpu") ?? ""),
    memoryBytes: measured(parseAccountedMemory(used.get("mem") ?? "")?.bytes),
    diskBytes: parseAccountedMemory(used.get("fs/disk") ?? "")?.bytes,
  });
}
