import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { JournalClosedError, JournalCorruptError } from "./errors.ts";
import { JobCache } from "./job_cache.ts";
import { Journal } from "./journal.ts";
import { jobNumber, SampleJob, TemporaryDirectory } from "./testing/sample_journal.ts";
import type { SizedJob } from "./reader.ts";

/** A job as it is read right after it was accepted. */
function read(n: number, characters = 1): SizedJob {
  const { fact, view } = new SampleJob(n).accepted();
  assert.ok(fact.type === "accepted");
  return { job: { view, spec: fact.spec }, characters };
}

/** Which of the jobs with these numbers are kept. All of them have been asked for then, in this order. */
function kept(cache: JobCache, numbers: readonly number[]): number[] {
  return numbers.filter((n) => cache.get(jobNumber(n)) !== undefined);
}

Deno.test("of more jobs than fit those stay who were asked for last", () => {
  const cache = new JobCache({ maxJobs: 3 });
  for (const n of [1, 2, 3]) cache.keep(jobNumber(n), read(n));
  assert.ok(cache.get(jobNumber(1)));
  cache.keep(jobNumber(4), read(4));
  cache.keep(jobNumber(5), read(5));
  assert.deepEqual(kept(cache, [1, 2, 3, 4, 5]), [1, 4, 5]);
});

Deno.test("large jobs push out the others, and themselves where they do not fit at all", () => {
  const cache = new JobCache({ maxCharacters: 10 });
  cache.keep(jobNumber(1), read(1, 4));
  cache.keep(jobNumber(2), read(2, 4));
  cache.keep(jobNumber(3), read(3, 6));
  assert.deepEqual(kept(cache, [1, 2, 3]), [2, 3]);
  assert.equal(cache.keep(jobNumber(4), read(4, 11)).view.id, jobNumber(4));
  assert.deepEqual(kept(cache, [1, 2, 3, 4]), []);
  cache.keep(jobNumber(5), read(5, 10));
  assert.deepEqual(kept(cache, [5]), [5]);
});

Deno.test("room is given back by jobs that are forgotten or read again", () => {
  const cache = new JobCache({ maxCharacters: 10 });
  cache.keep(jobNumber(1), read(1, 5));
  for (let time = 0; time < 5; time++) cache.keep(jobNumber(2), read(2, 5));
  assert.deepEqual(kept(cache, [1, 2]), [1, 2]);
  cache.forget(jobNumber(1));
  cache.forget(jobNumber(1));
  cache.keep(jobNumber(3), read(3, 5));
  assert.deepEqual(kept(cache, [1, 2, 3]), [2, 3]);
});

Deno.test("nobody can change what others are given", () => {
  const { view, spec } = new JobCache().keep(jobNumber(1), read(1));
  assert.throws(() => view.labels.a = "b", TypeError);
  assert.throws(() => view.nodes.push("n1"), TypeError);
  assert.throws(() => spec.name = "other", TypeError);
});

Deno.test("a job that was read before is seen as it is as soon as a change is on the disk", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  assert.equal(journal.job(job.id), undefined);
  const steps = [
    () => [job.accepted()],
    () => [job.submitted(), job.step()],
    () => [job.ended()],
  ];
  for (const step of steps) {
    const appended = journal.append(step());
    const before = journal.job(job.id);
    await appended;
    const after = journal.job(job.id);
    assert.notEqual(after, before);
    assert.deepEqual(after?.view, job.view);
    assert.equal(journal.job(job.id), after, "it is not read again");
  }
  await journal.markRemoved([job.id], 5000);
  assert.equal(journal.job(job.id)?.view.filesRemovedAt, 5000);
});

Deno.test("a task of an array that was read before is seen as it is", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  const accepted = job.accepted();
  const queued = { task: 0, phase: "queued" as const, nodes: [], restarts: 0 };
  await journal.append([{
    ...accepted,
    view: { ...accepted.view, taskPhases: { queued: 1 } },
    tasks: [queued],
  }]);
  assert.deepEqual(journal.job(job.id)?.view.tasks, [queued]);
  const running = { ...queued, phase: "running" as const };
  const { view: _view, ...next } = job.step();
  await journal.append([{
    ...next,
    view: { ...accepted.view, events: 2, taskPhases: { running: 1 } },
    tasks: [running],
  }]);
  assert.deepEqual(journal.job(job.id)?.view.tasks, [running]);
});

Deno.test("what could not be written changes nothing of a job that was read", async () => {
  using directory = new TemporaryDirectory();
  using journal = Journal.open({ path: directory.file("journal.db"), maxBytes: 512 * 1024 });
  const job = new SampleJob(1);
  await journal.append([job.accepted()]);
  const before = journal.job(job.id);
  const large = new SampleJob(2, { spec: { script: `#!/bin/sh\n${"#".repeat(600_000)}` } });
  await assert.rejects(journal.append([job.step(), large.accepted()]));
  assert.deepEqual(journal.job(job.id), before);
});

Deno.test("a damaged row is named each time, and a closed journal has no jobs", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const [damaged, fine] = [new SampleJob(1), new SampleJob(2)];
  {
    using journal = Journal.open({ path });
    await journal.append([damaged.accepted(), fine.accepted()]);
  }
  {
    const database = new DatabaseSync(path);
    database.exec("UPDATE jobs SET view = json_set(view, '$.phase', 'lost') WHERE key = 1");
    database.close();
  }
  const journal = Journal.open({ path });
  for (let time = 0; time < 2; time++) {
    assert.throws(() => journal.job(damaged.id), JournalCorruptError);
  }
  assert.ok(journal.job(fine.id));
  journal.close();
  assert.throws(() => journal.job(fine.id), JournalClosedError);
});
