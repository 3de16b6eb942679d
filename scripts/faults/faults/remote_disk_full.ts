/**
 * The disk for the jobs' directories on the cluster is full for a while.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";

const ROUNDS = 3;

/** See the module. */
export const remoteDiskFull: Fault = {
  name: "remote-disk-full",
  about: "the disk for the jobs' directories on the cluster is full for a while",
  run: (scene, rounds = ROUNDS) => {
    const { cluster, small } = scene.world;
    return inRounds(scene, rounds, async ({ chance, number, options }) => {
      await using stack = new AsyncDisposableStack();
      stack.defer(() => cluster.freeSmallDisk());
      await cluster.fillSmallDisk();
      const milliseconds = chance.between(1_000, 5_000);
      const [waits] = await Promise.all([
        scene.submit(["success"], options),
        scene.pause(milliseconds),
      ]);
      const started = await scene.startedAs(waits);
      if (started.size > 0) scene.say(`round ${number}: a job got through a full disk`);
      // What jobs say while there is no space is lost, so nothing is demanded of their output.
    }, { submit: { clusters: [small.cluster], follow: false } });
  },
};
