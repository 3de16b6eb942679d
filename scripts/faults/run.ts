/**
 * A run of faults, one after the other.
 *
 * @module
 */

import { chanceOf, partSeed } from "./chance.ts";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./fault_list.ts";
import { countWrongs } from "./judge.ts";
import type { RunOptions } from "./options.ts";
import type { FaultResult, Totals } from "./report.ts";
import { Scene } from "./scene.ts";
import type { WorldSettings } from "./world.ts";
import { World } from "./world.ts";

/** What a run is given, and whom it tells of its results. */
export interface RunSettings extends WorldSettings {
  /** Called with the result of each fault, as soon as it is there. */
  readonly onResult: (result: FaultResult) => void;
}

/** The faults of a run in the order that its seed draws. */
function faultsOf({ seed, faults }: RunOptions): Fault[] {
  const chosen = FAULTS.filter(({ name }) => faults.length === 0 || faults.includes(name));
  return chanceOf(partSeed(seed, "order")).shuffled(chosen);
}

/** Runs the faults on the real cluster, which is left whole. */
export async function runFaults(options: RunOptions, settings: RunSettings): Promise<Totals> {
  const { progress } = settings;
  await using world = await World.open(settings);
  for (const fault of faultsOf(options)) {
    const began = performance.now();
    await using scene = new Scene(world, fault.name, options.seed);
    await scene.connect();
    const rounds = await fault.run(scene, options.rounds);
    await world.settle();
    await scene.allEnded();
    const findings = await scene.judge();
    for (const { wrong, subject, text } of findings) {
      progress(`${fault.name}: ${wrong}: ${subject}: ${text}`);
    }
    const failures = [...scene.failures].map(([code, count]) => `${count} ${code}`).join(", ");
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    progress(
      `${fault.name}: ${seconds} s, ${scene.submissions.length} jobs; ` +
        `calls that failed and were repeated: ${failures || "none"}`,
    );
    settings.onResult({
      fault: fault.name,
      rounds,
      jobs: scene.submissions.length,
      ...countWrongs(findings),
    });
  }
  return { cuts: world.cuts, kills: world.server.kills, crashes: world.server.crashes };
}
