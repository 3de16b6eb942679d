import assert from "node:assert/strict";
import { allocationJob, newJobId, sessionOfAllocation, SluiceError } from "../../model/mod.ts";
import type {
  AllocationTerms,
  JobFact,
  JobId,
  JobSpecInput,
  JobView,
  SessionId,
} from "../../model/mod.ts";
import { Journal } from "../../store/mod.ts";
import { foldJob, jobEntries } from "../job/mod.ts";
import { acceptedEntry } from "../testing/accepted_entry.ts";
import { anySpec, EPOCH, jobNumber, schedulerId } from "../testing/simulated_job.ts";
import { ClusterStage, done } from "../testing/cluster_stage.ts";

const waiting = { kind: "waiting", state: "PENDING" } as const;

/** A cluster with sessions. */
class SessionStage extends ClusterStage {
  /** Opens a session and waits until it has its nodes. */
  async open(terms: Partial<AllocationTerms> = {}): Promise<SessionId> {
    const [job] = await this.submit(1, { payload: { kind: "allocation", ...terms } });
    assert.ok(job !== undefined);
    await this.clock.advance(5_000);
    return sessionOfAllocation(job.id);
  }

  /** Submits a step of the session. */
  async step(session: SessionId, input: Partial<JobSpecInput> = {}): Promise<JobId> {
    const [job] = await this.submit(1, input, { session });
    assert.ok(job !== undefined);
    return job.id;
  }

  /** The job that holds the session's nodes. */
  allocation(session: SessionId): JobView {
    return this.job(allocationJob(session));
  }

  /** The facts of the session itself. */
  told(session: SessionId): JobFact[] {
    return this.journal.history(allocationJob(session)).map(({ fact }) => fact)
      .filter(({ type }) => /^(session|node|cluster)_/.test(type));
  }

  /** Asks for the session to be closed. */
  async close(sessionId: SessionId, drain = true): Promise<JobView | undefined> {
    const answered = this.cluster.ask<JobView | undefined>((reply) => ({
      type: "close_session",
      sessionId,
      drain,
      reply,
    }));
    await this.clock.settle();
    return await answered;
  }

  /** Asks for the session's lease to be renewed. */
  async renew(sessionId: SessionId): Promise<void> {
    const answered = this.cluster.ask<undefined>((reply) => ({
      type: "renew_session",
      sessionId,
      reply,
    }));
    await Promise.all([answered, this.clock.settle()]);
  }

  /** How often the scheduler was told to close the session. */
  closes(session: SessionId): number {
    return this.connections.flatMap(({ scheduler }) => scheduler.sessionCloses.made)
      .filter(({ argument }) => argument === session).length;
  }

  /** Whether somebody asked for the job to be ended. */
  cancelled(id: JobId): boolean {
    return this.job(id).cancelRequested;
  }
}

Deno.test("all sessions of a cluster are inspected by one call a round, and nobody is where there is none", async () => {
  await using stage = new SessionStage();
  await stage.submit(3);
  await stage.clock.advance(10_000);
  const { inspects } = stage.connection.scheduler;
  assert.equal(inspects.made.length, 0);
  const sessions = [await stage.open(), await stage.open(), await stage.open()];
  const polls = () => stage.connection.scheduler.observes.made.length;
  const [before, inspected] = [polls(), inspects.made.length];
  await stage.clock.advance(60_000);
  assert.equal(inspects.made.length - inspected, polls() - before);
  assert.deepEqual(inspects.last.argument.map(({ sessionId }) => sessionId), sessions);
  assert.deepEqual(inspects.last.argument[0]?.nodes, ["n1"]);
});

Deno.test("a node that fails is named, and named again when it is back", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const nodes = (usable: boolean) => [{ node: "n2", state: usable ? "IDLE" : "DOWN", usable }];
  stage.seen = { nodes: nodes(false) };
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session), [{ type: "node_failed", node: "n2", state: "DOWN" }]);
  assert.equal(stage.allocation(session).allocation?.failedNodes[0]?.node, "n2");
  stage.seen = { nodes: nodes(true) };
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session).slice(1), [{ type: "node_recovered", node: "n2" }]);
  assert.deepEqual(stage.allocation(session).allocation?.failedNodes, []);
});

