/**
 * Sluice closed, or killed, in the middle of its work, and opened again on the same journal.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobEvent, JobId } from "../../model/mod.ts";
import { createSluiceClient, jobEvents, jobLogs } from "../../rpc/mod.ts";
import { lastingPort } from "../../rpc/testing/mod.ts";
import { quote } from "../../shell/mod.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
import { untilThere } from "./support/gate.ts";
import { assertSameBytes, readAll, utf8 } from "./support/output.ts";
import { pseudoRandom } from "./support/pseudo_random.ts";
import { startServerProcess } from "./support/server_process.ts";
import { pause, until } from "./support/until.ts";
import { DEV, jobSpec, shellJob, TOKEN, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

const small = { memory: 50, cpusPerTask: 1 } as const;

/** A job that leaves its mark when it starts, and then goes on as told. */
function marked(mark: string, file: string, rest: string): JobInput {
  return shellJob(`echo ${quote(mark)} >>${quote(file)}\necho ${quote(mark)}\n${rest}`, {
    resources: small,
    labels: { mark },
  });
}

/** Events as a client gets them: what is not there is left out. */
function asSent(events: readonly JobEvent[]): unknown {
  return JSON.parse(JSON.stringify(events));
}

type Moment = (sluice: Sluice, ids: readonly JobId[]) => Promise<void>;

const moments: Readonly<Record<string, Moment>> = {
  "before anything was sent": () => Promise.resolve(),
  "while jobs are handed over": async (sluice) => {
    for await (const { fact } of sluice.jobs.events({})) {
      if (fact.type === "submitted") break;
    }
  },
  "while jobs run": async (sluice, ids) => {
    const running = new Set<string>();
    for await (const { jobId, fact } of sluice.jobs.events({})) {
      if (fact.type === "running") running.add(jobId);
      if (ids.slice(0, 6).every((id) => running.has(id))) break;
    }
  },
};

for (const [name, moment] of Object.entries(moments)) {
  Deno.test(`closed ${name} and opened again, Sluice loses and repeats nothing`, async () => {
    await using workspace = await Workspace.make();
    const started = workspace.file("started");
    const go = workspace.file("go");
    const gate = untilThere(go.path);
    const specs = [
      ...Array.from(
        { length: 6 },
        (_, index) => jobSpec(marked(`gated-${index}`, started.path, `${gate}\nexit ${index}`)),
      ),
      ...Array.from(
        { length: 6 },
        (_, index) => jobSpec(marked(`quick-${index}`, started.path, `exit ${index}`)),
      ),
    ];
    const ids: JobId[] = [];
    const before: JobEvent[] = [];
    {
      await using sluice = await workspace.open();
      await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
      const jobs = await sluice.jobs.submitMany(specs);
      ids.push(...jobs.map(({ id }) => id));
      await moment(sluice, ids);
      await feed.until((events) => events.length >= specs.length);
      before.push(...feed.events);
    }
    if (name === "while jobs run") {
      const states = (await workspace.slurmJobs()).map(({ state }) => state);
      assert.ok(states.filter((state) => state === "RUNNING").length >= 6, states.join());
    }
    await using sluice = await workspace.open();
    await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
    await until(
      "every job has started",
      async () => (await started.read()).split("\n").length > specs.length,
      100,
    );
    await Deno.writeTextFile(go.path, "");
    await feed.until((events) => endedJobs(events).size === specs.length);

    assertInOrder(feed.events);
    assert.deepEqual(asSent(feed.events.slice(0, before.length)), asSent(before));
    for (const [index, id] of ids.entries()) {
      const { phase, exitCode, spec } = await sluice.jobs.get(id);
      assert.equal(exitCode, index % 6);
      assert.equal(phase, index % 6 === 0 ? "succeeded" : "failed");
      const stdout = await readAll(
        sluice.jobs.logs({ jobId: id, stream: "stdout", offset: 0, follow: true }),
      );
      assertSameBytes(stdout, utf8(`${spec.labels["mark"]}\n`), "stdout");
      const submitted = feed.events.filter(({ jobId, fact }) =>
        jobId === id && fact.type === "submitted"
      );
      assert.equal(submitted.length, 1);
    }
    const marks = specs.map(({ labels }) => labels["mark"]);
    assert.deepEqual((await started.read()).trim().split("\n").sort(), marks.sort());
  });
}

Deno.test("a server killed again and again submits each job once, and no client misses an event", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  const random = pseudoRandom(seed);
  console.log(`kills by seed ${seed}`);
  const ROUNDS = 6;
  await using workspace = await Workspace.make();
  const started = workspace.file("started");
  const port = lastingPort();
  const client = createSluiceClient({ url: `http://127.0.0.1:${port}`, token: TOKEN });
  await using feed = new Following((signal) => jobEvents(client, {}, { signal }));

  const answered = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    await using server = await startServerProcess(workspace, port);
    const jobs = Array.from(
      { length: 5 },
      (_, index) =>
        jobSpec(marked(`${round}-${index}`, started.path, `sleep 0.${index}\nexit ${index}`)),
    );
    const submitting = client.jobs.submitMany.mutate({ jobs }).then(
      (views) => views.forEach(({ id }) => answered.add(id)),
      () => {},
    );
    // Every part of a submission takes a different time: killed at another moment in each round. In the first, when
    // the jobs have been accepted, however long that takes.
    if (round === 0) await submitting;
    await pause(random(1_500));
    await server.kill();
    await submitting;
  }

  await using _ = await startServerProcess(workspace, port);
  const { jobs } = await client.jobs.list.query({ limit: 1000 });
  const known = new Set<string>(jobs.map(({ id }) => id));
  assert.ok(known.size >= 5 && known.size <= ROUNDS * 5);
  assert.ok(answered.isSubsetOf(known), "whatever was accepted is in the journal");
  await feed.until((events) => endedJobs(events).size === known.size);

  assertInOrder(feed.events);
  assert.deepEqual(new Set<string>(feed.events.map(({ jobId }) => jobId)), known);
  const marks: string[] = [];
  for (const { id, labels } of jobs) {
    const mark = labels["mark"] ?? assert.fail();
    marks.push(mark);
    const view = await client.jobs.get.query({ id });
    const exitCode = Number(mark.split("-")[1]);
    assert.equal(view.cluster, DEV);
    assert.equal(view.exitCode, exitCode, JSON.stringify(view));
    assert.equal(view.phase, exitCode === 0 ? "succeeded" : "failed");
    const stdout = await readAll(jobLogs(client, { jobId: id }));
    assertSameBytes(stdout, utf8(`${mark}\n`), "stdout");
  }
  assert.deepEqual(
    (await started.read()).trim().split("\n").sort(),
    marks.sort(),
    `kills by seed ${seed}`,
  );
});
