/**
 * Sessions: many steps for one wait in the queue, whatever breaks meanwhile, and all ways to close.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import { isFinal } from "../../model/mod.ts";
import type { JobEvent, JobId, SessionId, SessionView } from "../../model/mod.ts";
import { createInProcessClient, createSluiceClient, jobEvents } from "../../rpc/mod.ts";
import type { SluiceClient } from "../../rpc/mod.ts";
import { lastingPort } from "../../rpc/testing/mod.ts";
import { quote } from "../../shell/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
import { untilThere } from "./support/gate.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { readAll, utf8 } from "./support/output.ts";
import { startServerProcess } from "./support/server_process.ts";
import { until, within } from "./support/until.ts";
import { DEV, jobSpec, shellJob, TOKEN, Workspace } from "./support/workspace.ts";

const STEPS = 50;
const AT_ONCE = 8;
const small = { nodes: 1, cpusPerTask: 1, memory: 20 } as const;
const held = { nodes: 2, cpusPerTask: 4, memory: 400, time: 20 } as const;
const poll = { minSeconds: 0.5, maxSeconds: 2 };

/** A step that leaves its mark when it starts, then does something and ends with its own status. */
function marked(mark: number, file: string, session: string, then = "sleep 1") {
  const script = `echo ${mark} >>${quote(file)}\necho "step ${mark}"\n${then}\nexit ${mark % 3}`;
  return jobSpec(shellJob(script, { session, resources: small, labels: { mark: `${mark}` } }));
}

/** The steps that their session has been given. */
function handedOver(events: readonly JobEvent[]): Set<JobId> {
  return new Set(
    events.flatMap(({ jobId, fact }) =>
      fact.type === "submitted" && fact.schedulerId.startsWith("step:") ? [jobId] : []
    ),
  );
}

/** Fails unless each step ran once and ended as it was to, and only the session had waited in the queue. */
async function judge(
  workspace: Workspace,
  client: SluiceClient,
  session: SessionId,
  started: string,
): Promise<void> {
  const { jobs } = await client.jobs.list.query({ limit: 1000 });
  const steps = jobs.filter(({ session }) => session !== undefined);
  assert.equal(steps.length, STEPS);
  for (const { id, labels, phase, exitCode } of steps) {
    const mark = Number(labels["mark"]);
    assert.equal(phase, mark % 3 === 0 ? "succeeded" : "failed", `${id}: step ${mark}`);
    assert.equal(exitCode, mark % 3);
  }
  assert.deepEqual(
    started.trim().split("\n").map(Number).sort((a, b) => a - b),
    Array.from({ length: STEPS }, (_, mark) => mark),
  );
  await client.sessions.close.mutate({ id: session });
  assert.equal((await workspace.accountedJobs(1)).length, 1, "one wait in the queue");
}

Deno.test("fifty steps through one session wait in the queue once, and cut connections lose none", {
  ...CUTS_WITHIN_PACKETS,
}, async () => {
  await using workspace = await Workspace.make();
  const started = workspace.file("started");
  const { host, port } = workspace.facts;
  await using proxy = startProxy({ target: { host, port } });
  await using sluice = await workspace.open({ ...await knownThroughProxy(workspace, proxy), poll });
  const { id: session } = await sluice.sessions.open({
    cluster: DEV,
    resources: held,
    maxConcurrent: AT_ONCE,
  });
  await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
  const marks = Array.from({ length: STEPS }, (_, mark) => mark);
  await sluice.jobs.submitMany(marks.map((mark) => marked(mark, started.path, session)));
  for (const share of [0.2, 0.5, 0.8]) {
    await until(
      "some steps have started",
      async () => (await started.read()).split("\n").length > STEPS * share,
      50,
    );
    proxy.cutAll();
  }
  await feed.until((events) => endedJobs(events).size === STEPS);
  assertInOrder(feed.events);
  const view = await sluice.sessions.get(session);
  assert.deepEqual(view.steps, { waiting: 0, running: 0, ended: STEPS });
  await judge(workspace, createInProcessClient(sluice), session, await started.read());
});

