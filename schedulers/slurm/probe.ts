/**
 * What a cluster says of itself.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import type { ClusterProbe } from "../../model/mod.ts";
import { formatTimeLimit, hasAccounting, parseSinfo, sinfoArguments } from "../../slurm/mod.ts";
import type { SlurmSettings } from "./settings.ts";
import { slurmOutput } from "./slurm_output.ts";
import { sacctLine } from "./vanished.ts";

/**
 * What a cluster says of itself, and how long it takes to say anything.
 *
 * @param root Sluice's directory there.
 */
export async function probe(
  host: Host,
  root: string,
  settings: SlurmSettings,
  signal: AbortSignal,
): Promise<Omit<ClusterProbe, "name">> {
  const begun = performance.now();
  await host.run(":", { signal });
  const roundTripMs = performance.now() - begun;
  const config = await settings.now(signal);
  const partitions = parseSinfo(await slurmOutput(host, sinfoArguments(), signal)).partitions;
  const space = await host.freeSpace(root);
  return {
    scheduler: `Slurm ${config.version ?? "of an unknown release"}`,
    roundTripMs,
    minJobAgeSeconds: config.minJobAgeSeconds,
    accounting: hasAccounting(config) && await accountingAnswers(host, signal),
    partitions: partitions.map(({ name, default: isDefault, available, nodes, timeLimit }) => ({
      name,
      default: isDefault,
      available,
      nodes,
      timeLimit: timeLimit === undefined ? undefined : formatTimeLimit(timeLimit),
    })),
    freeBytes: space.freeBytes,
  };
}

async function accountingAnswers(host: Host, signal: AbortSignal): Promise<boolean> {
  const result = await host.run(sacctLine(["sacct", "--noheader", "--jobs=1"]), { signal });
  return result.exitCode === 0;
}
