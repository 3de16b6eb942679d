import assert from "node:assert/strict";
import { attemptId, newJobId, SluiceError } from "../../model/mod.ts";
import type { JobId } from "../../model/mod.ts";
import { Journal, JournalConflictError, JournalFullError } from "../../store/mod.ts";
import type { TreeNode } from "../kernel/mod.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { ClusterStage, cut, done } from "../testing/cluster_stage.ts";
import type { LinkMessage } from "./link.ts";

const MINUTE = 60_000;
const refused = new SluiceError({ code: "AUTH_FAILED", message: "No.", next: "Mend the key." });
const defect = (): never => {
  throw new Error("a defect");
};
const failing = { ok: defect, fail: defect };

/** A journal that does not give out, or take, what concerns some jobs. */
class PoisonedJournal {
  readonly journal = Journal.open({ path: ":memory:" });
  /** Jobs whose reading fails, with what. */
  readonly unreadable = new Map<JobId, Error>();
  /** Jobs whose writing fails, with what. */
  readonly unwritable = new Map<JobId, Error>();
  /** What every writing fails with. */
  trouble: Error | undefined;

  constructor() {
    const { journal } = this;
    const job = journal.job.bind(journal);
    const append = journal.append.bind(journal);
    journal.job = (id) => {
      const error = this.unreadable.get(id);
      if (error !== undefined) throw error;
      return job(id);
    };
    journal.append = (entries) => {
      const [error = this.trouble] = entries.flatMap((entry) =>
        entry.kind === "job" ? this.unwritable.get(entry.jobId) ?? [] : []
      );
      return error === undefined ? append(entries) : Promise.reject(error);
    };
  }
}

const poison = new JournalConflictError("a defect");

function nodeOf(stage: ClusterStage, ...path: readonly string[]): TreeNode | undefined {
  return path.reduce<TreeNode | undefined>(
    (node, name) => node?.children.find((child) => child.name === name),
    stage.system.tree(),
  );
}

async function failures(stage: ClusterStage): Promise<string[]> {
  return (await stage.notes()).flatMap((fact) => fact.type === "actor_failed" ? fact.actor : []);
}

function cancel(stage: ClusterStage, jobId: JobId) {
  return stage.cluster.ask(
    (reply) => ({ type: "cancel" as const, jobId, how: {}, reply }),
    { timeoutMs: MINUTE },
  );
}

/** Has one of those below the cluster fail once. */
const ways: Readonly<Record<string, (stage: ClusterStage) => void>> = {
  link: (stage) => {
    stage.connects.defect = new Error("a defect");
    stage.connection.host.cut(cut);
  },
  poller: (stage) => {
    stage.connection.scheduler.observes.defect = new Error("a defect");
  },
  outputs: (stage) => {
    stage.connection.host.runs.answer = () => ({
      exitCode: 0,
      stdout: new Uint8Array(),
      stderr: new Uint8Array(),
    });
    stage.cluster.tell({
      type: "read",
      patient: true,
      question: {
        jobId: newJobId(),
        stream: "stdout",
        task: undefined,
        offset: 0,
        maxBytes: 1,
        wait: false,
        ahead: false,
        reply: failing,
        signal: new AbortController().signal,
      },
    });
  },
  follower: (stage) => {
    const { host } = stage.connection;
    Object.defineProperty(host, "label", { get: defect });
    host.streams.at(-1)?.end();
  },
  jobs: (stage) => {
    stage.cluster.tell({ type: "cancel", jobId: newJobId(), how: {}, reply: failing });
  },
};

for (const [actor, fail] of Object.entries(ways)) {
  Deno.test(`the ${actor} that fails is noted, seen, and started anew, and no job notices`, async () => {
    await using stage = new ClusterStage();
    const early = await stage.submit(3);
    await stage.clock.advance(5_000);
    fail(stage);
    while (nodeOf(stage, "cluster", actor)?.state === "running") await stage.clock.advance(50);
    assert.equal(nodeOf(stage, "cluster", actor)?.state, "backing-off");
    const late = await stage.submit(3);
    await stage.clock.advance(MINUTE);
    assert.deepEqual(await failures(stage), [`/root/cluster/${actor}`]);
    assert.equal(nodeOf(stage, "cluster", actor)?.restarts, 1);
    stage.sighting = done;
    await stage.clock.advance(2 * MINUTE);
    for (const { id } of [...early, ...late]) {
      assert.equal(stage.job(id).phase, "succeeded", stage.facts(id).join());
    }
    assert.equal(stage.sent.length, 6);
    assert.equal(nodeOf(stage, "cluster")?.restarts, 0);
  });
}

