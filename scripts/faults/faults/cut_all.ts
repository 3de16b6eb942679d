/**
 * All connections to the clusters are cut, again and again.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";
import { QUICK } from "../kinds.ts";

const ROUNDS = 6;
/** Moments of each round at which everything is cut. */
const MOMENTS = 10;

/** See the module. */
export const cutAll: Fault = {
  name: "cut-all",
  about: "all connections are cut at random moments",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance, options }) => {
      const { allLanes } = scene.world;
      for (let moment = 0; moment < MOMENTS; moment++) {
        // Most come back at once, so that there is something to cut; the others when they come by themselves.
        await scene.connect(allLanes.filter(() => chance.below(4) > 0));
        scene.submitMeanwhile(chance.shuffled(QUICK).slice(0, 2), options);
        await scene.pause(chance.below(800));
        for (const { proxy } of allLanes) proxy.cutAll();
      }
      await scene.connect();
    }),
};
