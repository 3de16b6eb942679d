/**
 * Thousands of jobs at once over a slow line.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobEvent, JobFact } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { within } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

const JOBS = 5_000;
/** Channels that Sluice may have open of the ten that OpenSSH allows. */
const MOST_CHANNELS = 6;

/** All events of the type, as soon as every job has one; fails where there is no news for long. */
async function eventsUntil(
  sluice: Sluice,
  type: JobFact["type"],
  onEvent: (count: number) => Promise<void> = () => Promise.resolve(),
): Promise<readonly JobEvent[]> {
  const events: JobEvent[] = [];
  const stop = new AbortController();
  const feed = sluice.jobs.events({}, { signal: stop.signal })[Symbol.asyncIterator]();
  try {
    while (events.length < JOBS) {
      const next = await within(`event ${events.length + 1} of ${type}`, feed.next());
      assert.ok(next.done !== true, "the feed ended");
      if (next.value.fact.type !== type) continue;
      events.push(next.value);
      await onEvent(events.length);
    }
    return events;
  } finally {
    stop.abort();
    await feed.return?.();
  }
}

Deno.test("a burst of 5,000 jobs over a line of 50 ms loses none and doubles none", async () => {
  await using workspace = await Workspace.make();
  await using proxy = startProxy({ target: workspace.facts, latencyMs: 25 });
  await using sluice = await workspace.open(await knownThroughProxy(workspace, proxy));
  const name = `burst-${crypto.randomUUID()}`;
  const specs = Array.from(
    { length: JOBS },
    (_, number) =>
      jobSpec(shellJob(`echo ${number}`, { name, resources: { begin: "now+1hour", memory: 50 } })),
  );

  const jobs = await sluice.jobs.submitMany(specs);
  let mostChannels = 0;
  const submitted = await eventsUntil(sluice, "submitted", async (count) => {
    if (count % 50 !== 0) return;
    const { "clusters.dev.openChannels": channels = 0 } = await sluice.system.metrics();
    mostChannels = Math.max(mostChannels, channels);
  });
  const ids = new Set<string>(jobs.map(({ id }) => id));
  assert.deepEqual(new Set(submitted.map(({ jobId }) => jobId)), ids);
  assert.equal(proxy.accepted, 1, "one connection");
  assert.ok(mostChannels > 0 && mostChannels <= MOST_CHANNELS, `${mostChannels} channels`);

  const comments = (await workspace.slurmJobs()).map(({ comment }) => comment);
  assert.equal(comments.length, JOBS);
  assert.deepEqual(new Set(comments), new Set([...ids].map((id) => `sluice:${id}`)));

  await onCluster(["scancel", `--name=${name}`]);
  const ended = await eventsUntil(sluice, "ended");
  assert.deepEqual(new Set(ended.map(({ jobId }) => jobId)), ids);
  assert.ok(ended.every(({ fact }) => fact.type === "ended" && fact.phase === "cancelled"));
});
