import assert from "node:assert/strict";
import type { JobSpecInput } from "../../model/mod.ts";
import { JobWorld } from "../testing/job_world.ts";
import type { WorldDefects } from "../testing/job_world.ts";
import { anySpec, EPOCH } from "../testing/simulated_job.ts";
import type { Part } from "../testing/simulated_slurm.ts";

async function open(
  input: Partial<JobSpecInput> = {},
  defects: WorldDefects = {},
): Promise<JobWorld> {
  const world = await JobWorld.open(anySpec(input), defects);
  world.up();
  await world.pass(100);
  return world;
}

function part(world: JobWorld, index = -1): Part {
  const found = world.slurm.parts.at(index);
  assert.ok(found !== undefined, "Slurm has no such job");
  return found;
}

/** The job runs, and the poller has seen it. */
async function run(world: JobWorld): Promise<void> {
  world.slurm.start(part(world));
  await world.pass(3_000);
  assert.equal(world.view.phase, "running");
}

async function fail(world: JobWorld): Promise<void> {
  await run(world);
  world.slurm.befall(part(world), "exit 1");
  await world.pass(3_000);
}

const retry = { times: 1, delaySeconds: 60 };

Deno.test("the next attempt is handed over when its time has come, not before", async () => {
  await using world = await open({ retry });
  await fail(world);
  const { retryAt = 0 } = world.view;
  await world.pass(retryAt - world.clock.now() - 1);
  assert.equal(world.slurm.submissions.size, 1);
  await world.pass(1_000);
  assert.equal(world.slurm.submissions.size, 2);
  assert.equal(world.view.attempt, 2);
  assert.deepEqual(world.troubles, []);
});

Deno.test("after a restart the wait for the next attempt is what was left of it", async () => {
  await using world = await open({ retry });
  await fail(world);
  const { retryAt = 0 } = world.view;
  await world.pass(30_000);
  await world.restart();
  await world.pass(retryAt - world.clock.now() - 1);
  assert.equal(world.slurm.submissions.size, 1);
  await world.pass(1_000);
  assert.equal(world.slurm.submissions.size, 2);
});

Deno.test("a time for the next attempt that passed while Sluice was away has come", async () => {
  await using world = await open({ retry });
  await fail(world);
  world.down();
  await world.restart();
  await world.pass(90_000);
  await world.restart();
  world.up();
  await world.pass(1_000);
  assert.equal(world.slurm.submissions.size, 2);
});

Deno.test("the grace period of a signal survives a restart", async () => {
  await using world = await open();
  world.slurm.reaction = "ignores it";
  await run(world);
  world.cancel({ signal: "USR1", graceSeconds: 40 });
  await world.pass(1_000);
  assert.deepEqual(world.cancellations.map(({ means }) => means.kind), ["signal"]);
  const { forceAt = 0 } = world.view;
  await world.restart();
  await world.pass(forceAt - world.clock.now() - 1);
  assert.equal(
    world.cancellations.length,
    1,
    "the signal is not sent again, force is not used yet",
  );
  await world.pass(1);
  assert.equal(world.cancellations.at(-1)?.means.kind, "end");
  assert.equal(world.cancellations.at(-1)?.at, forceAt);
  await world.pass(30_000);
  assert.equal(world.view.phase, "cancelled");
  assert.equal(world.view.state, "CANCELLED");
});

Deno.test("a signal is sent once, however long the scheduler takes with it and however often it is asked for", async () => {
  await using world = await open();
  world.slurm.reaction = "ignores it";
  await run(world);
  world.slurm.fates = Array.from({ length: 20 }, () => ({
    delayMs: 25_000,
    result: "done" as const,
    seesEarly: true,
  }));
  for (let time = 0; time < 30; time++) {
    world.cancel({ signal: "USR1", graceSeconds: 500 });
    await world.pass(6_000);
  }
  assert.equal(part(world).signals, 1);
  assert.ok(world.facts.some(({ type }) => type === "signalled"));
});

Deno.test("a signal to a job that waits ends it in the queue, and one that has started gets it", async () => {
  for (const starts of [false, true]) {
    await using world = await open();
    world.slurm.reaction = "exits 0";
    world.down();
    world.cancel({ signal: "TERM" });
    await world.pass(1_000);
    if (starts) world.slurm.start(part(world));
    world.up();
    await world.pass(20_000);
    assert.equal(world.view.phase, starts ? "succeeded" : "cancelled");
    assert.deepEqual(world.troubles, []);
  }
});

Deno.test("what ends a job is asked for at once, and again every ten seconds while it does not end", async () => {
  await using world = await open({}, { ignoresCancels: true });
  await run(world);
  const begun = world.clock.now();
  world.cancel({});
  await world.pass(1);
  world.cancel({});
  await world.pass(1);
  assert.deepEqual(world.cancellations.map(({ at }) => at - begun), [0], "the same wish again");
  await world.pass(120_000);
  const times = world.cancellations.map(({ at }) => at);
  const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assert.ok(waits.length >= 4, `asked ${waits.length} times more in two minutes`);
  assert.ok(waits.every((wait) => wait >= 10_000), waits.join());
});

Deno.test("a job of which nothing was sent is taken back, and never reaches the scheduler", async () => {
  await using world = await JobWorld.open(anySpec());
  world.cancel({});
  await world.pass(1_000);
  assert.equal(world.view.phase, "cancelled");
  world.up();
  await world.pass(60_000);
  assert.equal(world.slurm.submissions.size, 0);
  assert.deepEqual(world.troubles, []);
});

Deno.test("a full journal is waited for: nothing fails, nothing is lost, nothing is done before it is stored", async () => {
  await using world = await open();
  world.full = true;
  world.slurm.start(part(world));
  world.cancel({});
  await world.pass(120_000);
  assert.equal(world.view.phase, "queued");
  assert.equal(world.cancellations.length, 0);
  world.full = false;
  await world.pass(60_000);
  assert.equal(world.view.phase, "cancelled");
  assert.deepEqual(world.failures, []);
  assert.deepEqual(world.troubles, []);
});

Deno.test("an outcome that found no room while the journal was full is asked for again", async () => {
  await using world = await JobWorld.open(anySpec());
  world.full = true;
  world.slurm.fates = [{ delayMs: 0, result: "postponed", seesEarly: true }];
  world.up();
  await world.pass(500);
  // It waits to store that it was postponed, and now more comes than its mailbox holds.
  for (let word = 0; word < 20; word++) {
    world.tell({ type: "silenced", since: EPOCH, reason: { code: "LinkLost", text: "" } });
  }
  await world.pass(10_000);
  assert.equal(world.slurm.submissions.size, 1, "it was submitted meanwhile");
  world.full = false;
  await world.finish();
  assert.equal(world.view.phase, "succeeded");
  assert.deepEqual(world.troubles, []);
});

Deno.test("a journal that is full does not hold up the stop of the actors", async () => {
  const world = await open();
  world.full = true;
  world.slurm.start(part(world));
  await world.pass(10_000);
  await world[Symbol.asyncDispose]();
  assert.equal(world.clock.pending, 0);
});

Deno.test("an actor that fails when its facts are stored takes the job up where they leave it", async () => {
  await using world = await open({ retry: { times: 1, delaySeconds: 5 } });
  await run(world);
  world.crash = "after";
  world.slurm.befall(part(world), "exit 1");
  await world.pass(30_000);
  assert.deepEqual(world.failures.map((path) => path.split("/").at(-1)), ["job"]);
  assert.equal(world.view.attempt, 2);
  await world.finish();
  assert.deepEqual(world.troubles, []);
  assert.equal(world.view.phase, "succeeded");
});
