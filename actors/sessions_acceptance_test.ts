import assert from "node:assert/strict";
import {
  allocationJob,
  clusterConfigSchema,
  clusterNameSchema,
  jobSpecSchema,
  sessionOfAllocation,
} from "../model/mod.ts";
import type { JobFact, JobSpec, JobSpecInput, JobView, SessionId } from "../model/mod.ts";
import { Journal } from "../store/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { ClusterMessage } from "./cluster/mod.ts";
import type { ClusterHandle } from "./cluster_handles.ts";
import { foldJob, jobEntries } from "./job/mod.ts";
import { fakePlanner } from "./testing/fake_connection.ts";
import { jobNumber } from "./testing/simulated_job.ts";
import { Stage } from "./testing/stage.ts";

const work: JobSpecInput["payload"] = { kind: "command", command: ["true"] };

const spec = (input: Partial<JobSpecInput> = {}) =>
  jobSpecSchema.parse({ cluster: "alpha", payload: work, ...input });

const slurm = {
  type: "slurm",
  host: "login",
  sessions: { day: { idleSeconds: 60 }, night: { resources: { nodes: 2 } } },
};

const configs = {
  alpha: slurm,
  beta: { ...slurm, runIn: "day" },
  here: { type: "local", resources: "ignore" },
};

/** Clusters that only listen, with sessions in their configurations. */
class SessionsStage extends Stage {
  readonly journal;
  readonly acceptance;

  constructor(journal = Journal.open({ path: ":memory:" })) {
    super();
    this.journal = journal;
    this.acceptance = new Acceptance(
      new Map(
        Object.entries(configs).map(([key, config]): [ClusterHandle["name"], ClusterHandle] => {
          const name = clusterNameSchema.parse(key);
          const { ref } = this.listener<ClusterMessage>();
          const handle = { name, config: clusterConfigSchema.parse(config), ref };
          return [name, { ...handle, planner: fakePlanner }];
        }),
      ),
      journal,
      this.clock,
    );
  }

  /** Takes one job on. */
  async accept(input: Partial<JobSpecInput> = {}): Promise<JobView> {
    const [view] = await this.acceptance.accept([spec(input)]);
    return view ?? assert.fail();
  }

  /** Opens a session. */
  async open(): Promise<SessionId> {
    return sessionOfAllocation((await this.accept({ payload: { kind: "allocation" } })).id);
  }

  /** Adds a fact to the history of the job that holds the session's nodes. */
  async happens(session: SessionId, fact: JobFact): Promise<void> {
    const before = this.journal.job(allocationJob(session))?.view ?? assert.fail();
    const { id: jobId, cluster } = before;
    const view = foldJob(before, { jobId, cluster, at: this.clock.now(), fact });
    await this.journal.append(jobEntries([fact], view, []));
  }

  /** What was asked for of a job. */
  specOf(id: JobView["id"]): JobSpec {
    return this.journal.job(id)?.spec ?? assert.fail();
  }

  /** How many sessions there are. */
  get sessions(): number {
    return this.journal.allocations({ live: false }).length;
  }
}

const closing = { type: "session_closing", reason: "idle", drain: true } as const;

Deno.test("a step of a session knows its session, and is found by it", async () => {
  await using stage = new SessionsStage();
  using journal = stage.journal;
  const session = await stage.open();
  const step = await stage.accept({ session });
  await stage.accept();
  assert.equal(step.session, session);
  assert.equal(stage.specOf(step.id).session, session);
  assert.deepEqual(journal.liveSteps(session).map(({ id }) => id), [step.id]);
  assert.deepEqual(journal.jobs({ session, limit: 9 }).jobs.map(({ id }) => id), [step.id]);
  assert.deepEqual([...journal.stepPhases(session)], [["accepted", 1]]);
});