Deno.test("when the follower fails, its stream is opened again, and a poll looks for what was missed", async () => {
  await using stage = new ClusterStage();
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.clock.advance(20 * MINUTE);
  const { host, scheduler } = stage.connection;
  assert.equal(host.streams.length, 1);
  const polls = scheduler.observes.made.length;
  ways["follower"]?.(stage);
  await stage.clock.advance(300);
  assert.equal(host.streams.length, 2);
  assert.equal(scheduler.observes.made.length, polls + 1);
  host.streams.at(-1)?.write(new TextEncoder().encode(`${job.id} - 0 end 3 -\n`));
  await stage.clock.settle();
  assert.equal(stage.facts(job.id).at(-1), "exited");
});

Deno.test("a service that fails again and again fails its cluster, which takes up every job anew", async () => {
  await using stage = new ClusterStage();
  const jobs = await stage.submit(5);
  await stage.clock.advance(5_000);
  const [first] = stage.connections;
  assert.ok(first !== undefined);
  first.scheduler.observes.call = defect;
  await stage.clock.advance(2 * MINUTE);
  const noted = await failures(stage);
  assert.equal(nodeOf(stage, "cluster")?.restarts, 1);
  assert.equal(noted.filter((actor) => actor === "/root/cluster").length, 1);
  assert.ok(noted.filter((actor) => actor === "/root/cluster/poller").length <= 6, noted.join());
  stage.sighting = done;
  await stage.clock.advance(2 * MINUTE);
  for (const { id } of jobs) assert.equal(stage.job(id).phase, "succeeded");
  assert.equal(stage.sent.length, 5);
  assert.equal(await first.host.closed, undefined, "the connection of before is closed");
});

Deno.test("a cluster is started anew however often it fails", async () => {
  await using stage = new ClusterStage();
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.clock.advance(5_000);
  for (let n = 0; n < 200; n++) {
    stage.connection.scheduler.metrics = defect;
    stage.cluster.tell({
      type: "metrics",
      job: {
        parts: [{
          attemptId: attemptId(job.id, 1),
          schedulerId: stage.job(job.id).schedulerId ?? fail(),
          running: true,
          final: false,
          succeeded: false,
          nodes: 1,
        }],
      },
      reply: failing,
    });
    await stage.clock.advance(2 * MINUTE);
  }
  assert.equal(nodeOf(stage, "cluster")?.restarts, 200);
  stage.sighting = done;
  await stage.clock.advance(2 * MINUTE);
  assert.equal(stage.job(job.id).phase, "succeeded");
  assert.equal(stage.sent.length, 1);
});

function fail(): never {
  assert.fail();
}

for (const how of ["read", "written"] as const) {
  Deno.test(`jobs that cannot be ${how} are left alone, and all others and the cluster go on`, async () => {
    const poisoned = new PoisonedJournal();
    await using stage = new ClusterStage(poisoned.journal);
    const jobs = await stage.submit(40);
    await stage.clock.advance(5_000);
    const bad = jobs.slice(0, 20).map(({ id }) => id);
    const good = jobs.slice(20).map(({ id }) => id);
    for (const id of bad) {
      poisoned[how === "read" ? "unreadable" : "unwritable"].set(id, poison);
    }
    // What cannot be read is found out at the next start.
    if (how === "read") ways["jobs"]?.(stage);
    stage.sighting = done;
    await stage.clock.advance(10 * MINUTE);
    for (const id of good) assert.equal(stage.job(id).phase, "succeeded");
    assert.equal(nodeOf(stage, "cluster")?.restarts, 0);

    const { jobs: view } = await stage.status();
    assert.deepEqual(new Set(view.isolated), new Set(bad));
    assert.equal(view.live, 20);
    assert.equal(nodeOf(stage, "cluster", "jobs")?.children.length, 0);
    const facts = await stage.notes();
    const isolated = facts.filter((fact) => fact.type === "job_isolated");
    assert.deepEqual(new Set(isolated.map(({ jobId }) => jobId)), new Set(bad));
    for (const id of bad) {
      const noted = facts.filter((fact) =>
        fact.type === "actor_failed" && fact.actor === `/root/cluster/jobs/job:${id}`
      );
      assert.ok(noted.length > 0 && noted.length <= 5, `${noted.length}`);
    }

    const { observes } = stage.connection.scheduler;
    const polls = observes.made.length;
    await stage.clock.advance(10 * MINUTE);
    assert.equal(observes.made.length, polls, "nobody asks for what is left alone");

    const [one] = bad;
    assert.ok(one !== undefined);
    const refusedCancel = assert.rejects(cancel(stage, one), {
      code: "JOB_ISOLATED",
      next: /clusters\.resume/,
    });
    await stage.clock.settle();
    await refusedCancel;

    poisoned.unreadable.clear();
    poisoned.unwritable.clear();
    stage.cluster.tell({ type: "resume" });
    await stage.clock.advance(2 * MINUTE);
    for (const id of bad) assert.equal(stage.job(id).phase, "succeeded", stage.facts(id).join());
    assert.deepEqual((await stage.status()).jobs, { live: 0, isolated: [] });
    assert.equal(stage.sent.length, 40);
  });
}

