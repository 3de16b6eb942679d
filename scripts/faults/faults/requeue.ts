/**
 * Running jobs are put back into the queue.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";
import { until } from "../waiting.ts";

const ROUNDS = 2;

/** See the module. */
export const requeue: Fault = {
  name: "requeue",
  about: "running jobs are put back into the queue by scontrol",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance, before }) => {
      // Only those that wait at the gate are certain to run still.
      const waiting = (await before).filter(({ kind }) => kind.name === "across");
      let started = new Map<string, string>();
      await until(async () => {
        started = await scene.startedAs(waiting);
        return started.size === waiting.length;
      }, { signal: scene.signal, deadlineMs: 60_000 });
      for (const [token, slurmId] of chance.shuffled([...started])) {
        await scene.pause(chance.below(1_000));
        const put = await scene.world.cluster.requeue(slurmId);
        if (!put) scene.say(`Slurm did not put back ${token} (${slurmId})`);
      }
    }, { more: ["across", "across", "across"] }),
};