Deno.test("what is no session, one of another cluster and one that closes take no steps", async () => {
  await using stage = new SessionsStage();
  using _ = stage.journal;
  const session = await stage.open();
  const job = await stage.accept();
  const noSession = sessionOfAllocation(job.id);
  await assert.rejects(stage.accept({ session: noSession }), { code: "SESSION_NOT_FOUND" });
  await assert.rejects(
    stage.accept({ session: "week" }),
    (error) => error instanceof Error && "next" in error && /day, night/.test(`${error.next}`),
  );
  await assert.rejects(stage.accept({ cluster: "beta", session }), { code: "SESSION_ELSEWHERE" });
  await stage.happens(session, closing);
  await assert.rejects(stage.accept({ session }), { code: "SESSION_CLOSING" });
  await assert.rejects(stage.accept({ session: "toString" }), { code: "SESSION_NOT_FOUND" });
});

Deno.test("a session of the configuration is opened by the first job that names it, and once", async () => {
  await using stage = new SessionsStage();
  using _ = stage.journal;
  const calls = await Promise.all(
    Array.from(
      { length: 5 },
      () => stage.acceptance.accept([spec({ session: "night" }), spec({ session: "night" })]),
    ),
  );
  const sessions = new Set(calls.flat().map(({ session }) => session));
  assert.equal(sessions.size, 1);
  const [session] = sessions;
  const allocation = stage.journal.job(allocationJob(session ?? assert.fail()));
  assert.equal(allocation?.view.allocation?.name, "night");
  assert.equal(allocation?.spec.resources.nodes, 2);
  assert.equal((await stage.accept({ session: "night" })).session, session);
  assert.notEqual((await stage.accept({ session: "day" })).session, session);
  assert.equal(stage.sessions, 2);
});

Deno.test("it is the same one after a restart, and another once that closes or has ended", async () => {
  using journal = Journal.open({ path: ":memory:" });
  let first: SessionId;
  {
    await using stage = new SessionsStage(journal);
    first = (await stage.accept({ session: "day" })).session ?? assert.fail();
  }
  await using stage = new SessionsStage(journal);
  assert.equal((await stage.accept({ session: "day" })).session, first);
  await stage.happens(first, closing);
  const second = (await stage.accept({ session: "day" })).session ?? assert.fail();
  assert.notEqual(second, first);
  await stage.happens(second, { type: "ended", phase: "failed", nodes: [] });
  assert.notEqual((await stage.accept({ session: "day" })).session, second);
});

Deno.test("a session that did not get into the journal is opened by the next job", async () => {
  await using stage = new SessionsStage();
  using journal = stage.journal;
  const append = journal.append.bind(journal);
  journal.append = () => Promise.reject(new Error("no room"));
  const failing = stage.accept({ session: "day" });
  const next = stage.accept({ session: "day" });
  journal.append = append;
  await assert.rejects(failing);
  const { session } = await next;
  assert.ok(journal.summary(allocationJob(session ?? assert.fail())) !== undefined);
});

Deno.test("jobs run in the session that the cluster's configuration names, unless they cannot or say otherwise", async () => {
  await using stage = new SessionsStage();
  using journal = stage.journal;
  const cluster = "beta";
  const { session } = await stage.accept({ cluster });
  assert.equal(journal.summary(allocationJob(session ?? assert.fail()))?.allocation?.name, "day");
  const other = await stage.accept({ cluster, session: "night" });
  assert.notEqual(other.session, session);
  const alone: readonly Partial<JobSpecInput>[] = [
    { payload: { kind: "allocation" } },
    { components: [{ payload: work }] },
  ];
  for (const input of alone) {
    assert.equal((await stage.accept({ cluster, ...input })).session, undefined);
    assert.equal(
      jobSpecSchema.safeParse({ cluster, payload: work, session: "day", ...input }).success,
      false,
    );
  }
});

Deno.test("a plain host that is told to ignore what it cannot give runs a step as a process of its own", async () => {
  await using stage = new SessionsStage();
  using _ = stage.journal;
  const job = await stage.accept({ cluster: "here", session: "day" });
  assert.equal(job.session, undefined);
  assert.equal(stage.specOf(job.id).session, "day");
});

