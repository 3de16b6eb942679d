import assert from "node:assert/strict";
import { JournalClosedError, SubscriberBehindError } from "./errors.ts";
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

Deno.test("a feed gives the past, then what is appended while it waits", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  await journal.append([job.accepted()]);
  const three = take(journal.jobFeed({}), 3);
  await journal.append([job.step(), job.step()]);
  assert.deepEqual(ids(await three), [1, 2, 3]);
});

Deno.test("what a feed gives live is what it gives again, to the last key", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  await journal.append([job.accepted()]);
  const live = take(journal.jobFeed({}), 2);
  const fact = { type: "queued" as const, state: "PENDING", nodes: [], restarts: 0 };
  await journal.append([job.next({ ...fact, task: undefined, reason: undefined }, "queued")]);
  const [, queued] = await live;
  assert.deepEqual(queued?.fact, fact);
  assert.deepEqual(await live, journal.history(job.id));
});

Deno.test("a feed resumes after any id, and waits where nothing follows", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  await journal.append([job.accepted(), job.step(), job.step()]);
  for (const after of [0, 1, 2]) {
    const [first] = await take(journal.jobFeed({}, { after }), 1);
    assert.equal(first?.id, after + 1);
  }
  const waiting = take(journal.jobFeed({}, { after: 5 }), 1);
  await journal.append([job.step(), job.step(), job.step()]);
  assert.deepEqual(ids(await waiting), [6]);
});

Deno.test("feeds carry only what their filter asks for", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const [one, two] = [new SampleJob(1), new SampleJob(2, { cluster: cluster("beta") })];
  await journal.append([one.accepted(), linkEntry(one.cluster, true), two.accepted()]);
  const waiting = [
    take(journal.jobFeed({ jobId: two.id }), 2),
    take(journal.jobFeed({ cluster: one.cluster }), 2),
    take(journal.clusterFeed({}), 2),
    take(journal.clusterFeed({ cluster: two.cluster }), 1),
  ];
  await journal.append([one.step()]);
  await journal.append([linkEntry(two.cluster, false)]);
  await journal.append([two.step()]);
  assert.deepEqual((await Promise.all(waiting)).map(ids), [[3, 6], [1, 4], [2, 5], [5]]);
});

Deno.test("the feed of one job ends with the job, also when resumed at or past its end", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const [job, other] = [new SampleJob(1), new SampleJob(2)];
  const live = Array.fromAsync(journal.jobFeed({ jobId: job.id }));
  await journal.append([job.accepted(), other.accepted()]);
  await journal.append([
    job.next({ type: "ended", task: 0, phase: "failed", nodes: [] }, "running"),
    job.ended(),
  ]);
  await journal.append([other.step()]);
  assert.deepEqual(ids(await live), [1, 3, 4]);
  for (const [after, expected] of [[3, [4]], [4, []], [9, []]] as const) {
    assert.deepEqual(
      ids(await Array.fromAsync(journal.jobFeed({ jobId: job.id }, { after }))),
      expected,
    );
  }
});

Deno.test("the feed of a job on a cluster that it does not run on ends at once", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const job = new SampleJob(1);
  await journal.append([job.accepted()]);
  const feed = journal.jobFeed({ jobId: job.id, cluster: cluster("beta") });
  assert.deepEqual(await Array.fromAsync(feed), []);
});

Deno.test("an abort ends a waiting feed without an error and leaves no listener", async () => {
  using journal = Journal.open({ path: ":memory:" });
  let listeners = 0;
  const abort = new AbortController();
  const signal = abort.signal;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const feeds = [
    Array.fromAsync(journal.jobFeed({}, { signal })),
    Array.fromAsync(journal.jobFeed({ jobId: jobNumber(1) }, { signal })),
    Array.fromAsync(journal.clusterFeed({}, { signal })),
  ];
  await Promise.resolve();
  assert.equal(listeners, 3);
  abort.abort();
  assert.deepEqual(await Promise.all(feeds), [[], [], []]);
  assert.equal(listeners, 0);
  assert.deepEqual(await Array.fromAsync(journal.jobFeed({}, { signal })), []);
});

Deno.test("an abort stops a feed in the middle of a page", async () => {
  using journal = Journal.open({ path: ":memory:" });
  await journal.append([1, 2, 3].map((n) => new SampleJob(n).accepted()));
  const abort = new AbortController();
  const seen: number[] = [];
  for await (const { id } of journal.jobFeed({}, { signal: abort.signal })) {
    seen.push(id);
    if (id === 2) abort.abort();
  }
  assert.deepEqual(seen, [1, 2]);
});

