/**
 * All connections to the clusters are cut, again and again.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";
import { until } from "../waiting.ts";

const ROUNDS = 6;
/** Moments of each round at which everything is cut. */
const MOMENTS = 10;

/** See the module. */
export const cutAll: Fault = {
  name: "cut-all",
  about: "all connections are cut at random moments",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance }) => {
      const { allLanes } = scene.world;
      for (let moment = 0; moment < MOMENTS; moment++) {
        // A cut where nothing is connected would be none.
        await until(() => allLanes.some(({ proxy }) => proxy.connections > 0), {
          signal: scene.signal,
          deadlineMs: 10_000,
          everyMs: 20,
        });
        await scene.pause(chance.below(1_200));
        for (const { proxy } of allLanes) proxy.cutAll();
      }
    }),
};
