/**
 * The disk of the server's data directory is full for a while.
 *
 * @module
 */

import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";

const ROUNDS = 3;

/** See the module. */
export const journalDiskFull: Fault = {
  name: "journal-disk-full",
  about: "the disk of the server's journal is full for a while",
  run: (scene, rounds = ROUNDS) =>
    inRounds(scene, rounds, async ({ chance, options }) => {
      const { disk, server } = scene.world;
      // A server that has just begun has no space in its journal's log that it could write to again.
      await server.stop();
      server.start();
      await server.listening();
      const failed = () => scene.failures.values().reduce((sum, count) => sum + count, 0);
      const before = failed();
      await using stack = new AsyncDisposableStack();
      stack.defer(() => disk.free());
      await disk.fill();
      scene.submitMeanwhile(["success", "exit"], options);
      await scene.pause(chance.between(1_000, 4_000));
      if (failed() === before) scene.say("no call failed while the disk was full");
    }),
};
