import assert from "node:assert/strict";
import { clusterConfigSchema, clusterNameSchema, jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { Journal } from "../store/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { ClusterMessage } from "./cluster/mod.ts";
import type { ClusterHandle } from "./cluster_handles.ts";
import { fakePlanner } from "./testing/fake_connection.ts";
import { Stage } from "./testing/stage.ts";

const spec = (input: Partial<JobSpecInput> = {}) =>
  jobSpecSchema.parse({
    cluster: "alpha",
    payload: { kind: "command", command: ["true"] },
    ...input,
  });

/** Two clusters that only listen, and a journal. */
class AcceptanceStage extends Stage {
  readonly journal = Journal.open({ path: ":memory:" });
  readonly clusters = {
    alpha: this.listener<ClusterMessage>(),
    beta: this.listener<ClusterMessage>(),
  };
  readonly acceptance = new Acceptance(
    new Map(
      Object.entries(this.clusters).map(
        ([key, { ref }]): [ClusterHandle["name"], ClusterHandle] => {
          const name = clusterNameSchema.parse(key);
          const config = clusterConfigSchema.parse({ type: "local" });
          return [name, { name, config, planner: fakePlanner, ref }];
        },
      ),
    ),
    this.journal,
    this.clock,
  );

  /** What each cluster was told to take up. */
  async adopted(name: "alpha" | "beta") {
    await this.clock.settle();
    return this.clusters[name].heard.flatMap((message) =>
      message.type === "adopt" ? [...message.jobIds] : []
    );
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.journal.close();
  }
}

Deno.test("jobs of several clusters are in the journal before any cluster hears of its own", async () => {
  await using stage = new AcceptanceStage();
  const views = await stage.acceptance.accept([spec(), spec({ cluster: "beta" }), spec()]);
  assert.deepEqual(views.map(({ cluster }) => cluster), ["alpha", "beta", "alpha"]);
  for (const { id } of views) assert.equal(stage.journal.job(id)?.view.phase, "accepted");
  const [first, second, third] = views.map(({ id }) => id);
  assert.deepEqual(await stage.adopted("alpha"), [first, third]);
  assert.deepEqual(await stage.adopted("beta"), [second]);
});

Deno.test("jobs that the journal does not take reach no cluster, and their caller is told", async () => {
  await using stage = new AcceptanceStage();
  stage.journal.close();
  await assert.rejects(
    stage.acceptance.accept([spec(), spec({ cluster: "beta" })]),
    { code: "JOURNAL_CLOSED" },
  );
  assert.deepEqual(await stage.adopted("alpha"), []);
  assert.deepEqual(await stage.adopted("beta"), []);
});

Deno.test("the same key with the same spec is the same job, however it is written and whenever", async () => {
  await using stage = new AcceptanceStage();
  const labels = { a: "1", b: "2" };
  const [job] = await stage.acceptance.accept([spec({ idempotencyKey: "k", labels })]);
  const [again] = await stage.acceptance.accept([
    spec({ idempotencyKey: "k", labels: { b: "2", a: "1" } }),
  ]);
  assert.equal(again?.id, job?.id);
  assert.deepEqual(await stage.adopted("alpha"), [job?.id]);
  const [other] = await stage.acceptance.accept([spec({ idempotencyKey: "l", labels })]);
  assert.notEqual(other?.id, job?.id);
});

Deno.test("calls of one moment with one key make one job", async () => {
  await using stage = new AcceptanceStage();
  const calls = await Promise.all(
    Array.from({ length: 5 }, () => stage.acceptance.accept([spec({ idempotencyKey: "k" })])),
  );
  assert.equal(new Set(calls.map(([view]) => view?.id)).size, 1);
  assert.equal((await stage.adopted("alpha")).length, 1);
  assert.equal(stage.journal.lastEventId(), 1);
});

Deno.test("one call with a key twice makes one job", async () => {
  await using stage = new AcceptanceStage();
  const keyed = spec({ idempotencyKey: "k" });
  const [one, two] = await stage.acceptance.accept([keyed, keyed]);
  assert.equal(one?.id, two?.id);
  assert.equal(stage.journal.lastEventId(), 1);
});

Deno.test("the same key with another spec is a conflict that names the job, and nothing is taken on", async () => {
  await using stage = new AcceptanceStage();
  const [job] = await stage.acceptance.accept([spec({ idempotencyKey: "k" })]);
  const other = spec({ idempotencyKey: "k", name: "other" });
  await assert.rejects(stage.acceptance.accept([spec(), other]), (error) => {
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, "IDEMPOTENCY_CONFLICT");
    assert.match(error.message, new RegExp(`job ${job?.id}`));
    return true;
  });
  await assert.rejects(
    stage.acceptance.accept([
      spec({ idempotencyKey: "m" }),
      spec({ idempotencyKey: "m", name: "x" }),
    ]),
    { code: "IDEMPOTENCY_CONFLICT" },
  );
  assert.equal(stage.journal.lastEventId(), 1);
});

Deno.test("a key whose job did not get into the journal is free again", async () => {
  await using stage = new AcceptanceStage();
  const keyed = spec({ idempotencyKey: "k" });
  const append = stage.journal.append.bind(stage.journal);
  stage.journal.append = () => Promise.reject(new Error("no room"));
  await assert.rejects(stage.acceptance.accept([keyed]), { message: "no room" });
  stage.journal.append = append;
  const [job] = await stage.acceptance.accept([keyed]);
  assert.ok(job !== undefined && stage.journal.job(job.id) !== undefined);
});

Deno.test("a cluster whose mailbox is full hears of its jobs once there is room", async () => {
  await using stage = new AcceptanceStage();
  const { ref } = stage.clusters.alpha;
  const told: string[] = [];
  const tell = ref.tell.bind(ref);
  ref.tell = (message) => {
    told.push(message.type);
    return told.length < 3 ? "full" : tell(message);
  };
  const [job] = await stage.acceptance.accept([spec()]);
  assert.deepEqual(await stage.adopted("alpha"), []);
  await stage.clock.advance(1_000);
  assert.deepEqual(await stage.adopted("alpha"), [job?.id]);
  assert.equal(told.length, 3);
});
