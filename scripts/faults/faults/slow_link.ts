/**
 * The connections to the clusters become slow.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";

const ROUNDS = 3;

/** See the module. */
export const slowLink: Fault = {
  name: "slow-link",
  about: "the connections become late and thin for a while",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance }) => {
      const { allLanes } = scene.world;
      using stack = new DisposableStack();
      for (const { proxy } of allLanes) {
        stack.defer(() => {
          proxy.setLatency(0);
          proxy.setBytesPerSecond(undefined);
        });
        proxy.setLatency(chance.between(50, 600));
        proxy.setBytesPerSecond(chance.between(4_000, 40_000));
      }
      await scene.pause(chance.between(3_000, 8_000));
    }),
};
