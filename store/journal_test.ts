import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  JournalClosedError,
  JournalConflictError,
  JournalCorruptError,
  JournalFullError,
} from "./errors.ts";
import { Journal } from "./journal.ts";
import {
  cluster,
  ids,
  jobNumber,
  linkEntry,
  SampleJob,
  take,
  TemporaryDirectory,
} from "./testing/sample_journal.ts";

Deno.test("an appended fact can be read as event, history and view", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  const [accepted] = await journal.append([job.accepted()]);
  const [up] = await journal.append([linkEntry(job.cluster, true)]);
  await journal.append([job.submitted(), job.ended()]);
  const history = journal.history(job.id);
  assert.deepEqual(history.map(({ id, index }) => [id, index]), [[1, 1], [3, 2], [4, 3]]);
  assert.deepEqual(history[0], accepted);
  assert.deepEqual([up?.id, up?.index], [2, 1]);
  assert.deepEqual(journal.job(job.id)?.view, job.view);
  assert.equal(journal.job(job.id)?.spec.payload.kind, "script");
  assert.equal(journal.lastEventId(), 4);
});

Deno.test("a job nobody knows has no view and no history", () => {
  using journal = Journal.open({ path: ":memory:" });
  assert.equal(journal.job(jobNumber(2)), undefined);
  assert.deepEqual(journal.history(jobNumber(2)), []);
  assert.deepEqual(journal.liveJobIds(cluster("alpha")), []);
  assert.deepEqual(journal.jobs({ limit: 5, cluster: cluster("alpha") }), { jobs: [] });
});

Deno.test("all that was appended is there after reopening, and numbers go on", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("new/deep/journal.db");
  const [one, two] = [new SampleJob(1), new SampleJob(2)];
  {
    using journal = Journal.open({ path });
    await journal.append([one.accepted(), linkEntry(one.cluster, true), two.accepted()]);
    await journal.append([one.ended()]);
  }
  using journal = Journal.open({ path });
  assert.equal(journal.lastEventId(), 4);
  assert.deepEqual(journal.job(one.id)?.view, one.view);
  assert.deepEqual(journal.job(two.id)?.view, two.view);
  assert.deepEqual(journal.liveJobIds(one.cluster), [two.id]);
  assert.deepEqual(
    journal.counts().get(one.cluster),
    new Map([["accepted", 1], ["succeeded", 1]]),
  );
  const [next, link] = await journal.append([two.step(), linkEntry(one.cluster, false)]);
  assert.deepEqual([next?.id, next?.index, link?.id, link?.index], [5, 2, 6, 2]);
});

Deno.test("only the owner may read the files of the journal", {
  ignore: Deno.build.os === "windows",
}, async () => {
  using directory = new TemporaryDirectory();
  using journal = Journal.open({ path: directory.file("journal.db") });
  await journal.append([new SampleJob(1).accepted()]);
  for (const { name } of Deno.readDirSync(directory.path)) {
    assert.equal((Deno.statSync(directory.file(name)).mode ?? 0) & 0o077, 0, name);
  }
});

Deno.test("a job whose tasks have all ended is live until it has a final event", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  await journal.append([
    job.accepted(),
    job.next({ type: "ended", task: 0, phase: "succeeded", nodes: [] }, "succeeded"),
  ]);
  assert.deepEqual(journal.liveJobIds(job.cluster), [job.id]);
  await journal.append([job.ended()]);
  assert.deepEqual(journal.liveJobIds(job.cluster), []);
});

Deno.test("counts follow the jobs from phase to phase", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const [one, two] = [new SampleJob(1), new SampleJob(2, { cluster: cluster("beta") })];
  await journal.append([one.accepted(), two.accepted(), one.step()]);
  assert.deepEqual(
    journal.counts(),
    new Map([
      [one.cluster, new Map([["queued", 1]])],
      [two.cluster, new Map([["accepted", 1]])],
    ]),
  );
});