Deno.test("with the node that starts its steps a session ends, however it is to take the failure of others", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ onNodeFailure: "continue" });
  const step = await stage.step(session);
  stage.seen = {
    nodes: [{ node: "n1", state: "DOWN", usable: false }],
    closed: "node_failure",
  };
  await stage.clock.advance(60_000);
  const closing = { type: "session_closing", reason: "node_failure", drain: false };
  assert.deepEqual(stage.told(session).at(1), closing);
  assert.ok(stage.cancelled(step));
  stage.sightings.set(step, done);
  await stage.clock.advance(60_000);
  assert.ok(stage.cancelled(allocationJob(session)));
});

Deno.test("a node that the scheduler does not hear of for a while ends no session, though it be its first", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  stage.seen = { nodes: [{ node: "n1", state: "NOT_RESPONDING", usable: false }] };
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session).map(({ type }) => type), ["node_failed"]);
});

Deno.test("a session that is to end with a node does, and its steps with it", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ onNodeFailure: "end" });
  const step = await stage.step(session);
  stage.seen = { nodes: [{ node: "n1", state: "DOWN", usable: false }] };
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session).at(1), {
    type: "session_closing",
    reason: "node_failure",
    drain: false,
  });
  assert.ok(stage.cancelled(step));
});

Deno.test("a session that closes by itself says why before its job has ended", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ idleSeconds: 60 });
  stage.seen = { closed: "idle" };
  stage.sighting = done;
  await stage.clock.advance(60_000);
  const facts = stage.facts(allocationJob(session));
  assert.deepEqual(facts.slice(-2), ["session_closing", "ended"]);
  assert.deepEqual(stage.told(session), [{ type: "session_closing", reason: "idle", drain: true }]);
});

Deno.test("the notice comes so long before the time limit as was asked for, and once", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ noticeSeconds: 600 });
  const expiresAt = EPOCH + 3_600_000;
  stage.seen = { expiresAt };
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session), []);
  await stage.clock.advance(expiresAt - 600_000 - stage.clock.now() - 1);
  assert.deepEqual(stage.told(session), []);
  await stage.clock.advance(1);
  assert.deepEqual(stage.told(session), [{ type: "session_expiring", expiresAt }]);
  await stage.clock.advance(300_000);
  assert.equal(stage.told(session).length, 1);
});

Deno.test("a time limit that was moved is told of anew", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ noticeSeconds: 60 });
  stage.seen = { expiresAt: EPOCH + 600_000 };
  await stage.clock.advance(300_000);
  stage.seen = { expiresAt: EPOCH + 1_200_000 };
  await stage.clock.advance(EPOCH + 1_139_000 - stage.clock.now());
  assert.deepEqual(stage.told(session), []);
  await stage.clock.advance(1_000);
  assert.deepEqual(stage.told(session), [
    { type: "session_expiring", expiresAt: EPOCH + 1_200_000 },
  ]);
});

Deno.test("a cluster of the session is told of when it comes up and when it is gone", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const up = { jobId: jobNumber(77), framework: "ray", address: "n1:6379" } as const;
  stage.seen = { clusters: [up] };
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session), [{ type: "cluster_up", ...up }]);
  stage.seen = {};
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session).slice(1), [{ type: "cluster_down", jobId: up.jobId }]);
});

Deno.test("the line of a cluster that has come up has its session inspected at once", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const step = await stage.step(session, {
    payload: { kind: "cluster" },
    launcher: { kind: "ray" },
  });
  await stage.clock.advance(300_000);
  const { inspects } = stage.connection.scheduler;
  const before = inspects.made.length;
  stage.seen = { clusters: [{ jobId: step, framework: "ray", address: "n1:6379" }] };
  stage.connection.host.streams.at(-1)?.write(
    new TextEncoder().encode(`${step} - 0 ready 0 -\n`),
  );
  await stage.clock.advance(100);
  assert.equal(inspects.made.length, before + 1);
  assert.equal(stage.told(session).at(-1)?.type, "cluster_up");
});