Deno.test("idempotency compares what the caller gave, whatever session that led to", async () => {
  await using stage = new SessionsStage();
  using _ = stage.journal;
  const keyed = { session: "day", idempotencyKey: "k" };
  const first = await stage.accept(keyed);
  await stage.happens(first.session ?? assert.fail(), closing);
  const again = await stage.accept(keyed);
  assert.equal(again.id, first.id);
  await assert.rejects(stage.accept({ ...keyed, session: "night" }), {
    code: "IDEMPOTENCY_CONFLICT",
  });
  assert.equal(stage.sessions, 1);
});

Deno.test("a session closes with no job that there is not, and none that has ended", async () => {
  await using stage = new SessionsStage();
  using _ = stage.journal;
  const open = (jobId: JobView["id"]) =>
    stage.accept({ payload: { kind: "allocation", owner: { kind: "job", jobId } } });
  const owner = await stage.open();
  await open(allocationJob(owner));
  await stage.happens(owner, { type: "ended", phase: "succeeded", nodes: [] });
  await assert.rejects(open(allocationJob(owner)), { code: "SESSION_OWNER_ENDED" });
  await assert.rejects(open(jobNumber(7)), { code: "JOB_NOT_FOUND" });
});

const ray = { kind: "ray", reuse: { tolerance: 0 } } as const;

Deno.test("steps that may share a cluster have one stand, and take it where it fits", async () => {
  await using stage = new SessionsStage();
  using journal = stage.journal;
  const session = await stage.open();
  const resources = { nodes: 2, cpusPerTask: 4 };
  const steps = await Promise.all(
    Array.from({ length: 4 }, () => stage.accept({ session, launcher: ray, resources })),
  );
  const [cluster] = journal.standing(session);
  assert.ok(cluster !== undefined);
  assert.equal(cluster.name, "ray-cluster");
  assert.equal(cluster.framework, "ray");
  assert.deepEqual(steps.map(({ standing }) => standing), steps.map(() => cluster.id));
  assert.deepEqual(stage.specOf(cluster.id).payload, { kind: "cluster" });
  assert.equal(journal.standing(session).length, 1);
  const smaller = await stage.accept({ session, launcher: ray, resources: { nodes: 1 } });
  assert.equal(smaller.standing, cluster.id);
  const larger = await stage.accept({ session, launcher: ray, resources: { nodes: 3 } });
  assert.notEqual(larger.standing, cluster.id);
  assert.equal(journal.standing(session).length, 2);
});

Deno.test("a cluster of its own, elsewhere or of another session is not shared", async () => {
  await using stage = new SessionsStage();
  using journal = stage.journal;
  const session = await stage.open();
  for (
    const launcher of [{ kind: "ray" }, { ...ray, address: "head:6379" }, { kind: "bash" }] as const
  ) {
    assert.equal((await stage.accept({ session, launcher })).standing, undefined);
  }
  assert.equal((await stage.accept({ launcher: ray })).standing, undefined);
  assert.equal(journal.standing(session).length, 0);
  const one = await stage.accept({ session, launcher: ray });
  const other = await stage.accept({ session: await stage.open(), launcher: ray });
  assert.notEqual(one.standing, other.standing);
});

Deno.test("a cluster that has ended or is to end is taken by nobody", async () => {
  await using stage = new SessionsStage();
  using journal = stage.journal;
  const session = await stage.open();
  const first = await stage.accept({ session, launcher: ray });
  const cluster = sessionOfAllocation(first.standing ?? assert.fail());
  await stage.happens(cluster, { type: "ended", phase: "failed", nodes: [] });
  const second = await stage.accept({ session, launcher: ray });
  assert.notEqual(second.standing, first.standing);
  assert.equal(journal.standing(session).length, 1);
});
