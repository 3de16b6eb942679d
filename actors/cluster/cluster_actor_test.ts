import assert from "node:assert/strict";
import { attemptId } from "../../model/mod.ts";
import { Journal } from "../../store/mod.ts";
import { active, ClusterStage, cut, done } from "../testing/cluster_stage.ts";
import type { Stage } from "../testing/stage.ts";

Deno.test("a job is in the journal before anything of it is sent", async () => {
  await using stage = new ClusterStage();
  await stage.submit(5);
  assert.equal(stage.sent.length, 5);
  for (const { journaled } of stage.sent) assert.deepEqual(journaled, ["accepted", "submitting"]);
});

Deno.test("a job goes from its acceptance to its end, events numbered without a gap", async () => {
  await using stage = new ClusterStage();
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  assert.equal(job.phase, "accepted");
  await stage.clock.advance(5_000);
  assert.equal(stage.job(job.id).phase, "running");
  stage.sighting = done;
  await stage.clock.advance(30_000);
  const history = stage.journal.history(job.id);
  assert.deepEqual(history.map(({ index }) => index), [1, 2, 3, 4, 5]);
  assert.deepEqual(stage.facts(job.id), [
    "accepted",
    "submitting",
    "submitted",
    "running",
    "ended",
  ]);
  assert.equal(stage.job(job.id).phase, "succeeded");
  assert.equal((await stage.status()).jobs.live, 0);
});

Deno.test("a link that is back soon leaves no trace in the jobs", async () => {
  await using stage = new ClusterStage();
  const [job] = await stage.submit();
  await stage.clock.advance(5_000);
  stage.connection.host.cut(cut);
  await stage.clock.advance(60_000);
  assert.ok(job !== undefined);
  assert.ok(!stage.facts(job.id).includes("unknown"));
  assert.equal(stage.connections.length, 2);
});

Deno.test("a link that stays away makes every live job unknown, and known when it is back", async () => {
  await using stage = new ClusterStage();
  const jobs = await stage.submit(10);
  await stage.clock.advance(5_000);
  const lostAt = stage.clock.now();
  await stage.loseLink();
  await stage.clock.advance(60_000);
  for (const { id } of jobs) {
    const { unknownSince, unknownReason, phase } = stage.job(id);
    assert.equal(unknownSince, lostAt);
    assert.equal(unknownReason?.code, "LinkLost");
    assert.equal(phase, "running");
  }
  await stage.findLink();
  for (const { id } of jobs) {
    assert.equal(stage.job(id).unknownSince, undefined);
    assert.deepEqual(stage.facts(id).slice(-2), ["unknown", "known"]);
  }
});

Deno.test("jobs accepted while the link is away are sent when it is back, each once", async () => {
  await using stage = new ClusterStage();
  await stage.clock.settle();
  await stage.loseLink();
  const jobs = await stage.submit(20);
  await stage.clock.advance(120_000);
  assert.equal(stage.sent.length, 0);
  for (const { id } of jobs) assert.equal(stage.job(id).unknownSince, undefined);
  await stage.findLink();
  assert.deepEqual(stage.sent.map(({ jobId }) => jobId).sort(), jobs.map(({ id }) => id).sort());
});

Deno.test("what happens while the link is away is learned when it is back", async () => {
  await using stage = new ClusterStage();
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.clock.advance(5_000);
  await stage.loseLink();
  await stage.clock.advance(3_600_000);
  stage.sighting = done;
  await stage.findLink();
  assert.equal(stage.job(job.id).phase, "succeeded");
});

Deno.test("cancelling while the link is away takes the job back, or ends it when it is back", async () => {
  await using stage = new ClusterStage();
  const [sent] = await stage.submit();
  await stage.clock.advance(5_000);
  await stage.loseLink();
  const [unsent] = await stage.submit();
  assert.ok(sent !== undefined && unsent !== undefined);
  for (const { id } of [sent, unsent]) {
    const answer = stage.cluster.ask((reply) => ({
      type: "cancel" as const,
      jobId: id,
      how: {},
      reply,
    }));
    await stage.clock.advance(100);
    assert.equal((await answer)?.cancelRequested, true);
  }
  assert.equal(stage.job(unsent.id).phase, "cancelled");
  assert.equal(stage.job(sent.id).phase, "running");
  await stage.findLink();
  const cancelled = stage.connection.scheduler.cancels.made.flatMap(({ argument }) => argument);
  assert.deepEqual(
    new Set(cancelled.map(({ attemptId }) => attemptId)),
    new Set([attemptId(sent.id, 1)]),
  );
  assert.ok(!stage.sent.some(({ jobId }) => jobId === unsent.id));
});

