/**
 * What Sluice costs the cluster, counted in commands and channels.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import { endedJobs, Following } from "./support/events.ts";
import { until } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

const LIVE = 200;
const TASKS = 40;
const RUNNING = 10;
/** Channels that Sluice may have open of the ten that OpenSSH allows. */
const MOST_CHANNELS = 6;

async function figure(sluice: Sluice, name: string): Promise<number> {
  return (await sluice.system.metrics())[`clusters.dev.${name}`] ?? assert.fail(name);
}

/**
 * How many commands more than polls there have been, looked at until there were so many polls more. A command is
 * counted when it is sent and a poll when it is answered, so the least is that between two polls.
 */
async function commandsBesidePolls(sluice: Sluice, polls: number): Promise<number> {
  const from = await figure(sluice, "polls");
  let least = Infinity;
  await until(`${polls} polls`, async () => {
    const figures = await sluice.system.metrics();
    const [channels = Infinity, sent = Infinity, answered = 0] = [
      "openChannels",
      "commandsSent",
      "polls",
    ].map((name) => figures[`clusters.dev.${name}`]);
    assert.ok(channels <= MOST_CHANNELS, `${channels} channels are open`);
    least = Math.min(least, sent - answered);
    return answered >= from + polls;
  });
  return least;
}

/** Fails unless a number of polls took one command each, and nothing else was sent meanwhile. */
async function assertOneCommandAPoll(sluice: Sluice): Promise<void> {
  // What was begun before comes to its end first.
  await commandsBesidePolls(sluice, 2);
  const before = await commandsBesidePolls(sluice, 1);
  await commandsBesidePolls(sluice, 4);
  assert.equal(await commandsBesidePolls(sluice, 1), before);
}

Deno.test("a poll of 200 live jobs takes as many commands as a poll of one", async () => {
  await using workspace = await Workspace.make();
  // Polls at a fixed interval, so that counting does not wait for slow ones.
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 0.5 } });
  await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
  const queued = (total: number) =>
    feed.until((events) =>
      new Set(events.filter(({ fact }) => fact.type === "submitted").map(({ jobId }) => jobId))
        .size === total
    );

  const waiting = jobSpec(
    shellJob("exit 0", { resources: { begin: "now+1hour", memory: 50 } }),
  );
  const running = jobSpec(shellJob("exec sleep 600", { resources: { memory: 50 } }));
  const array = jobSpec(
    shellJob("exit 0", {
      resources: { begin: "now+1hour", memory: 50, array: `1-${TASKS}` },
    }),
  );

  const [first] = await sluice.jobs.submitMany([waiting]);
  assert.ok(first !== undefined);
  await queued(1);
  await assertOneCommandAPoll(sluice);

  const before = await figure(sluice, "commandsSent");
  const pollsBefore = await figure(sluice, "polls");
  const jobs = await sluice.jobs.submitMany([
    array,
    ...Array.from({ length: RUNNING }, () => running),
    ...Array.from({ length: LIVE - 2 - RUNNING }, () => waiting),
  ]);
  await queued(LIVE);
  const submitting = await figure(sluice, "commandsSent") - before;
  // Polls go on meanwhile, however long it takes, and where Slurm is slow fewer jobs travel together.
  const meanwhile = await figure(sluice, "polls") - pollsBefore;
  assert.ok(
    submitting <= meanwhile + jobs.length / 2,
    `${submitting} commands in ${meanwhile} polls submitted ${jobs.length} jobs`,
  );
  await feed.until((events) =>
    events.filter(({ fact }) => fact.type === "running").length >= RUNNING
  );
  assert.equal(await figure(sluice, "liveJobs"), LIVE);
  await assertOneCommandAPoll(sluice);

  const ids = [first.id, ...jobs.map(({ id }) => id)];
  const beforeEnd = await figure(sluice, "commandsSent");
  const pollsBeforeEnd = await figure(sluice, "polls");
  await Promise.all(ids.map((id) => sluice.jobs.cancel(id)));
  await feed.until((events) => endedJobs(events).size === LIVE);
  const ending = await figure(sluice, "commandsSent") - beforeEnd;
  const polls = await figure(sluice, "polls") - pollsBeforeEnd;
  // At most squeue, the exit records and sacct for each poll, and a few for the cancellations themselves.
  assert.ok(
    ending <= 3 * (polls + 1) + 20,
    `${ending} commands in ${polls} polls ended ${LIVE} jobs`,
  );
});
