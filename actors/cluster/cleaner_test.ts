import assert from "node:assert/strict";
import { clusterNameSchema } from "../../model/mod.ts";
import type { FinalPhase, JobFact, JobId } from "../../model/mod.ts";
import { Journal } from "../../store/mod.ts";
import { foldJob } from "../job/mod.ts";
import { acceptedEntry } from "../testing/accepted_entry.ts";
import { FakeConnection } from "../testing/fake_connection.ts";
import { anySpec, EPOCH, jobNumber } from "../testing/simulated_job.ts";
import { Stage } from "../testing/stage.ts";
import { cleaner } from "./cleaner.ts";
import type { CleanerMessage, Retention } from "./cleaner.ts";
import type { OutputReaderMessage } from "./output_reader.ts";

const cluster = clusterNameSchema.parse("alpha");
const HOUR = 3_600_000;
const kept: Retention = {
  successMs: 24 * HOUR,
  failureMs: 168 * HOUR,
  environmentMs: 168 * HOUR,
  fileMs: 100 * HOUR,
};

class CleanerStage extends Stage {
  readonly journal = Journal.open({ path: ":memory:" });
  /** Jobs that somebody reads. */
  readonly read = new Set<JobId>();
  readonly reserved: (readonly JobId[])[] = [];
  readonly connection = new FakeConnection();
  readonly outputs = this.system.spawn<OutputReaderMessage, null>("outputs", {
    init: () => null,
    receive: (state, message) => {
      if (message.type !== "reserve") return state;
      const unread = message.jobIds.filter((id) => !this.read.has(id));
      this.reserved.push(unread);
      message.reply.ok(unread);
      return state;
    },
  });
  readonly cleaner;

  constructor(retention: Retention | null = kept) {
    super();
    const { journal, outputs } = this;
    this.cleaner = this.system.spawn<CleanerMessage, unknown>(
      "cleaner",
      cleaner({ cluster, journal, retention: retention ?? undefined, outputs }),
    );
  }

  get removes() {
    return this.connection.scheduler.removes;
  }

  get removed(): JobId[] {
    return this.removes.made.flatMap(({ argument }) => argument);
  }

  up(): void {
    this.cleaner.tell({ type: "up", connection: this.connection });
  }

  /** Jobs that have ended right now. */
  async ended(phase: FinalPhase, ...numbers: readonly number[]): Promise<JobId[]> {
    const at = this.clock.now();
    const ids = numbers.map(jobNumber);
    await this.journal.append(ids.flatMap((jobId) => {
      const accepted = acceptedEntry(jobId, anySpec(), { at });
      const fact: JobFact = { type: "ended", phase, nodes: [] };
      const view = foldJob(accepted.view, { jobId, cluster, at, fact });
      return [accepted, { ...accepted, index: 2, fact, view }];
    }));
    return ids;
  }

  removedAt(jobId: JobId): number | undefined {
    return this.journal.job(jobId)?.view.filesRemovedAt;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.journal.close();
  }
}

Deno.test("files go a day after success and a week after any other end, and are marked once gone", async () => {
  await using stage = new CleanerStage();
  const [good, bad] = [await stage.ended("succeeded", 1), await stage.ended("failed", 2)];
  const cancelled = await stage.ended("cancelled", 3);
  await stage.journal.append([acceptedEntry(jobNumber(4), anySpec())]);
  stage.removes.answer = () => {};
  stage.up();
  await stage.clock.advance(23.9 * HOUR);
  assert.deepEqual(stage.removed, []);
  await stage.clock.advance(0.4 * HOUR);
  assert.deepEqual(stage.removed, good);
  for (const id of good) {
    assert.ok((stage.removedAt(id) ?? 0) > EPOCH + 24 * HOUR);
  }
  await stage.clock.advance(150 * HOUR);
  assert.deepEqual(new Set(stage.removed), new Set([...good, ...bad, ...cancelled]));
  assert.equal(stage.removed.length, 3, "each once");
});

Deno.test("the first round comes about a minute after the connection, and each ten minutes", async () => {
  await using stage = new CleanerStage();
  await stage.ended("succeeded", 1);
  await stage.clock.advance(25 * HOUR);
  stage.up();
  await stage.clock.advance(40_000);
  assert.equal(stage.removes.made.length, 0);
  await stage.clock.advance(25_000);
  assert.equal(stage.removes.made.length, 1);
  stage.removes.last.fail(new Error("no answer"));
  await stage.clock.advance(7 * 60_000);
  assert.equal(stage.removes.made.length, 1);
  await stage.clock.advance(4 * 60_000);
  assert.equal(stage.removes.made.length, 2);
});

