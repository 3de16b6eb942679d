import assert from "node:assert/strict";
import { BusyCluster } from "./testing/busy_cluster.ts";
import { CLUSTER } from "./testing/live_jobs.ts";
import { countActors, countListeners, countMail, usedHeapBytes } from "./testing/leftovers.ts";

/** The heap of a system at rest varies by so much, whatever it has done before. */
const NOISE_BYTES = 1_500_000;

Deno.test("after twelve hours of jobs that come and go everything is as it was", async () => {
  using listeners = countListeners();
  await using cluster = new BusyCluster();
  const stop = new AbortController();
  const following = (async () => {
    let heard = 0;
    for await (const _ of cluster.journal.jobFeed({}, { signal: stop.signal })) heard++;
    return heard;
  })();
  // Where the test fails before, that is what is told.
  following.catch(() => {});
  const measure = async () => {
    const { jobs, submissions, link } = await cluster.status();
    const tree = cluster.system.tree();
    return {
      jobs,
      submissions,
      link: link.status,
      actors: countActors(tree),
      mail: countMail(tree),
      timers: cluster.clock.pending,
      listeners: listeners.open,
    };
  };

  await cluster.rest();
  const before = await measure();
  // What is made at its first use and kept, such as compiled code, is there after the first hour.
  await cluster.work(60);
  await cluster.rest();
  assert.deepEqual(await measure(), before);
  const heap = usedHeapBytes();

  const { accepted } = cluster;
  await cluster.work(11 * 60);
  const ran = await cluster.status();
  assert.ok(ran.jobs.live > 0, "jobs were at work to the end");
  await cluster.rest();
  assert.ok(cluster.accepted - accepted > 2_000, `${cluster.accepted} jobs came`);
  assert.ok(
    cluster.losses > 15 && cluster.connections > cluster.losses,
    `${cluster.losses} losses`,
  );
  assert.deepEqual(await measure(), before);
  assert.deepEqual(before.jobs, { live: 0, isolated: [] });
  const grown = usedHeapBytes() - heap;
  assert.ok(grown < NOISE_BYTES, `${grown} bytes more are in use`);

  const ended = cluster.journal.counts().get(CLUSTER);
  assert.equal([...ended?.values() ?? []].reduce((sum, count) => sum + count, 0), cluster.accepted);
  stop.abort();
  assert.ok(await following > cluster.accepted * 4);
});
