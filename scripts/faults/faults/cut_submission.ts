/**
 * The connection is cut at every place of a submission, in either direction.
 *
 * @module
 */

import { cutPlaces } from "../cut_places.ts";
import type { CutPlace, Traffic } from "../cut_places.ts";
import type { Fault } from "../fault.ts";
import { QUICK } from "../kinds.ts";
import type { Scene } from "../scene.ts";
import type { Lane } from "../through_proxies.ts";
import { until } from "../waiting.ts";

/** Bytes between two places. */
const STEP = 64;
/** Jobs that travel together. */
const JOBS = 2;

/** Waits until the link is up and nothing passes; gives what has passed. */
async function quiet(scene: Scene, { cluster, proxy }: Lane): Promise<Traffic> {
  let before = proxy.passed;
  let since = performance.now();
  await until(async () => {
    const { up, down } = proxy.passed;
    const same = up === before.up && down === before.down;
    before = { up, down };
    if (!same) since = performance.now();
    const view = await scene.world.client.clusters.get.query({ name: cluster }).catch(() =>
      undefined
    );
    if (view?.link.status !== "up") since = performance.now();
    return performance.now() - since >= 150;
  }, { signal: scene.signal, deadlineMs: 10_000, everyMs: 50 });
  return proxy.passed;
}

/** Bytes that pass each way while jobs are submitted without a cut, until Slurm's ids have come back. */
async function measure(scene: Scene, lane: Lane): Promise<Traffic> {
  const before = await quiet(scene, lane);
  const jobs = await scene.submit(["success", "array"], { gate: "none", clusters: [lane.cluster] });
  const ids = jobs.flatMap((job) => [...job.ids]);
  await until(() => {
    const submitted = new Set<string>(
      scene.world.events.items.filter(({ fact }) => fact.type === "submitted").map(({ jobId }) =>
        jobId
      ),
    );
    return ids.every((id) => submitted.has(id));
  }, { signal: scene.signal, deadlineMs: 30_000, everyMs: 10 });
  const { up, down } = lane.proxy.passed;
  await scene.allEnded(jobs);
  return { up: up - before.up, down: down - before.down };
}

/** Cuts the lane once; `before` is how many of its connections had been cut when it all began. */
async function cutAt(
  scene: Scene,
  lane: Lane,
  { way, bytes }: CutPlace,
  before: number,
): Promise<void> {
  const { cluster, proxy } = lane;
  await quiet(scene, lane);
  const { cuts } = proxy;
  proxy.cutOpenAfter({ [way]: bytes });
  const chance = scene.chance(`${way} ${bytes}`);
  const kinds = chance.shuffled(QUICK).slice(0, JOBS);
  const jobs = await scene.submit(kinds, { gate: "none", clusters: [cluster] });
  // Where less passes than was measured the cut comes with the next poll, or not at all.
  await until(() => proxy.cuts > cuts, { signal: scene.signal, deadlineMs: 5_000, everyMs: 20 });
  proxy.cutOpenAfter({});
  // The first time Sluice comes back by itself; from cut to cut that would take it longer.
  if (cuts > before) await scene.connect([lane]);
  await scene.allEnded(jobs);
}

/** See the module. */
export const cutSubmission: Fault = {
  name: "cut-submission",
  about: `the connection is cut at every ${STEP}th byte of a submission, either way`,
  async run(scene, rounds) {
    const { lanes } = scene.world;
    const [first] = lanes;
    if (first === undefined) return 0;
    const traffic = await measure(scene, first);
    const places = scene.chance("places").shuffled(cutPlaces(traffic, STEP))
      .slice(0, rounds ?? Infinity);
    scene.say(
      `a submission takes ${traffic.up} bytes up and ${traffic.down} down: ${places.length} places`,
    );
    const left = [...places];
    const outcomes = await Promise.allSettled(lanes.map(async (lane) => {
      const { cuts } = lane.proxy;
      for (let place = left.shift(); place !== undefined; place = left.shift()) {
        await cutAt(scene, lane, place, cuts);
      }
    }));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return places.length;
  },
};
