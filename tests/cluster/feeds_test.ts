/**
 * Connections that break in the middle of a feed or of a job, on either side of Sluice.
 */

import assert from "node:assert/strict";
import { createSluiceClient, jobEvents, jobLogs } from "../../rpc/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import type { TcpProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
import { untilThere } from "./support/gate.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { assertSameBytes, noise, printNoise, readAll, utf8 } from "./support/output.ts";
import { pseudoRandom } from "./support/pseudo_random.ts";
import { until } from "./support/until.ts";
import { jobSpec, serveOnFreePort, shellJob, TOKEN, Workspace } from "./support/workspace.ts";

const small = { memory: 50, cpusPerTask: 1 } as const;

/** Cuts each new connection at another byte, until it is told to stop. */
async function cutAgainAndAgain(
  proxy: TcpProxy,
  bytes: () => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { accepted } = proxy;
    proxy.setCutAfterBytes({ down: bytes() });
    await until("another connection", () => signal.aborted || proxy.accepted > accepted, 5);
  }
  proxy.setCutAfterBytes({});
}

Deno.test("a client whose connection is cut many times gets every event and every byte once", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  const random = pseudoRandom(seed);
  console.log(`cuts by seed ${seed}`);
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { server, client } = serveOnFreePort(sluice);
  await using _ = server;
  const { hostname, port } = new URL(server.url);
  await using proxy = startProxy({ target: { host: hostname, port: Number(port) } });
  const shaky = createSluiceClient({ url: `http://${proxy.host}:${proxy.port}`, token: TOKEN });

  const LINES = 600;
  const speaking = shellJob(
    `i=0\nwhile [ $i -lt ${LINES} ]; do i=$((i+1)); echo "line $i $(printf '%0200d' $i)"; sleep 0.01; done`,
    { resources: small },
  );
  const said = utf8(
    Array.from(
      { length: LINES },
      (_, index) => `line ${index + 1} ${String(index + 1).padStart(200, "0")}\n`,
    ).join(""),
  );
  const tasks = shellJob("exit 0", { resources: { ...small, array: "1-30" } });

  const cutting = new AbortController();
  // Most cuts fall into an event or a piece of the log, which are sent anew. Now and then a whole piece,
  // of 64 KiB in base64, gets through, without which there would be no progress. The first never do.
  let made = 0;
  const cuts = cutAgainAndAgain(
    proxy,
    () => made++ < 10 || random(3) > 0 ? 700 + random(6_000) : 100_000 + random(200_000),
    cutting.signal,
  );
  let breaks = 0;
  const onReconnect = () => breaks++;
  await using feed = new Following((signal) => jobEvents(shaky, {}, { signal, onReconnect }));

  const jobs = await client.jobs.submitMany.mutate({
    jobs: [jobSpec(speaking), jobSpec(tasks), ...Array.from({ length: 8 }, () => jobSpec(tasks))],
  });
  const [speaker] = jobs;
  assert.ok(speaker !== undefined);
  const [whole, again] = await Promise.all([
    readAll(jobLogs(shaky, { jobId: speaker.id }, { onReconnect })),
    readAll(jobLogs(shaky, { jobId: speaker.id, offset: 0 }, { onReconnect })),
  ]);
  assertSameBytes(whole, said, `output with cuts by seed ${seed}`);
  assertSameBytes(again, said, `output with cuts by seed ${seed}`);
  await feed.until((events) => endedJobs(events).size === jobs.length);
  cutting.abort();
  await cuts;

  assert.ok(breaks >= 5, `only ${breaks} breaks`);
  assertInOrder(feed.events);
  const straight = [];
  for await (const event of jobEvents(client)) {
    straight.push(event);
    if (straight.length === feed.events.length) break;
  }
  assert.deepEqual(feed.events, straight);
});