Deno.test("fifty steps through one session survive the death of Sluice in their midst", async () => {
  await using workspace = await Workspace.make();
  const started = workspace.file("started");
  const go = workspace.file("go");
  const port = lastingPort();
  const first = await startServerProcess(workspace, port, { poll });
  const client = createSluiceClient({ url: `http://127.0.0.1:${port}`, token: TOKEN });
  await using feed = new Following((signal) => jobEvents(client, {}, { signal }));
  const { id: session } = await client.sessions.open.mutate({
    cluster: DEV,
    resources: held,
    maxConcurrent: AT_ONCE,
  });
  const marks = Array.from({ length: STEPS }, (_, mark) => mark);
  const gate = `${untilThere(go.path)}\nsleep 1`;
  await client.jobs.submitMany.mutate({
    jobs: marks.map((mark) => marked(mark, started.path, session, gate)),
  });
  const count = async () => (await started.read()).split("\n").length - 1;
  await feed.until((events) => handedOver(events).size === STEPS);
  await until("some steps have started", async () => await count() === AT_ONCE, 50);
  await first.kill();
  await Deno.writeTextFile(go.path, "");
  await until("steps go on without Sluice", async () => await count() >= 2 * AT_ONCE, 100);
  {
    await using _second = await startServerProcess(workspace, port, { poll });
    await feed.until((events) => endedJobs(events).size > 20);
  }
  await using _third = await startServerProcess(workspace, port, { poll });
  await feed.until((events) => endedJobs(events).size === STEPS);
  assertInOrder(feed.events);
  await judge(workspace, client, session, await started.read());
});

/** Opens a session of one node and waits until it has it. */
async function open(
  sluice: Sluice,
  terms: Partial<Parameters<Sluice["sessions"]["open"]>[0]> = {},
): Promise<SessionId> {
  const { id } = await sluice.sessions.open({
    cluster: DEV,
    resources: { ...held, nodes: 1 },
    ...terms,
  });
  for await (const { fact } of sluice.sessions.events(id)) if (fact.type === "running") break;
  return id;
}

/** Waits until the session has closed. */
async function closed(sluice: Sluice, id: SessionId): Promise<SessionView> {
  const ended = async () => {
    for await (const _ of sluice.sessions.events(id));
  };
  await within("the session closes", ended());
  return await sluice.sessions.get(id);
}

/** Submits a step of the session. */
async function step(sluice: Sluice, session: SessionId, script: string): Promise<JobId> {
  const job = await sluice.jobs.submit(jobSpec(shellJob(script, { session, resources: small })));
  return job.id;
}

/** Waits until the step runs. */
async function running(sluice: Sluice, jobId: JobId): Promise<void> {
  for await (const { fact } of sluice.jobs.events({ jobId })) if (fact.type === "running") return;
}