Deno.test("an entry that does not follow is refused with its whole call, and no other call", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const [one, two, three] = [new SampleJob(1), new SampleJob(2), new SampleJob(3)];
  const first = one.accepted();
  await journal.append([first]);
  const step = one.step();
  const [again, skipped, fine] = await Promise.allSettled([
    journal.append([two.accepted(), first]),
    journal.append([three.accepted(), one.step()]),
    journal.append([linkEntry(one.cluster, true), step]),
  ]);
  assert.ok(again.status === "rejected" && again.reason instanceof JournalConflictError);
  assert.ok(skipped.status === "rejected" && skipped.reason instanceof JournalConflictError);
  assert.ok(fine.status === "fulfilled");
  assert.deepEqual(fine.value.map(({ id }) => id), [2, 3]);
  assert.equal(journal.job(two.id), undefined);
  assert.equal(journal.job(three.id), undefined);
  assert.deepEqual(ids(await take(journal.jobFeed({}), 2)), [1, 3]);
});

Deno.test("nothing follows a job's final event, and no job changes its cluster", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const [ended, moved] = [new SampleJob(1), new SampleJob(2)];
  await journal.append([ended.accepted(), ended.ended(), moved.accepted()]);
  await assert.rejects(journal.append([ended.step()]), JournalConflictError);
  const beta = cluster("beta");
  const step = moved.step();
  await assert.rejects(
    journal.append([{ ...step, cluster: beta, view: { ...step.view, cluster: beta } }]),
    JournalConflictError,
  );
});

Deno.test("what could not be read back is not written", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const entry = new SampleJob(1).accepted();
  const wrong = [
    { ...entry, at: NaN },
    { ...entry, view: { ...entry.view, updatedAt: NaN } },
    { ...entry, view: { ...entry.view, events: 2 } },
    { ...entry, view: { ...entry.view, id: jobNumber(9) } },
    { ...entry, fact: { type: "known" } as const },
  ];
  for (const one of wrong) await assert.rejects(journal.append([one]), JournalConflictError);
  assert.equal(journal.lastEventId(), 0);
});

const tasks = [0, 1].map((task) => ({ task, phase: "queued" as const, nodes: [], restarts: 0 }));
const exited = (task: number) => ({ type: "exited", task, exitCode: 0, exitedAt: 1 } as const);

Deno.test("of an array only the tasks that come with an entry change, and listings have none", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const job = new SampleJob(1);
  const accepted = job.accepted();
  const view = { ...accepted.view, taskPhases: { queued: 2 } };
  const changed = { task: 1, phase: "running" as const, nodes: ["n1"], restarts: 0 };
  {
    using journal = Journal.open({ path });
    await journal.append([{ ...accepted, view, tasks }]);
    const next = job.next(exited(1), "running");
    const taskPhases = { queued: 1, running: 1 };
    await journal.append([{ ...next, view: { ...next.view, taskPhases }, tasks: [changed] }]);
  }
  using journal = Journal.open({ path });
  assert.deepEqual(journal.job(job.id)?.view.tasks, [tasks[0], changed]);
  assert.deepEqual(journal.task(job.id, 1), changed);
  assert.equal(journal.task(job.id, 2), undefined);
  const [listed] = journal.jobs({ limit: 1 }).jobs;
  assert.deepEqual(listed, journal.summary(job.id));
  assert.deepEqual(listed?.taskPhases, { queued: 1, running: 1 });
  assert.ok(listed !== undefined && !("tasks" in listed));
});