Deno.test("a reader that leaves while it waits for the next event is let go", async () => {
  using journal = Journal.open({ path: ":memory:" });
  const reader = journal.jobFeed({})[Symbol.asyncIterator]();
  const next = reader.next();
  await Promise.resolve();
  assert.deepEqual(await reader.return?.(), { done: true, value: undefined });
  assert.deepEqual(await next, { done: true, value: undefined });
});

Deno.test("closing the journal ends feeds with a typed error", async () => {
  const journal = Journal.open({ path: ":memory:" });
  await journal.append([new SampleJob(1).accepted(), new SampleJob(2).accepted()]);
  const waiting = Array.fromAsync(journal.clusterFeed({}));
  const reading = journal.jobFeed({}, { pageSize: 1 })[Symbol.asyncIterator]();
  await reading.next();
  journal.close();
  await assert.rejects(waiting, JournalClosedError);
  await assert.rejects(reading.next(), JournalClosedError);
});

Deno.test("large events travel in pages that fit into memory, none left out", async () => {
  using directory = new TemporaryDirectory();
  const script = `#!/bin/sh\n${"#".repeat(700_000)}`;
  {
    using journal = Journal.open({ path: directory.file("journal.db") });
    await journal.append(
      Array.from({ length: 6 }, (_, n) => new SampleJob(n, { spec: { script } }).accepted()),
    );
  }
  using journal = Journal.open({ path: directory.file("journal.db") });
  assert.deepEqual(ids(await take(journal.jobFeed({}), 6)), [1, 2, 3, 4, 5, 6]);
});

Deno.test("a reader that must keep up is told when it did not, and resumes where it was", async () => {
  using journal = Journal.open({ path: ":memory:", memory: { maxEvents: 4 } });
  const job = new SampleJob(1);
  await journal.append([job.accepted()]);
  const feed = journal.jobFeed({}, { keepUp: true, pageSize: 1 })[Symbol.asyncIterator]();
  await feed.next();
  const waiting = feed.next();
  await journal.append([job.step()]);
  assert.equal((await waiting).value?.id, 2);
  for (let count = 0; count < 5; count++) await journal.append([job.step()]);
  await assert.rejects(
    feed.next(),
    (error) =>
      error instanceof SubscriberBehindError && error.code === "SUBSCRIBER_BEHIND" &&
      error.retryable,
  );
  assert.deepEqual(ids(await take(journal.jobFeed({}, { after: 2, keepUp: true }), 5)), [
    3,
    4,
    5,
    6,
    7,
  ]);
});

Deno.test("one that need not keep up, or misses nothing of its own, reads on", async () => {
  using journal = Journal.open({ path: ":memory:", memory: { maxEvents: 4 } });
  const [job, other] = [new SampleJob(1), new SampleJob(2)];
  await journal.append([job.accepted(), other.accepted()]);
  const patient = journal.jobFeed({}, { after: 2 })[Symbol.asyncIterator]();
  const ofOther = journal.jobFeed({ jobId: other.id }, { after: 2, keepUp: true })
    [Symbol.asyncIterator]();
  const waiting = [patient.next(), ofOther.next()];
  await journal.append([other.step()]);
  assert.deepEqual((await Promise.all(waiting)).map(({ value }) => value?.id), [3, 3]);
  for (let count = 0; count < 9; count++) await journal.append([job.step()]);
  assert.equal((await patient.next()).value?.id, 4);
  const next = ofOther.next();
  await journal.append([other.step()]);
  assert.equal((await next).value?.id, 13);
});

Deno.test("nobody is behind who reads the past, or is given more at once than memory holds", async () => {
  using journal = Journal.open({ path: ":memory:", memory: { maxEvents: 4 } });
  const job = new SampleJob(1);
  await journal.append([job.accepted(), ...Array.from({ length: 20 }, () => job.step())]);
  const feed = journal.jobFeed({}, { keepUp: true, pageSize: 3 })[Symbol.asyncIterator]();
  const read = async (count: number) => {
    const found: (number | undefined)[] = [];
    for (let n = 0; n < count; n++) found.push((await feed.next()).value?.id);
    return found;
  };
  assert.deepEqual(await read(21), Array.from({ length: 21 }, (_, index) => index + 1));
  const burst = read(10);
  await journal.append(Array.from({ length: 10 }, () => job.step()));
  assert.deepEqual(await burst, Array.from({ length: 10 }, (_, index) => index + 22));
});