Deno.test("a session that is closed is told so until it is seen to have closed, over lost connections", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  await stage.step(session);
  await stage.clock.advance(5_000);
  await stage.loseLink();
  const answer = await stage.close(session);
  assert.equal(answer?.allocation?.closing?.reason, "asked");
  await stage.clock.advance(60_000);
  assert.equal(stage.closes(session), 0);
  await stage.findLink();
  assert.ok(stage.closes(session) > 1, "it was not seen to close");
  stage.seen = { closed: "asked" };
  await stage.clock.advance(40_000);
  const told = stage.closes(session);
  await stage.clock.advance(120_000);
  assert.equal(stage.closes(session), told);
  assert.equal(stage.told(session).length, 1);
});

Deno.test("a close that fails is tried again", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  await stage.step(session);
  await stage.clock.advance(5_000);
  stage.connection.scheduler.sessionCloses.answer = () => {
    throw new Error("no space left");
  };
  await stage.close(session);
  await stage.clock.advance(5_000);
  assert.ok(stage.closes(session) > 1);
});

Deno.test("a session that closes waits for steps that the scheduler has not been given yet", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  stage.connection.scheduler.submits.answer = undefined;
  const step = await stage.step(session);
  await stage.close(session);
  await stage.clock.advance(20_000);
  assert.equal(stage.closes(session), 0);
  const { submits } = stage.connection.scheduler;
  submits.last.ok([{
    kind: "submitted",
    attemptId: submits.last.argument[0]?.attemptId ?? assert.fail(),
    schedulerId: stage.allocation(session).schedulerId ?? assert.fail(),
  }]);
  await stage.clock.advance(5_000);
  assert.equal(stage.job(step).phase, "running");
  assert.equal(stage.closes(session), 1);
});

Deno.test("clusters end once no other step of a closing session does", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const cluster = await stage.step(session, {
    payload: { kind: "cluster" },
    launcher: { kind: "ray" },
  });
  const step = await stage.step(session);
  await stage.close(session);
  await stage.clock.advance(10_000);
  assert.ok(!stage.cancelled(cluster));
  stage.sightings.set(step, done);
  await stage.clock.advance(40_000);
  assert.ok(stage.cancelled(cluster));
  assert.ok(!stage.cancelled(step));
});

Deno.test("a session that is closed without waiting ends its steps, and then its job", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const steps = [await stage.step(session), await stage.step(session)];
  await stage.clock.advance(5_000);
  await stage.close(session, false);
  await stage.clock.advance(5_000);
  for (const step of steps) assert.ok(stage.cancelled(step));
  assert.ok(stage.closes(session) > 0);
  assert.ok(!stage.cancelled(allocationJob(session)));
  for (const step of steps) stage.sightings.set(step, done);
  await stage.clock.advance(40_000);
  assert.ok(stage.cancelled(allocationJob(session)));
});

Deno.test("nodes are given back also where steps do not end", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  await stage.step(session);
  await stage.close(session, false);
  await stage.clock.advance(55_000);
  assert.ok(!stage.cancelled(allocationJob(session)));
  await stage.clock.advance(10_000);
  assert.ok(stage.cancelled(allocationJob(session)));
});

Deno.test("a session that was to wait for its steps is told not to wait any more", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const step = await stage.step(session);
  await stage.close(session);
  await stage.clock.advance(5_000);
  assert.ok(!stage.cancelled(step));
  await stage.close(session, false);
  await stage.close(session);
  await stage.clock.advance(5_000);
  assert.ok(stage.cancelled(step));
  assert.deepEqual(stage.told(session), [
    { type: "session_closing", reason: "asked", drain: true },
    { type: "session_closing", reason: "asked", drain: false },
  ]);
});

Deno.test("a session without steps that waits in the queue is taken out of it", async () => {
  await using stage = new SessionStage();
  stage.sighting = waiting;
  const session = await stage.open();
  await stage.close(session);
  await stage.clock.advance(5_000);
  assert.ok(stage.cancelled(allocationJob(session)));
});

Deno.test("whoever cancels the job that holds the nodes closes the session", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  const step = await stage.step(session);
  const jobId = allocationJob(session);
  const cancelled = stage.cluster.ask((reply) => ({ type: "cancel", jobId, how: {}, reply }));
  await stage.clock.advance(5_000);
  await cancelled;
  assert.ok(stage.cancelled(step));
  assert.deepEqual(stage.told(session), [
    { type: "session_closing", reason: "asked", drain: false },
  ]);
});