Deno.test({
  name: "a cut connection to the cluster costs no byte of a log and no job its verdict",
  ...CUTS_WITHIN_PACKETS,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    const random = pseudoRandom(seed);
    console.log(`cuts by seed ${seed}`);
    await using workspace = await Workspace.make();
    const { facts } = workspace;
    await using proxy = startProxy({ target: { host: facts.host, port: facts.port } });
    await using sluice = await workspace.open(await knownThroughProxy(workspace, proxy));
    await using link = new Following((signal) => sluice.clusters.events({}, { signal }));
    await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));

    const PIECES = 24;
    const PIECE = 64 * 1024;
    const piece = noise(PIECE);
    const said = new Uint8Array(PIECES * PIECE);
    for (let index = 0; index < PIECES; index++) said.set(piece, index * PIECE);
    const speaking = jobSpec(shellJob(
      `${
        printNoise(PIECE)
      } >noise\ni=0\nwhile [ $i -lt ${PIECES} ]; do i=$((i+1)); cat noise; sleep 0.3; done\nexit 5`,
      { resources: small },
    ));
    const quick = jobSpec(shellJob("echo quick; exit 4", { resources: small }));

    await link.until((events) => events.some(({ fact }) => fact.type === "link_up"));
    const [speaker, ...others] = await sluice.jobs.submitMany([speaking, quick, quick]);
    assert.ok(speaker !== undefined);
    const log = readAll(
      sluice.jobs.logs({ jobId: speaker.id, stream: "stdout", offset: 0, follow: true }),
    );
    for (let cut = 0; cut < 3; cut++) {
      const { accepted } = proxy;
      // The key exchange takes a few thousand bytes: the cut falls into what comes after it.
      proxy.setCutAfterBytes({ down: 20_000 + random(300_000) });
      await until("a cut and a new connection", () => proxy.accepted > accepted);
    }
    proxy.setCutAfterBytes({});

    assertSameBytes(await log, said, `output with cuts by seed ${seed}`);
    const view = await sluice.jobs.wait(speaker.id);
    assert.deepEqual([view.phase, view.state, view.exitCode], ["failed", "FAILED", 5]);
    for (const { id } of others) {
      const { phase, exitCode } = await sluice.jobs.wait(id);
      assert.deepEqual([phase, exitCode], ["failed", 4]);
    }
    await feed.until((events) => endedJobs(events).size === 3);

    assertInOrder(feed.events);
    const lost = link.events.filter(({ fact }) => fact.type === "link_lost");
    assert.ok(lost.length >= 3, JSON.stringify(link.events));
    for (const { fact } of lost) {
      assert.ok(fact.type === "link_lost");
      assert.equal(fact.error.retryable, true);
      assert.ok(fact.error.message !== "" && fact.error.next !== "", JSON.stringify(fact));
    }
    // A job is called unknown only where the connection was away for longer than the grace.
    const outages = link.events.flatMap(({ fact, at }, index) => {
      const back = link.events.slice(index).find((event) => event.fact.type === "link_up");
      return fact.type === "link_lost" ? [(back?.at ?? Infinity) - at] : [];
    });
    if (outages.every((ms) => ms < 5_000)) {
      assert.deepEqual(feed.events.filter(({ fact }) => fact.type === "unknown"), []);
    }
  },
});

Deno.test(
  "while the cluster cannot be reached a job is unknown, and judged right when it can",
  CUTS_WITHIN_PACKETS,
  async () => {
    await using workspace = await Workspace.make();
    const { facts } = workspace;
    await using proxy = startProxy({ target: { host: facts.host, port: facts.port } });
    await using sluice = await workspace.open(await knownThroughProxy(workspace, proxy));
    await using link = new Following((signal) => sluice.clusters.events({}, { signal }));
    const go = workspace.file("go");
    const waiting = (exit: number) =>
      jobSpec(shellJob(
        `echo before\n${untilThere(go.path)}\necho after\nexit ${exit}`,
        { resources: small },
      ));
    await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
    const jobs = await sluice.jobs.submitMany([waiting(0), waiting(9)]);
    const running = () =>
      new Set(feed.events.filter(({ fact }) => fact.type === "running").map(({ jobId }) => jobId));
    await feed.until(() => running().size === 2);

    proxy.setAccepting(false);
    proxy.cutAll();
    await feed.until((events) => events.filter(({ fact }) => fact.type === "unknown").length === 2);
    for (const { id } of jobs) {
      const view = await sluice.jobs.get(id);
      assert.equal(view.phase, "running", "unknown is no phase");
      assert.ok(view.unknownSince !== undefined && view.unknownReason?.code === "LinkLost");
    }
    // The jobs end while nobody looks.
    await Deno.writeTextFile(go.path, "");
    await until(
      "the jobs have ended on the cluster",
      async () =>
        (await workspace.slurmJobs()).every(({ state }) =>
          state === "COMPLETED" || state === "FAILED"
        ),
      200,
    );
    assert.equal(endedJobs(feed.events).size, 0, "nothing is made up while nothing is known");

    proxy.setAccepting(true);
    await feed.until((events) => endedJobs(events).size === 2);
    for (const [index, { id }] of jobs.entries()) {
      const view = await sluice.jobs.get(id);
      assert.equal(view.phase, index === 0 ? "succeeded" : "failed");
      assert.equal(view.exitCode, index === 0 ? 0 : 9);
      assert.equal(view.unknownSince, undefined);
      const facts = feed.events.filter(({ jobId }) => jobId === id).map(({ fact }) => fact.type);
      assert.ok(facts.indexOf("known") > facts.indexOf("unknown"), facts.join());
      const stdout = await readAll(
        sluice.jobs.logs({ jobId: id, stream: "stdout", offset: 0, follow: true }),
      );
      assertSameBytes(stdout, utf8("before\nafter\n"), "stdout");
    }
    assertInOrder(feed.events);
    const words = link.events.map(({ fact }) => fact.type);
    assert.deepEqual(
      words.filter((word, index) => word !== words[index - 1]),
      ["link_up", "link_lost", "link_up"],
    );
  },
);
