import assert from "node:assert/strict";
import { attemptId } from "../../model/mod.ts";
import type { AttemptId, SluiceError } from "../../model/mod.ts";
import type { GivenUp, Sighting, Watched } from "../../schedulers/mod.ts";
import type { JobMessage } from "../job/mod.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { EPOCH, jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { poller, SILENCE_MS } from "./poller.ts";
import type { PollerMessage } from "./poller.ts";

const active: Sighting = { kind: "active", state: "RUNNING", nodes: [] };

const first = (n: number): AttemptId => attemptId(jobNumber(n), 1);

class PollerStage extends Stage {
  readonly silences: { since: number; error: SluiceError }[] = [];
  readonly connection = new FakeConnection();
  readonly jobs = this.listener<JobMessage>();
  readonly poller = this.system.spawn<PollerMessage, unknown>(
    "poller",
    poller({
      minMs: 2_000,
      maxMs: 30_000,
      onSilence: (since, error) => void this.silences.push({ since, error }),
    }),
  );

  get polls() {
    return this.connection.scheduler.observes;
  }

  async up(): Promise<void> {
    this.poller.tell({ type: "up", connection: this.connection });
    await this.clock.settle();
  }

  watch(...numbers: number[]): void {
    for (const n of numbers) {
      const watched: Watched = { attemptId: first(n), schedulerId: schedulerId(`${n}`) };
      this.poller.tell({ type: "watch", watched, job: this.jobs.ref });
    }
  }

  get giveUps() {
    return this.connection.scheduler.giveUps;
  }

  giveUp(n: number, ...tasks: number[]): void {
    const watched: Watched = {
      attemptId: first(n),
      schedulerId: schedulerId(`${n}`),
      ...(tasks.length === 0 ? {} : { tasks }),
    };
    this.poller.tell({ type: "give_up", watched, job: this.jobs.ref });
  }

  unwatch(n: number): void {
    this.poller.tell({ type: "unwatch", attemptId: first(n) });
  }

  /** Answers every poll with the same word on every job. */
  see(sighting: Sighting): void {
    this.polls.answer = (watched) => watched.map(({ attemptId }) => ({ attemptId, sighting }));
  }
}

Deno.test("one question an interval covers all jobs, however many they are", async () => {
  for (const count of [1, 500]) {
    await using stage = new PollerStage();
    stage.see(active);
    await stage.up();
    stage.watch(...Array.from({ length: count }, (_, n) => n));
    await stage.clock.advance(60_000);
    // After 2 s, 4, 7, 11.5, 18.25, 28.4 and 43.6: nothing moves after the first answer.
    assert.equal(stage.polls.made.length, 7, `${count} jobs`);
    assert.equal(stage.polls.last.argument.length, count);
  }
});

Deno.test("each job hears what was seen of it and when it was asked", async () => {
  await using stage = new PollerStage();
  stage.see(active);
  stage.watch(1, 2);
  await stage.up();
  await stage.clock.advance(100);
  assert.deepEqual(
    stage.jobs.heard,
    [1, 2].map((n) => ({
      type: "sighted",
      askedAt: EPOCH,
      observations: [{ attemptId: first(n), sighting: active }],
    })),
  );
});

Deno.test("nobody is asked while there are no jobs, nor without a connection", async () => {
  await using stage = new PollerStage();
  await stage.clock.advance(60_000);
  stage.watch(1);
  await stage.clock.advance(60_000);
  assert.equal(stage.polls.made.length, 0);
  stage.unwatch(1);
  await stage.up();
  await stage.clock.advance(60_000);
  assert.equal(stage.polls.made.length, 0);
});

Deno.test("there are never two questions at once", async () => {
  await using stage = new PollerStage();
  await stage.up();
  stage.watch(1);
  stage.poller.tell({ type: "nudge", withinMs: 0 });
  await stage.clock.advance(60_000);
  for (let n = 0; n < 10; n++) stage.poller.tell({ type: "nudge", withinMs: 0 });
  await stage.clock.advance(60_000);
  assert.equal(stage.polls.made.length, 1);
  stage.polls.last.ok([]);
  await stage.clock.advance(120_000 * 4);
  assert.equal(stage.polls.made.length, 2);
});

Deno.test("nudges that come together are one question", async () => {
  await using stage = new PollerStage();
  stage.see(active);
  await stage.up();
  stage.watch(1);
  await stage.clock.advance(3_000);
  const before = stage.polls.made.length;
  for (let n = 0; n < 100; n++) stage.poller.tell({ type: "nudge", withinMs: 0 });
  await stage.clock.advance(60);
  assert.equal(stage.polls.made.length, before + 1);
});

Deno.test("many jobs that wait for a verdict do not ask more than one does", async () => {
  const counts: number[] = [];
  for (const jobs of [1, 200]) {
    await using stage = new PollerStage();
    stage.polls.answer = (watched) => {
      // As the job actor does: each sighting of a job whose payload has ended asks for another.
      for (const _ of watched) stage.poller.tell({ type: "nudge", withinMs: 1_000 });
      return watched.map(({ attemptId }) => ({ attemptId, sighting: active }));
    };
    await stage.up();
    stage.watch(...Array.from({ length: jobs }, (_, n) => n));
    await stage.clock.advance(100_000);
    counts.push(stage.polls.made.length);
  }
  const [one = 0, many = 0] = counts;
  assert.equal(one, many);
  assert.ok(one > 50 && one <= 101, `${one}`);
});

