import assert from "node:assert/strict";
import { allocationJob, clusterConfigSchema, sessionOfAllocation } from "../model/mod.ts";
import type { SessionView } from "../model/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { ClusterHandle } from "./cluster_handles.ts";
import { sessionsApi } from "./sessions_api.ts";
import { ClusterStage, done } from "./testing/cluster_stage.ts";
import { FakeArchives } from "./testing/fake_archives.ts";
import { fakePlanner } from "./testing/fake_connection.ts";
import { jobsApi } from "./jobs_api.ts";
import { EPOCH, jobNumber } from "./testing/simulated_job.ts";

/** The real API before the real actors of a cluster of fakes. */
class ApiStage extends ClusterStage {
  readonly handle: ClusterHandle = {
    name: this.name,
    config: clusterConfigSchema.parse({ type: "slurm", host: "login", sessions: { day: {} } }),
    planner: fakePlanner,
    ref: this.cluster,
  };
  readonly #handles = new Map([[this.name, this.handle]]);
  readonly #acceptance = new Acceptance(this.#handles, this.journal, this.clock);
  readonly jobs = jobsApi(this.#handles, this.journal, this.#acceptance, new FakeArchives());
  readonly sessions = sessionsApi(this.#handles, this.journal, this.#acceptance, this.clock);

  /** What comes of a call, while time passes. */
  async of<Answer>(call: Promise<Answer>, ms = 10): Promise<Answer> {
    const [answer] = await Promise.all([call, this.clock.advance(ms)]);
    return answer;
  }

  /** Opens a session and waits until it has its nodes. */
  async open(): Promise<SessionView> {
    const { id } = await this.of(this.sessions.open({ cluster: "alpha" }));
    await this.clock.advance(5_000);
    return await this.of(this.sessions.get(id));
  }
}

const payload = { kind: "command" as const, command: ["true"] };

Deno.test("a session is opened, used, closed and listed", async () => {
  await using stage = new ApiStage();
  const { sessions, jobs } = stage;
  const of = stage.of.bind(stage);
  stage.seen = { expiresAt: EPOCH + 3_600_000 };
  const open = await stage.open();
  assert.equal(open.status, "open");
  assert.equal(open.expiresAt, EPOCH + 3_600_000);
  assert.deepEqual(open.nodes, ["n1"]);
  const step = await of(jobs.submit({ cluster: "alpha", session: open.id, payload }));
  await stage.clock.advance(5_000);
  assert.deepEqual((await of(sessions.get(open.id))).steps, { waiting: 0, running: 1, ended: 0 });
  assert.equal((await of(sessions.close(open.id))).status, "closing");
  stage.sightings.set(step.id, done);
  await stage.clock.advance(20_000);
  stage.sightings.set(allocationJob(open.id), done);
  stage.seen = { closed: "asked" };
  await stage.clock.advance(40_000);
  const closed = await of(sessions.get(open.id));
  assert.equal(closed.status, "closed");
  assert.equal(closed.closeReason, "asked");
  assert.deepEqual(await of(sessions.list()), []);
  assert.deepEqual((await of(sessions.list({ live: false }))).map(({ id }) => id), [open.id]);
  assert.equal((await of(sessions.close(open.id))).status, "closed");
  await assert.rejects(sessions.renew(open.id), { code: "SESSION_CLOSING" });
  const told: string[] = [];
  for await (const { fact } of sessions.events(open.id)) told.push(fact.type);
  assert.equal(told.at(0), "accepted");
  assert.deepEqual(told.slice(-2), ["session_closing", "ended"]);
});

Deno.test("a session that there is not, and a job that holds none, are told from sessions", async () => {
  await using stage = new ApiStage();
  const [job] = await stage.submit();
  assert.deepEqual(await stage.sessions.list(), []);
  for (const id of [jobNumber(5), job?.id ?? assert.fail()]) {
    await assert.rejects(stage.sessions.get(sessionOfAllocation(id)), {
      code: "SESSION_NOT_FOUND",
    });
  }
});

Deno.test("the same key opens the same session", async () => {
  await using stage = new ApiStage();
  const spec = { cluster: stage.name, idempotencyKey: "k" };
  const [one, two] = await stage.of(
    Promise.all([stage.sessions.open(spec), stage.sessions.open(spec)]),
  );
  assert.equal(one.id, two.id);
});

Deno.test("a session that is held has its lease renewed, and closes with its scope", async () => {
  await using stage = new ApiStage();
  const owner = { kind: "lease" as const, seconds: 30 };
  const held = await stage.of(stage.sessions.hold({ cluster: "alpha", owner }));
  await stage.clock.advance(300_000);
  assert.equal((await stage.of(stage.sessions.get(held.id))).status, "open");
  stage.sighting = done;
  await stage.of(held[Symbol.asyncDispose](), 40_000);
  const closed = await stage.of(stage.sessions.get(held.id));
  assert.equal(closed.status, "closed");
  assert.equal(closed.closeReason, "asked");
});

Deno.test("a scope does not wait for ever for the end of the session that it held", async () => {
  await using stage = new ApiStage();
  const held = await stage.of(stage.sessions.hold({ cluster: "alpha" }, { drain: false }));
  await stage.clock.advance(5_000);
  await stage.of(held[Symbol.asyncDispose](), 120_000);
  assert.equal((await stage.of(stage.sessions.get(held.id))).status, "closing");
});
