/**
 * The server is killed, again and again, and started again each time.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";
import { QUICK } from "../kinds.ts";

const ROUNDS = 6;
/** Kills of each round. */
const KILLS = 9;

/** See the module. */
export const killSluice: Fault = {
  name: "kill-sluice",
  about: "the server is killed with -9 at random moments and started again",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance, options }) => {
      const { server } = scene.world;
      for (let kill = 0; kill < KILLS; kill++) {
        // Some kills hit a server that is about to start, the others one that is at work.
        if (chance.below(4) > 0) await server.listening();
        scene.submitMeanwhile(chance.shuffled(QUICK).slice(0, 2), options);
        await scene.pause(chance.below(1_500));
        await server.kill();
        server.start();
      }
      await server.listening();
    }),
};