Deno.test("of several entries of a job in one call the last says how it stands", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  const { view: _first, ...accepted } = job.accepted();
  const { view: _second, ...queued } = job.step();
  const running = job.step();
  await assert.rejects(journal.append([accepted, queued]), JournalConflictError);
  assert.equal(journal.job(job.id), undefined);
  await journal.append([accepted, queued, running]);
  assert.deepEqual(journal.job(job.id)?.view, running.view);
  assert.deepEqual(journal.counts().get(job.cluster), new Map([["running", 1]]));
  const { view: _third, ...again } = job.step();
  await assert.rejects(journal.append([again]), JournalConflictError);
  const wrong = [{ task: 0, phase: "queued" as const, nodes: [], restarts: -1 }];
  await assert.rejects(
    journal.append([{ ...job.step(), index: 4, tasks: wrong }]),
    JournalConflictError,
  );
});

Deno.test("an entry counts as it was when it was appended", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1, { spec: { labels: { a: "1" } } });
  const entry = job.accepted();
  const appended = journal.append([entry]);
  entry.view.labels.a = "2";
  entry.view.phase = "running";
  await appended;
  assert.deepEqual(journal.job(job.id)?.view.labels, { a: "1" });
  assert.equal(journal.job(job.id)?.view.phase, "accepted");
});

Deno.test("appends of one turn share a transaction: a full disk refuses them all and leaves the rest as it was", async () => {
  using directory = new TemporaryDirectory();
  using journal = Journal.open({ path: directory.file("journal.db"), maxBytes: 512 * 1024 });
  const [before, small, large] = [
    new SampleJob(1),
    new SampleJob(2),
    new SampleJob(3, { spec: { script: `#!/bin/sh\n${"#".repeat(600_000)}` } }),
  ];
  await journal.append([before.accepted()]);
  const live = take(journal.jobFeed({}, { after: 1 }), 2);
  const accepted = small.accepted();
  const link = linkEntry(cluster("beta"), true);
  const outcomes = await Promise.allSettled([
    journal.append([accepted]),
    Promise.resolve().then(() => journal.append([link])),
    journal.append([large.accepted()]),
  ]);
  for (const outcome of outcomes) {
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof JournalFullError);
    assert.equal(outcome.reason.retryable, true);
  }
  assert.equal(journal.lastEventId(), 1);
  assert.equal(journal.job(small.id), undefined);
  assert.equal(journal.counts().get(cluster("beta")), undefined);
  assert.ok(journal.trouble instanceof JournalFullError);
  await journal.append([link, accepted, before.step()]);
  assert.equal(journal.trouble, undefined);
  assert.deepEqual(ids(await live), [3, 4]);
});

Deno.test("a write that fails halfway is taken back as a whole, and the journal stays usable", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  Journal.open({ path }).close();
  {
    const database = new DatabaseSync(path);
    database.exec(`CREATE TRIGGER broken BEFORE INSERT ON cluster_events
      BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END`);
    database.close();
  }
  using journal = Journal.open({ path });
  const job = new SampleJob(1);
  const entry = job.accepted();
  await assert.rejects(
    journal.append([entry, linkEntry(job.cluster, true)]),
    { code: "JOURNAL_FAILED" },
  );
  assert.equal(journal.job(job.id), undefined);
  assert.equal(journal.lastEventId(), 0);
  const [accepted] = await journal.append([entry]);
  assert.equal(accepted?.id, 1);
});

Deno.test("closing commits what waits, and refuses what comes later", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const journal = Journal.open({ path });
  const job = new SampleJob(1);
  const appended = journal.append([job.accepted()]);
  journal.close();
  journal.close();
  assert.equal((await appended).length, 1);
  await assert.rejects(journal.append([job.step()]), JournalClosedError);
  assert.throws(() => journal.job(job.id), JournalClosedError);
  assert.throws(() => journal.jobs({ limit: 1 }), JournalClosedError);
  using again = Journal.open({ path });
  assert.equal(again.lastEventId(), 1);
});

