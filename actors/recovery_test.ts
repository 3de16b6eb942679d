import assert from "node:assert/strict";
import { join } from "node:path";
import { attemptId, attemptParts } from "../model/mod.ts";
import type { JobId } from "../model/mod.ts";
import { Journal } from "../store/mod.ts";
import { ClusterStage, done } from "./testing/cluster_stage.ts";
import { writeLiveJobs } from "./testing/live_jobs.ts";

const JOBS = 10_000;

const sorted = (ids: Iterable<JobId>) => [...ids].toSorted();

Deno.test("ten thousand live jobs are taken up anew: all are watched together, none is sent twice", async () => {
  const directory = await Deno.makeTempDir({ prefix: "sluice-test-" });
  try {
    const path = join(directory, "journal.db");
    const before = Journal.open({ path });
    const left = await writeLiveJobs(before, JOBS);
    before.close();
    assert.equal(left.sent.length + left.tried.length + left.unsent.length, JOBS);

    await using stage = new ClusterStage(Journal.open({ path }));
    while ((await stage.status()).jobs.live < JOBS) await stage.clock.advance(10);
    await stage.clock.advance(30_000);
    const { observes, submits, cancels } = stage.connection.scheduler;

    const first = observes.made.map(({ argument }) => argument.map((one) => one.attemptId))
      .find((watched) => watched.length >= left.sent.length);
    assert.ok(first !== undefined, "one question covers all jobs that the scheduler had");
    assert.ok(new Set(left.sent.map((id) => attemptId(id, 1))).isSubsetOf(new Set(first)));
    const last = observes.last.argument.map((one) => attemptParts(one.attemptId).jobId);
    assert.equal(last.length, JOBS, "and then all that there are");
    assert.equal(new Set(last).size, JOBS);

    const handedOver = submits.made.flatMap(({ argument }) => argument);
    const jobOf = (sent: { readonly attemptId: typeof handedOver[number]["attemptId"] }) =>
      attemptParts(sent.attemptId).jobId;
    assert.deepEqual(
      sorted(handedOver.filter(({ recheck }) => !recheck).map(jobOf)),
      sorted(left.unsent),
      "what was never tried is sent once",
    );
    assert.deepEqual(
      sorted(handedOver.filter(({ recheck }) => recheck).map(jobOf)),
      sorted(left.tried),
      "what may have got through is looked for first, once",
    );
    assert.equal(cancels.made.length, 0);

    stage.sighting = done;
    await stage.clock.advance(60_000);
    assert.deepEqual((await stage.status()).jobs, { live: 0, isolated: [] });
    assert.equal(stage.journal.counts().get(stage.name)?.get("succeeded"), JOBS);
    for (const id of [left.sent[0], left.tried[0], left.unsent[0]]) {
      assert.ok(id !== undefined);
      const indexes = stage.journal.history(id).map(({ index }) => index);
      assert.deepEqual(indexes, indexes.map((_, n) => n + 1));
    }
    assert.equal(stage.system.deadLetterCount, 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