Deno.test("a session closes when its lease is not renewed", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ owner: { kind: "lease", seconds: 60 } });
  for (let time = 0; time < 5; time++) {
    await stage.renew(session);
    await stage.clock.advance(50_000);
    assert.deepEqual(stage.told(session), []);
  }
  await stage.clock.advance(11_000);
  assert.deepEqual(stage.told(session), [
    { type: "session_closing", reason: "owner", drain: true },
  ]);
  await assert.rejects(stage.renew(session), { code: "SESSION_CLOSING" });
});

Deno.test("a session without a lease cannot be renewed", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  await assert.rejects(stage.renew(session), { code: "SESSION_WITHOUT_LEASE" });
});

Deno.test("a session closes when the job that owns it has ended, also one that ended meanwhile", async () => {
  await using stage = new SessionStage();
  const [owner] = await stage.submit();
  assert.ok(owner !== undefined);
  const kind = "job";
  const session = await stage.open({ owner: { kind, jobId: owner.id } });
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session), []);
  stage.sightings.set(owner.id, done);
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session), [
    { type: "session_closing", reason: "owner", drain: true },
  ]);
  const late = await stage.open({ owner: { kind, jobId: owner.id } });
  assert.equal(stage.told(late).at(0)?.type, "session_closing");
});

Deno.test("a session closes when no step has run or waited in it for so long as was asked for", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ idleSeconds: 120 });
  const step = await stage.step(session);
  await stage.clock.advance(300_000);
  assert.deepEqual(stage.told(session), []);
  stage.sightings.set(step, done);
  await stage.clock.advance(110_000);
  // One that comes and goes between two looks has it wait anew.
  stage.sightings.set(await stage.step(session), done);
  await stage.clock.advance(110_000);
  assert.deepEqual(stage.told(session), []);
  await stage.clock.advance(60_000);
  assert.deepEqual(stage.told(session), [{ type: "session_closing", reason: "idle", drain: true }]);
  assert.ok(stage.closes(session) > 0);
});

Deno.test("a session that nobody ever uses closes, and one that is to stay stays", async () => {
  await using stage = new SessionStage();
  const [unused, kept] = [await stage.open({ idleSeconds: 120 }), await stage.open()];
  await stage.clock.advance(180_000);
  assert.equal(stage.told(unused).length, 1);
  assert.deepEqual(stage.told(kept), []);
});

Deno.test("a session whose clusters nobody uses is idle, however long they stand", async () => {
  await using stage = new SessionStage();
  const session = await stage.open({ idleSeconds: 120 });
  const cluster = await stage.step(session, {
    payload: { kind: "cluster" },
    launcher: { kind: "ray" },
  });
  const step = await stage.step(session);
  await stage.clock.advance(300_000);
  assert.deepEqual(stage.told(session), []);
  stage.sightings.set(step, done);
  await stage.clock.advance(110_000);
  assert.deepEqual(stage.told(session), []);
  await stage.clock.advance(90_000);
  assert.deepEqual(stage.told(session), [{ type: "session_closing", reason: "idle", drain: true }]);
  assert.ok(stage.cancelled(cluster));
});

const lease = { kind: "lease", seconds: 60 } as const;

/** The history of a session that has its nodes, and of a step that runs in it. */
async function leftBehind(
  journal: Journal,
  terms: Partial<AllocationTerms>,
  ...last: readonly JobFact[]
): Promise<SessionId> {
  const session = sessionOfAllocation(jobNumber(1));
  const sent: readonly JobFact[] = [
    { type: "submitting", tries: 1 },
    { type: "submitted", schedulerId: schedulerId("1") },
    { type: "running", state: "RUNNING", nodes: ["n1"], restarts: 0 },
  ];
  const histories = [
    [acceptedEntry(jobNumber(1), anySpec({ payload: { kind: "allocation", ...terms } })), last],
    [acceptedEntry(jobNumber(2), anySpec(), { session }), []],
  ] as const;
  for (const [accepted, more] of histories) {
    let { view }: { view: JobView } = accepted;
    await journal.append([accepted]);
    for (const fact of [...sent, ...more]) {
      const { id: jobId, cluster } = view;
      view = foldJob(view, { jobId, cluster, at: EPOCH, fact });
      await journal.append(jobEntries([fact], view, []));
    }
  }
  return session;
}