Deno.test("a cancellation that waits when its job is left alone is refused, not taken for done", async () => {
  const poisoned = new PoisonedJournal();
  await using stage = new ClusterStage(poisoned.journal);
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.clock.advance(5_000);
  poisoned.unreadable.set(job.id, poison);
  poisoned.unwritable.set(job.id, poison);
  stage.sighting = done;
  // It fails on what it sees, and then at each start.
  await stage.clock.advance(3_000);
  const refusedCancel = assert.rejects(cancel(stage, job.id), { code: "JOB_ISOLATED" });
  await stage.clock.advance(MINUTE);
  await refusedCancel;
});

Deno.test("a job that is left alone before it was sent is not sent, until it is taken up again", async () => {
  const poisoned = new PoisonedJournal();
  await using stage = new ClusterStage(poisoned.journal);
  await stage.clock.settle();
  await stage.loseLink();
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  poisoned.unwritable.set(job.id, poison);
  for (let time = 0; time < 6; time++) {
    const failed = assert.rejects(cancel(stage, job.id), { code: "JOURNAL_CONFLICT" });
    await stage.clock.advance(30_000);
    await failed;
  }
  assert.deepEqual((await stage.status()).jobs.isolated, [job.id]);
  await stage.findLink();
  assert.equal(stage.sent.length, 0);
  poisoned.unwritable.clear();
  stage.cluster.tell({ type: "resume" });
  await stage.clock.advance(10_000);
  assert.equal(stage.sent.length, 1);
});

Deno.test("a job that cannot take its cancellation in time says so, and takes it in the end", async () => {
  const poisoned = new PoisonedJournal();
  await using stage = new ClusterStage(poisoned.journal);
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.clock.advance(5_000);
  poisoned.trouble = new JournalFullError("journal");
  const busy = assert.rejects(cancel(stage, job.id), { code: "JOB_BUSY", retryable: true });
  await stage.clock.advance(MINUTE);
  await busy;
  poisoned.trouble = undefined;
  await stage.clock.advance(MINUTE);
  assert.equal(stage.job(job.id).cancelRequested, true);
});

Deno.test("a disk that is full leaves no job alone, and what was to be noted is noted later", async () => {
  const poisoned = new PoisonedJournal();
  await using stage = new ClusterStage(poisoned.journal);
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  await stage.clock.advance(5_000);
  poisoned.trouble = new JournalFullError("journal");
  poisoned.unreadable.set(job.id, new JournalFullError("journal"));
  stage.connection.host.cut(cut);
  await stage.clock.settle();
  ways["jobs"]?.(stage);
  await stage.clock.advance(30 * MINUTE);
  assert.deepEqual((await stage.status()).jobs, { live: 1, isolated: [] });
  poisoned.trouble = undefined;
  poisoned.unreadable.clear();
  stage.sighting = done;
  await stage.clock.advance(2 * MINUTE);
  assert.equal(stage.job(job.id).phase, "succeeded");
  const types = (await stage.notes()).map(({ type }) => type);
  assert.deepEqual(types.slice(0, 3), ["link_up", "link_lost", "actor_failed"]);
  assert.ok(types.lastIndexOf("link_up") > 2);
});