Deno.test("a damaged row is named, never passed over", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const [one, two] = [new SampleJob(1), new SampleJob(2)];
  {
    using journal = Journal.open({ path });
    await journal.append([one.accepted(), two.accepted(), linkEntry(one.cluster, true)]);
  }
  {
    const database = new DatabaseSync(path);
    database.exec('UPDATE job_events SET fact = \'{"type":"accepted"\' WHERE id = 2');
    database.exec('UPDATE cluster_events SET fact = \'{"type":"link_gone"}\'');
    database.exec("UPDATE jobs SET view = json_set(view, '$.phase', 'lost') WHERE key = 1");
    database.close();
  }
  using journal = Journal.open({ path });
  const naming = (part: string) => (error: unknown) =>
    error instanceof JournalCorruptError && error.message.includes(path) &&
    error.message.includes(part);
  await assert.rejects(take(journal.jobFeed({}), 2), naming("event 2"));
  await assert.rejects(take(journal.clusterFeed({}), 1), naming("event 3"));
  assert.throws(() => journal.history(two.id), naming("event 2"));
  assert.throws(() => journal.job(one.id), naming(one.id));
  assert.throws(() => journal.jobs({ limit: 5 }), naming(one.id));
  assert.deepEqual(journal.liveJobIds(one.cluster), [one.id, two.id]);
});

Deno.test("a job is found by the idempotency key of its submission, also after reopening", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const job = new SampleJob(1, { spec: { idempotencyKey: "run 'α' 1" } });
  {
    using journal = Journal.open({ path });
    await journal.append([job.accepted(), new SampleJob(2).accepted()]);
    assert.equal(journal.jobByIdempotencyKey("run"), undefined);
  }
  using journal = Journal.open({ path });
  assert.equal(journal.jobByIdempotencyKey("run 'α' 1")?.view.id, job.id);
});

Deno.test("an idempotency key belongs to one job, also among appends of one moment", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const keyed = (n: number) => new SampleJob(n, { spec: { idempotencyKey: "once" } }).accepted();
  await assert.rejects(journal.append([keyed(1), keyed(2)]), JournalConflictError);
  const [first, second] = await Promise.allSettled([
    journal.append([keyed(3)]),
    journal.append([keyed(4)]),
  ]);
  assert.equal(first.status, "fulfilled");
  assert.ok(second.status === "rejected" && second.reason instanceof JournalConflictError);
  await assert.rejects(journal.append([keyed(5)]), JournalConflictError);
  assert.equal(journal.jobByIdempotencyKey("once")?.view.id, jobNumber(3));
});

Deno.test("files may go of jobs that ended long enough ago, by how they ended, and go once", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const jobs = [1, 2, 3, 4].map((n) => new SampleJob(n, { acceptedAt: n * 1000 }));
  for (const job of jobs) await journal.append([job.accepted()]);
  const [good, bad, late] = jobs;
  assert.ok(good !== undefined && bad !== undefined && late !== undefined);
  await journal.append([
    good.ended(),
    bad.next({ type: "ended", phase: "failed", nodes: [] }, "failed"),
    late.ended(),
  ]);
  const removable = (succeededBefore: number, otherBefore: number, limit = 10) =>
    journal.removable(good.cluster, { succeededBefore, otherBefore, limit });
  assert.deepEqual(removable(3000, 0), [good.id]);
  assert.deepEqual(removable(0, 3000), [bad.id]);
  assert.deepEqual(removable(9000, 9000), [good.id, late.id, bad.id]);
  assert.deepEqual(removable(9000, 9000, 2), [good.id, late.id]);
  assert.deepEqual(
    journal.removable(cluster("other"), { succeededBefore: 9000, otherBefore: 9000, limit: 10 }),
    [],
  );

  await journal.markRemoved([good.id, jobNumber(4)], 5000);
  await journal.markRemoved([good.id], 6000);
  assert.deepEqual(removable(9000, 9000), [late.id, bad.id]);
  assert.equal(journal.job(good.id)?.view.filesRemovedAt, 5000);
  assert.equal(journal.job(jobNumber(4))?.view.filesRemovedAt, undefined, "it has not ended");
  assert.equal(journal.history(good.id).length, 2);
});
