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

interface Counted {
  readonly polls: number;
  readonly commands: number;
}

async function figure(sluice: Sluice, name: string): Promise<number> {
  return (await sluice.system.metrics())[`clusters.dev.${name}`] ?? assert.fail(name);
}

/** Polls and commands from the end of one poll to the end of another, `polls` later. */
async function count(sluice: Sluice, polls: number): Promise<Counted> {
  const read = async (): Promise<Counted> => {
    const figures = await sluice.system.metrics();
    const channels = figures["clusters.dev.openChannels"] ?? assert.fail();
    assert.ok(channels <= MOST_CHANNELS, `${channels} channels are open`);
    return {
      polls: figures["clusters.dev.polls"] ?? assert.fail(),
      commands: figures["clusters.dev.commandsSent"] ?? assert.fail(),
    };
  };
  // A command is counted when it is sent and a poll when it is answered, so both ends are taken at rest.
  const atRest = async (from: number): Promise<Counted> => {
    let seen = await read();
    await until("a poll", async () => {
      const now = await read();
      const arrived = now.polls > seen.polls && now.polls >= from;
      seen = now;
      return arrived;
    });
    return seen;
  };
  const first = await atRest(0);
  const last = await atRest(first.polls + polls);
  return { polls: last.polls - first.polls, commands: last.commands - first.commands };
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
  await count(sluice, 2);
  const one = await count(sluice, 6);

  const before = await figure(sluice, "commandsSent");
  const jobs = await sluice.jobs.submitMany([
    array,
    ...Array.from({ length: RUNNING }, () => running),
    ...Array.from({ length: LIVE - 2 - RUNNING }, () => waiting),
  ]);
  await queued(LIVE);
  const submitting = await figure(sluice, "commandsSent") - before;
  assert.ok(submitting <= 40, `${submitting} commands were sent to submit ${jobs.length} jobs`);
  await feed.until((events) =>
    events.filter(({ fact }) => fact.type === "running").length >= RUNNING
  );
  assert.equal(await figure(sluice, "liveJobs"), LIVE);
  await count(sluice, 2);
  const many = await count(sluice, 6);

  assert.equal(one.commands / one.polls, 1, JSON.stringify(one));
  assert.equal(many.commands / many.polls, 1, JSON.stringify(many));

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