Deno.test("a refused login is tried once, whatever fails meanwhile, until somebody says so", async () => {
  await using stage = new ClusterStage();
  stage.connects.answer = () => {
    throw refused;
  };
  const [job] = await stage.submit();
  assert.ok(job !== undefined);
  for (let n = 0; n < 50; n++) {
    stage.cluster.tell(
      n % 2 === 0
        ? { type: "output_size", jobId: job.id, reply: failing }
        : { type: "cancel", jobId: newJobId(), how: {}, reply: failing },
    );
    await stage.clock.advance(2 * MINUTE);
  }
  assert.ok((nodeOf(stage, "cluster")?.restarts ?? 0) >= 25);
  assert.equal(stage.connects.made.length, 1);
  assert.equal((await stage.status()).link.status, "refused");
  const links = (await stage.notes()).filter(({ type }) => type.startsWith("link_"));
  assert.deepEqual(links.map(({ type }) => type), ["link_refused"]);
  assert.equal(stage.job(job.id).phase, "submitting");

  const probed = assert.rejects(
    stage.cluster.ask((reply) => ({ type: "probe" as const, reply })),
    { code: "AUTH_FAILED" },
  );
  await stage.clock.settle();
  await probed;
  assert.equal(stage.connects.made.length, 2, "a probe is somebody who says so");
  await stage.clock.advance(60 * MINUTE);
  assert.equal(stage.connects.made.length, 2);

  await stage.findLink(0);
  stage.cluster.tell({ type: "resume" });
  await stage.clock.advance(10_000);
  assert.equal(stage.job(job.id).phase, "running");
});

Deno.test("what a link of before the cluster's new start reported late is passed over", async () => {
  await using stage = new ClusterStage();
  await stage.clock.settle();
  const { ref: from } = stage.listener<LinkMessage>();
  stage.cluster.tell({ type: "link_lost", error: cut, from });
  stage.cluster.tell({ type: "link_up", connection: new FakeConnection(), from });
  assert.notEqual((await stage.status()).host, undefined);
  assert.deepEqual((await stage.notes()).map(({ type }) => type), ["link_up"]);
});

Deno.test("to resume is to connect at once, however long the wait is", async () => {
  await using stage = new ClusterStage();
  await stage.clock.settle();
  await stage.loseLink();
  await stage.clock.advance(60 * MINUTE);
  await stage.findLink(0);
  const before = stage.connections.length;
  stage.cluster.tell({ type: "resume" });
  await stage.clock.settle();
  assert.equal(stage.connections.length, before + 1);
  assert.equal((await stage.status()).link.status, "up");
});

Deno.test("submissions that get nowhere are noted as paused, and as resumed", async () => {
  await using stage = new ClusterStage();
  await stage.clock.settle();
  const { submits } = stage.connection.scheduler;
  const { answer } = submits;
  submits.answer = () => {
    throw new SluiceError({ code: "BUSY", message: "Busy.", next: "", retryable: true });
  };
  const jobs = await stage.submit(3);
  await stage.clock.advance(10 * MINUTE);
  const { submissions } = await stage.status();
  assert.ok(submissions.status === "paused");
  assert.equal(submissions.waiting, 3);
  assert.ok(submissions.retryAt > stage.clock.now());
  for (const { id } of jobs) assert.equal(stage.job(id).error?.code, "BUSY");
  if (answer !== undefined) submits.answer = answer;
  stage.cluster.tell({ type: "resume" });
  await stage.clock.advance(5_000);
  assert.deepEqual(await failures(stage), []);
  const types = (await stage.notes()).map(({ type }) => type);
  assert.deepEqual(types, ["link_up", "submissions_paused", "submissions_resumed"]);
  for (const { id } of jobs) assert.equal(stage.job(id).phase, "running");
});

Deno.test("the files of ended jobs go in time", async () => {
  await using stage = new ClusterStage();
  stage.sighting = done;
  const jobs = await stage.submit(3);
  await stage.clock.advance(MINUTE);
  await stage.clock.advance(23 * 60 * MINUTE);
  assert.equal(stage.connection.scheduler.removes.made.length, 0);
  await stage.clock.advance(80 * MINUTE);
  const removed = stage.connection.scheduler.removes.made.flatMap(({ argument }) => argument);
  assert.deepEqual(new Set(removed), new Set(jobs.map(({ id }) => id)));
  for (const { id } of jobs) assert.notEqual(stage.job(id).filesRemovedAt, undefined);
});