Deno.test("a session closes when it has been idle, when its owner ends, and when told, each in its way", async (t) => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll });

  await t.step("when nobody has used it for long enough", async () => {
    // It has something to do from its beginning on.
    const { id: session } = await sluice.sessions.open({
      cluster: DEV,
      resources: { ...held, nodes: 1 },
      idleSeconds: 5,
    });
    const job = await step(sluice, session, "sleep 7\necho done");
    assert.equal((await sluice.jobs.wait(job)).phase, "succeeded");
    const stdout = await readAll(
      sluice.jobs.logs({ jobId: job, stream: "stdout", offset: 0, follow: true }),
    );
    assert.deepEqual(stdout, utf8("done\n"));
    const view = await closed(sluice, session);
    assert.equal(view.closeReason, "idle");
    assert.equal(view.phase, "succeeded");
    assert.ok(view.expiresAt === undefined && view.startedAt !== undefined);
  });

  await t.step("with the job that owns it", async () => {
    const owner = await sluice.jobs.submit(jobSpec(shellJob("sleep 3", { resources: small })));
    const session = await open(sluice, { owner: { kind: "job", jobId: owner.id } });
    const view = await closed(sluice, session);
    assert.equal(view.closeReason, "owner");
    assert.equal((await sluice.jobs.get(owner.id)).phase, "succeeded");
  });

  await t.step("when told, after the steps that it has", async () => {
    const session = await open(sluice, { maxConcurrent: 1 });
    const steps = await Promise.all(
      [1, 2, 3].map(() => step(sluice, session, "sleep 1\nexit 4")),
    );
    assert.equal((await sluice.sessions.close(session)).status, "closing");
    await assert.rejects(step(sluice, session, "true"), { code: "SESSION_CLOSING" });
    const view = await closed(sluice, session);
    assert.equal(view.closeReason, "asked");
    assert.deepEqual(view.steps, { waiting: 0, running: 0, ended: 3 });
    for (const id of steps) assert.equal((await sluice.jobs.wait(id)).exitCode, 4);
  });

  await t.step("when told, without waiting for them", async () => {
    const session = await open(sluice, { maxConcurrent: 1 });
    const [first, second] = [
      await step(sluice, session, "sleep 600"),
      await step(sluice, session, "sleep 600"),
    ];
    await running(sluice, first);
    await sluice.sessions.close(session, { drain: false });
    await closed(sluice, session);
    for (const id of [first, second]) {
      assert.equal((await sluice.jobs.wait(id)).phase, "cancelled");
    }
  });

  await t.step("while it waits for nodes that there are not", async () => {
    const { id } = await sluice.sessions.open({
      cluster: DEV,
      resources: { ...held, begin: "now+1hour" },
    });
    const job = await step(sluice, id, "true");
    await until(
      "it is in the queue",
      async () => (await sluice.sessions.get(id)).phase === "queued",
      100,
    );
    assert.equal((await sluice.sessions.get(id)).status, "opening");
    assert.ok(!isFinal((await sluice.jobs.get(job)).phase));
    await sluice.sessions.close(id, { drain: false });
    await closed(sluice, id);
    assert.equal((await sluice.jobs.wait(job)).phase, "cancelled");
  });
});

Deno.test("jobs run in the session of the configuration, opened by the first and again after it has closed", async () => {
  await using workspace = await Workspace.make();
  const sessions = { day: { resources: { ...held, nodes: 1 }, idleSeconds: 3 } };
  await using sluice = await workspace.open({ poll, sessions, runIn: "day" });
  const run = (count: number) =>
    sluice.jobs.submitMany(
      Array.from({ length: count }, () => jobSpec(shellJob("echo ran", { resources: small }))),
    );
  const first = await run(5);
  assert.equal(new Set(first.map(({ session }) => session)).size, 1);
  for (const { id } of first) assert.equal((await sluice.jobs.wait(id)).phase, "succeeded");
  const [session] = await sluice.sessions.list();
  assert.equal(session?.sessionName, "day");
  assert.equal((await closed(sluice, session?.id ?? assert.fail())).closeReason, "idle");
  const [again] = await run(1);
  assert.notEqual(again?.session, session?.id);
  assert.equal((await sluice.jobs.wait(again?.id ?? assert.fail())).phase, "succeeded");
  assert.equal((await workspace.accountedJobs(2)).length, 2);
});

Deno.test("steps of a session that Slurm refuses fail with Slurm's words", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll });
  const { id } = await sluice.sessions.open({
    cluster: DEV,
    resources: { partition: "nowhere" },
  });
  const job = await step(sluice, id, "true");
  const { phase, error } = await sluice.jobs.wait(job);
  assert.equal(phase, "failed");
  assert.match(error?.message ?? "", /partition/);
  assert.equal((await sluice.sessions.get(id)).status, "closed");
});