Deno.test("a scheduler that answers slowly is not pressed, however often somebody nudges", async () => {
  for (const tookMs of [100, 1_000, 6_000]) {
    await using stage = new PollerStage();
    await stage.up();
    stage.watch(1);
    await stage.clock.advance(2_000);
    const begun = stage.clock.now();
    while (stage.clock.now() < begun + 400_000) {
      const asked = stage.polls.made.length;
      await stage.clock.advance(tookMs);
      stage.polls.last.ok([]);
      while (stage.polls.made.length === asked) {
        stage.poller.tell({ type: "nudge", withinMs: 0 });
        await stage.clock.advance(50);
      }
    }
    const part = (stage.polls.made.length - 1) * tookMs / (stage.clock.now() - begun);
    assert.ok(part > 0.1 && part <= 0.2, `${tookMs} ms: busy for ${part} of the time`);
  }
});

Deno.test("what moves makes the wait short again", async () => {
  await using stage = new PollerStage();
  stage.see(active);
  await stage.up();
  stage.watch(1);
  await stage.clock.advance(120_000);
  const before = stage.polls.made.length;
  stage.see({ kind: "active", state: "COMPLETING", nodes: [] });
  await stage.clock.advance(30_000);
  const found = stage.polls.made.length;
  assert.ok(found > before);
  await stage.clock.advance(4_000);
  assert.ok(stage.polls.made.length > found);
});

Deno.test("a scheduler that does not answer for a while is told of, from the first question on", async () => {
  await using stage = new PollerStage();
  stage.polls.answer = () => {
    throw new Error("slurm_load_jobs error");
  };
  await stage.up();
  // An idle hour is no silence.
  await stage.clock.advance(3_600_000);
  stage.watch(1);
  const begin = stage.clock.now();
  await stage.clock.advance(SILENCE_MS - 3_000);
  assert.equal(stage.silences.length, 0);
  await stage.clock.advance(30_000);
  const [silence] = stage.silences;
  assert.ok(silence !== undefined);
  assert.ok(silence.since >= begin, `${silence.since - begin}`);
  assert.match(silence.error.message, /slurm_load_jobs/);
});

Deno.test("an answer in between ends the silence", async () => {
  await using stage = new PollerStage();
  await stage.up();
  stage.watch(1);
  let count = 0;
  stage.polls.answer = () => {
    if (++count % 3 !== 0) throw new Error("away");
    return [];
  };
  await stage.clock.advance(50_000);
  assert.deepEqual(stage.silences, []);
});

Deno.test("an answer of a connection that is gone is passed over", async () => {
  await using stage = new PollerStage();
  stage.watch(1);
  await stage.up();
  await stage.clock.advance(2_000);
  const [late] = stage.polls.made;
  stage.poller.tell({ type: "down" });
  const next = new FakeConnection();
  stage.poller.tell({ type: "up", connection: next });
  await stage.clock.advance(0);
  late?.ok([{ attemptId: first(1), sighting: active }]);
  await stage.clock.advance(100);
  assert.equal(next.scheduler.observes.made.length, 1);
  assert.deepEqual(stage.jobs.heard, []);
});

Deno.test("a job that is no longer watched is no longer asked for", async () => {
  await using stage = new PollerStage();
  stage.see(active);
  stage.watch(1, 2);
  await stage.up();
  stage.unwatch(1);
  await stage.clock.advance(5_000);
  const ids: readonly AttemptId[] = stage.polls.last.argument.map(({ attemptId }) => attemptId);
  assert.deepEqual(ids, [first(2)]);
});

Deno.test("who is let go hears nothing more, not even what a question under way brings", async () => {
  await using stage = new PollerStage();
  stage.watch(1);
  await stage.up();
  await stage.clock.advance(2_000);
  let released = 0;
  stage.poller.tell({ type: "release", attemptId: first(1), released: () => released++ });
  await stage.clock.settle();
  assert.equal(released, 1);
  stage.polls.last.ok([{ attemptId: first(1), sighting: active }]);
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.jobs.heard, []);
  assert.equal(stage.polls.made.length, 1);
});

Deno.test("what is seen of an attempt is not taken for the next one of the same job", async () => {
  await using stage = new PollerStage();
  stage.watch(1);
  await stage.up();
  await stage.clock.advance(2_000);
  stage.poller.tell({ type: "unwatch", attemptId: first(1) });
  const second = attemptId(jobNumber(1), 2);
  const watched: Watched = { attemptId: second, schedulerId: schedulerId("7") };
  stage.poller.tell({ type: "watch", watched, job: stage.jobs.ref });
  await stage.clock.settle();
  stage.polls.last.ok([{ attemptId: first(1), sighting: active }]);
  stage.polls.answer = (watched) =>
    watched.map(({ attemptId }) => ({ attemptId, sighting: active }));
  await stage.clock.advance(60_000);
  const seen = stage.jobs.heard.flatMap((message) =>
    message.type === "sighted" ? message.observations.map(({ attemptId }) => attemptId) : []
  );
  assert.deepEqual(new Set(seen), new Set([second]));
});

