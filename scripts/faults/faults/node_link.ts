/**
 * A node's cable is pulled and plugged in again.
 *
 * @module
 */

import { setNodeLink } from "../../testbed/mod.ts";
import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";

const ROUNDS = 3;

/** See the module. */
export const nodeLink: Fault = {
  name: "node-link",
  about: "a node's cable is pulled, for seconds or until Slurm gives the node up",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance, number }) => {
      const { cluster } = scene.world;
      const node = chance.pick(cluster.facts.nodes.map(({ name }) => name)) ?? "n1";
      // Slurm gives a node up after half a minute: past it, its jobs are put back.
      const milliseconds = number === 0
        ? chance.between(500, 4_000)
        : chance.between(5_000, 45_000);
      scene.say(`${node} is away for ${milliseconds} ms`);
      await using stack = new AsyncDisposableStack();
      stack.defer(() => setNodeLink(node, "up"));
      await setNodeLink(node, "down");
      await scene.pause(milliseconds);
    }),
};
