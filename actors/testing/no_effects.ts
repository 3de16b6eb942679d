/**
 * Nobody with whom a job works.
 *
 * @module
 */

import type { JobEffects } from "../job/mod.ts";

function nothing(): void {}

/** The effects of a job that nobody else hears of. */
export const noEffects: JobEffects = {
  stage: nothing,
  enqueue: nothing,
  withdraw: nothing,
  watch: nothing,
  unwatch: nothing,
  giveUp: nothing,
  nudge: nothing,
  followMessages: nothing,
  unfollowMessages: nothing,
  cancel: nothing,
  ended: nothing,
  clusterSettled: nothing,
  taskEnded: nothing,
  allocation: nothing,
};