Deno.test("a task that is cancelled before its array is sent is cancelled once it is", async () => {
  await using stage = new ClusterStage();
  await stage.clock.settle();
  await stage.loseLink();
  const [job] = await stage.submit(1, { resources: { array: "0-1" } }, { tasks: [0, 1] });
  assert.ok(job !== undefined);
  for (let time = 0; time < 2; time++) {
    const answer = stage.cluster.ask((reply) => ({
      type: "cancel" as const,
      jobId: job.id,
      how: { task: 1 },
      reply,
    }));
    await stage.clock.advance(100);
    await answer;
  }
  assert.equal(stage.facts(job.id).filter((type) => type === "cancel_requested").length, 1);
  await stage.findLink();
  const [cancelled] = stage.connection.scheduler.cancels.made.flatMap(({ argument }) => argument);
  assert.equal(cancelled?.attemptId, attemptId(job.id, 1));
  assert.equal(cancelled?.task, 1);
});

for (const actor of ["poller", "submitter", "link"] as const) {
  Deno.test(`nothing is missed when the ${actor} fails`, async () => {
    await using stage = new ClusterStage();
    const early = await stage.submit(3);
    await stage.clock.advance(5_000);
    const failed: string[] = [];
    using _subscription = listen(stage, failed);
    const { scheduler, host } = stage.connection;
    const calls = {
      poller: scheduler.observes,
      submitter: scheduler.submits,
      link: stage.connects,
    };
    calls[actor].defect = new Error("a defect");
    if (actor === "link") host.cut(cut);
    const late = await stage.submit(3);
    await stage.clock.advance(60_000);
    assert.deepEqual(failed, [`/root/cluster/${actor}`]);
    stage.sighting = done;
    await stage.clock.advance(120_000);
    for (const { id } of [...early, ...late]) {
      assert.equal(stage.job(id).phase, "succeeded", stage.facts(id).join());
    }
    assert.equal(new Set(stage.sent.map(({ jobId }) => jobId)).size, 6);
    assert.equal(stage.sent.length, 6);
  });
}

/** Notes the path of every actor that fails. */
function listen(stage: Stage, failed: string[]): Disposable {
  const subscription = stage.system.events.subscribe((event) => {
    if (event.type === "failed") failed.push(event.path);
  });
  return { [Symbol.dispose]: () => subscription.cancel() };
}

Deno.test("live jobs of the journal are taken up again, those that have ended are not", async () => {
  const journal = Journal.open({ path: ":memory:" });
  const first = new ClusterStage(journal);
  const [ended] = await first.submit();
  first.sighting = done;
  await first.clock.advance(30_000);
  first.sighting = active;
  const live = await first.submit(3);
  await first.clock.advance(5_000);
  await first.loseLink();
  const [unsent] = await first.submit();
  await first.system.stop();
  for (const connection of first.connections) connection.host.cut(cut);

  await using second = new ClusterStage(journal);
  second.sighting = done;
  await second.clock.advance(first.clock.now() - second.clock.now() + 60_000);
  assert.ok(ended !== undefined && unsent !== undefined);
  assert.deepEqual(second.sent.map(({ jobId }) => jobId), [unsent.id]);
  const watched = second.connection.scheduler.observes.made.flatMap(({ argument }) => argument);
  assert.ok(!watched.some((one) => one.attemptId === attemptId(ended.id, 1)));
  for (const { id } of [...live, unsent]) {
    assert.equal(second.job(id).phase, "succeeded");
    const indexes = journal.history(id).map(({ index }) => index);
    assert.deepEqual(indexes, indexes.map((_, n) => n + 1));
  }
});

Deno.test("who does not follow an output is told that there is no connection", async () => {
  await using stage = new ClusterStage();
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.loseLink();
  const refused = assert.rejects(
    stage.cluster.ask<Uint8Array>((reply) => ({
      type: "read",
      patient: false,
      question: {
        jobId: job.id,
        stream: "stdout",
        task: undefined,
        offset: 0,
        maxBytes: 10,
        wait: false,
        ahead: false,
        reply,
        signal: new AbortController().signal,
      },
    })),
    { code: "CLUSTER_UNREACHABLE", retryable: true },
  );
  await stage.clock.settle();
  await refused;
});

Deno.test("the ends of many tasks that are told together are journaled together", async () => {
  await using stage = new ClusterStage();
  const tasks = Array.from({ length: 50 }, (_, task) => task);
  const [job] = await stage.submit(1, { resources: { array: "0-49" } }, { tasks });
  assert.ok(job !== undefined);
  await stage.clock.advance(5_000);
  assert.equal(stage.job(job.id).phase, "running");
  let appends = 0;
  const append = stage.journal.append.bind(stage.journal);
  stage.journal.append = (entries) => {
    appends++;
    return append(entries);
  };
  const lines = tasks.map((task) => `${job.id} ${task} 0 end ${task} -\n`).join("");
  stage.connection.host.streams.at(-1)?.write(new TextEncoder().encode(lines));
  await stage.clock.settle();
  assert.equal(appends, 1);
  assert.deepEqual(stage.job(job.id).tasks?.map(({ exitCode }) => exitCode), tasks);
});