/** What was asked to be given up by each call, by the numbers of the jobs. */
function asked({ giveUps }: PollerStage): string[][] {
  return giveUps.made.map(({ argument }) =>
    argument.map(({ schedulerId, tasks }) => [schedulerId, ...tasks ?? []].join(" "))
  );
}

Deno.test("what is given up together is asked for once, and each job hears its part", async () => {
  await using stage = new PollerStage();
  stage.giveUps.answer = (watched) =>
    watched.flatMap(({ attemptId, tasks }): readonly GivenUp[] =>
      tasks?.map((task) => ({ attemptId, task, begun: false })) ?? [{ attemptId, begun: true }]
    );
  await stage.up();
  stage.giveUp(1);
  stage.giveUp(2, 0, 1);
  stage.giveUp(2, 1, 3);
  await stage.clock.advance(100);
  assert.deepEqual(asked(stage), [["1", "2 0 1 3"]]);
  assert.deepEqual(stage.jobs.heard, [
    { type: "given_up", given: [{ attemptId: first(1), begun: true }] },
    {
      type: "given_up",
      given: [0, 1, 3].map((task) => ({ attemptId: first(2), task, begun: false })),
    },
  ]);
  await stage.clock.advance(60_000);
  assert.equal(stage.giveUps.made.length, 1);
});

Deno.test("nothing is given up more often than once a second, nor twice at once", async () => {
  await using stage = new PollerStage();
  await stage.up();
  for (let n = 0; n < 20; n++) {
    stage.giveUp(n);
    await stage.clock.advance(100);
  }
  assert.equal(stage.giveUps.made.length, 1);
  const answer = (watched: readonly Watched[]) =>
    watched.map(({ attemptId }) => ({ attemptId, begun: false }));
  stage.giveUps.last.ok(answer(stage.giveUps.last.argument));
  stage.giveUps.answer = answer;
  for (let n = 20; n < 120; n++) {
    stage.giveUp(n);
    await stage.clock.advance(100);
  }
  await stage.clock.advance(1_000);
  assert.equal(stage.giveUps.made.length, 12);
  assert.equal(stage.jobs.heard.length, 120);
});

Deno.test("what could not be given up is kept over failures and lost links", async () => {
  await using stage = new PollerStage();
  stage.giveUp(1);
  await stage.clock.advance(10_000);
  await stage.up();
  await stage.clock.advance(100);
  assert.deepEqual(asked(stage), [["1"]]);
  stage.giveUps.last.fail(new Error("the disk is away"));
  await stage.clock.settle();
  stage.giveUp(2);
  await stage.clock.advance(2_000);
  assert.deepEqual(asked(stage), [["1"], ["1", "2"]]);
  const late = stage.giveUps.last;
  stage.poller.tell({ type: "down" });
  await stage.up();
  await stage.clock.advance(2_000);
  assert.deepEqual(asked(stage).at(-1), ["1", "2"]);
  assert.equal(stage.giveUps.made.length, 3);
  stage.giveUps.last.ok([1, 2].map((n) => ({ attemptId: first(n), begun: false })));
  late.ok([]);
  await stage.clock.advance(60_000);
  assert.equal(stage.giveUps.made.length, 3);
  assert.equal(stage.jobs.heard.length, 2);
});

Deno.test("what is asked for while its attempt is being given up is asked for next", async () => {
  await using stage = new PollerStage();
  await stage.up();
  stage.giveUp(1, 0);
  await stage.clock.advance(100);
  stage.giveUp(1, 0, 4);
  stage.giveUps.last.ok([{ attemptId: first(1), task: 0, begun: false }]);
  await stage.clock.advance(1_000);
  assert.deepEqual(asked(stage), [["1 0"], ["1 4"]]);
});

Deno.test("nobody gives up who is let go or no longer watched, and nobody hears of it", async () => {
  await using stage = new PollerStage();
  await stage.up();
  stage.giveUp(1);
  stage.giveUp(2);
  await stage.clock.advance(100);
  stage.giveUp(3);
  stage.unwatch(1);
  stage.unwatch(3);
  stage.poller.tell({ type: "release", attemptId: first(2), released: () => {} });
  await stage.clock.settle();
  stage.giveUps.last.ok([1, 2].map((n) => ({ attemptId: first(n), begun: false })));
  await stage.clock.advance(60_000);
  assert.equal(stage.giveUps.made.length, 1);
  assert.deepEqual(stage.jobs.heard, []);
});

Deno.test("what the answer leaves out waits no longer", async () => {
  await using stage = new PollerStage();
  stage.giveUps.answer = () => [];
  await stage.up();
  stage.giveUp(1);
  await stage.clock.advance(60_000);
  assert.equal(stage.giveUps.made.length, 1);
  assert.deepEqual(stage.jobs.heard, []);
});