Deno.test("a session that was closing when Sluice ended goes on with it after the next start", async () => {
  const journal = Journal.open({ path: ":memory:" });
  const closing = { type: "session_closing", reason: "asked", drain: true } as const;
  const session = await leftBehind(journal, { owner: lease }, closing);
  await using stage = new SessionStage(journal);
  await stage.clock.advance(5_000);
  assert.ok(stage.closes(session) > 0);
  assert.equal(stage.told(session).length, 1);
  await stage.clock.advance(120_000);
  assert.equal(stage.told(session).length, 1);
});

Deno.test("a lease begins anew when Sluice does", async () => {
  const journal = Journal.open({ path: ":memory:" });
  const session = await leftBehind(journal, { owner: lease });
  await using stage = new SessionStage(journal);
  await stage.clock.advance(55_000);
  assert.deepEqual(stage.told(session), []);
  await stage.clock.advance(6_000);
  assert.equal(stage.told(session).length, 1);
});

Deno.test("a session's actor that fails comes back and carries on", async () => {
  await using stage = new SessionStage();
  const session = await stage.open();
  await stage.step(session);
  await stage.clock.advance(5_000);
  stage.connection.scheduler.sessionCloses.defect = new Error("a defect");
  await stage.close(session);
  await stage.clock.advance(10_000);
  assert.ok(stage.closes(session) > 0);
  assert.ok((await stage.notes()).some(({ type }) => type === "actor_failed"));
});

const failing = {
  ok(): never {
    throw new Error("a defect");
  },
  fail(): void {},
};

/** Has one of those below the cluster fail once. */
const ways: Readonly<Record<string, (stage: ClusterStage) => void>> = {
  poller: ({ connection }) => {
    connection.scheduler.observes.defect = new Error("a defect");
  },
  jobs: ({ cluster }) => {
    cluster.tell({ type: "cancel", jobId: jobNumber(99), how: {}, reply: failing });
  },
  sessions: ({ cluster }) => {
    const sessionId = sessionOfAllocation(jobNumber(99));
    cluster.tell({ type: "session_sighting", sessionId, reply: failing });
  },
};

for (const [part, fail] of Object.entries(ways)) {
  Deno.test(`sessions go on when the ${part} of their cluster fails`, async () => {
    await using stage = new SessionStage();
    const session = await stage.open({ idleSeconds: 600 });
    const step = await stage.step(session);
    await stage.clock.advance(5_000);
    fail(stage);
    stage.seen = { nodes: [{ node: "n1", state: "DOWN", usable: false }] };
    await stage.clock.advance(60_000);
    assert.equal(stage.told(session).at(0)?.type, "node_failed");
    assert.ok((await stage.notes()).some(({ type }) => type === "actor_failed"));
    stage.sightings.set(step, done);
    await stage.clock.advance(700_000);
    assert.equal(stage.told(session).at(1)?.type, "session_closing");
    assert.ok(stage.closes(session) > 0);
  });
}

/** Has the scheduler refuse whatever holds nodes. */
function refuseAllocations({ connection }: SessionStage): void {
  const { submits } = connection.scheduler;
  const { answer } = submits;
  submits.answer = (batch) =>
    batch.flatMap(({ attemptId, ...rest }) =>
      rest.spec.payload.kind === "allocation"
        ? [{ kind: "rejected", attemptId, error: refusal }]
        : answer?.([{ attemptId, ...rest }]) ?? []
    );
}

const refusal = new SluiceError({ code: "REFUSED", message: "No such partition.", next: "Ask." });

Deno.test("steps of a session that was refused fail, and say why", async () => {
  await using stage = new SessionStage();
  await stage.clock.settle();
  refuseAllocations(stage);
  const session = sessionOfAllocation(newJobId(EPOCH));
  const step = await stage.step(session);
  await stage.journal.append([
    acceptedEntry(allocationJob(session), anySpec({ payload: { kind: "allocation" } })),
  ]);
  stage.cluster.tell({ type: "adopt", jobIds: [allocationJob(session)] });
  await stage.clock.advance(5_000);
  assert.equal(stage.allocation(session).phase, "failed");
  assert.equal(stage.job(step).phase, "failed");
  assert.match(stage.job(step).error?.message ?? "", /No such partition/);
  const late = await stage.step(session);
  assert.equal(stage.job(late).error?.code, "SESSION_FAILED");
  assert.ok(!stage.sent.some(({ jobId }) => jobId === late));
});