Deno.test("what could not be removed may be read again, and is tried again", async () => {
  await using stage = new CleanerStage();
  const [id] = await stage.ended("succeeded", 1);
  assert.ok(id !== undefined);
  await stage.clock.advance(25 * HOUR);
  stage.up();
  await stage.clock.advance(61_000);
  stage.removes.last.fail(new Error("no answer"));
  await stage.clock.settle();
  assert.deepEqual(stage.reserved, [[id], []]);
  assert.equal(stage.removedAt(id), undefined);
  stage.removes.answer = () => {};
  await stage.clock.advance(HOUR);
  assert.notEqual(stage.removedAt(id), undefined);
});

Deno.test("many are removed five hundred at a time, one request after the other", async () => {
  await using stage = new CleanerStage();
  await stage.ended("succeeded", ...Array.from({ length: 1_200 }, (_, n) => n));
  await stage.clock.advance(25 * HOUR);
  stage.removes.answer = () => {};
  stage.up();
  await stage.clock.advance(61_000);
  assert.deepEqual(stage.removes.made.map(({ argument }) => argument.length), [500, 500, 200]);
  assert.equal(new Set(stage.removed).size, 1_200);
});

Deno.test("what is read stays until it is read no more", async () => {
  await using stage = new CleanerStage();
  const ids = await stage.ended("succeeded", ...Array.from({ length: 600 }, (_, n) => n));
  for (const id of ids) stage.read.add(id);
  await stage.clock.advance(25 * HOUR);
  stage.removes.answer = () => {};
  stage.up();
  await stage.clock.advance(HOUR);
  assert.deepEqual(stage.removed, []);
  assert.ok(stage.reserved.length <= 9, "nobody asks again and again");
  stage.read.clear();
  await stage.clock.advance(HOUR);
  assert.equal(stage.removed.length, 600);
});

Deno.test("nothing is removed without a connection, nor where all is to be kept", async () => {
  await using stage = new CleanerStage();
  await stage.ended("succeeded", 1);
  stage.up();
  stage.cleaner.tell({ type: "down" });
  await stage.clock.advance(1_000 * HOUR);
  assert.equal(stage.removes.made.length, 0);
  assert.equal(stage.clock.pending, 0);

  await using keeping = new CleanerStage(null);
  await keeping.ended("succeeded", 1);
  keeping.up();
  await keeping.clock.advance(1_000 * HOUR);
  assert.equal(keeping.removes.made.length, 0);
});

Deno.test("a removal that was not marked is made once more, and marked", async () => {
  await using stage = new CleanerStage();
  const [id] = await stage.ended("succeeded", 1);
  assert.ok(id !== undefined);
  await stage.clock.advance(25 * HOUR);
  stage.removes.answer = () => {};
  const mark = stage.journal.markRemoved.bind(stage.journal);
  stage.journal.markRemoved = () => Promise.reject(new Error("killed"));
  stage.up();
  await stage.clock.advance(61_000);
  assert.equal(stage.removedAt(id), undefined);
  stage.journal.markRemoved = mark;
  await stage.clock.advance(HOUR);
  assert.deepEqual(stage.removed, [id, id]);
  assert.notEqual(stage.removedAt(id), undefined);
});

Deno.test("environments that nobody has used for long go, and those that a live job wants stay", async () => {
  await using stage = new CleanerStage();
  const { environments } = stage.connection;
  const [wanted, unwanted] = ["a".repeat(64), "b".repeat(64)];
  const id = jobNumber(1);
  const accepted = acceptedEntry(id, anySpec());
  const at = stage.clock.now();
  const facts: JobFact[] = [
    { type: "staging", tries: 1 },
    { type: "staged", environments: [{ sha256: wanted }] },
  ];
  let view = accepted.view;
  await stage.journal.append([
    accepted,
    ...facts.map((fact, index) => {
      view = foldJob(view, { jobId: id, cluster, at, fact });
      return { ...accepted, index: index + 2, fact, view };
    }),
  ]);
  environments.unuseds.answer = () => [wanted, unwanted];
  environments.collects.answer = () => [unwanted];
  stage.up();
  await stage.clock.advance(61_000);
  assert.deepEqual(environments.unuseds.made.map(({ argument }) => argument), [168 * HOUR]);
  assert.deepEqual(environments.collects.made.map(({ argument }) => argument), [
    { wanted: [wanted], unwanted: [unwanted] },
  ]);
});

Deno.test("files that were sent go after their own time", async () => {
  await using stage = new CleanerStage();
  stage.up();
  await stage.clock.advance(61_000);
  assert.deepEqual(stage.connection.files.expires.made.map(({ argument }) => argument), [
    100 * HOUR,
  ]);
});

Deno.test("where all environments were used just now, nobody asks what the jobs use", async () => {
  await using stage = new CleanerStage();
  stage.up();
  await stage.clock.advance(HOUR);
  assert.ok(stage.connection.environments.unuseds.made.length > 4);
  assert.deepEqual(stage.connection.environments.collects.made, []);
});
