/**
 * Lines that are cut or go dead, full channels, late commands.
 */

import assert from "node:assert/strict";
import { CommandTimeoutError, ConnectError, LinkLostError } from "../../hosts/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import {
  clusterTest,
  connect,
  connectThrough,
  openFiles,
  text,
  untilNoRemains,
} from "./support/ssh.ts";
import { until } from "./support/until.ts";

clusterTest("more streams than the host allows channels wait for each other", async (facts) => {
  await using host = await connect(facts);
  let most = 0;
  const answers = await Promise.all(Array.from({ length: 40 }, async (_, index) => {
    await using stream = await host.stream(`echo ${index}`);
    most = Math.max(most, host.openChannels);
    return (await new Response(stream.stdout).text()).trim();
  }));
  assert.deepEqual(answers, Array.from({ length: 40 }, (_, index) => String(index)));
  assert.ok(most <= 6, String(most));
});

clusterTest("a cut line is told as such to everything that was under way", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const host = await connectThrough(facts, proxy);
  const stream = await host.stream("echo ready; sleep 300");
  const reader = stream.stdout.getReader();
  await reader.read();
  const lost = (error: unknown) => {
    assert.ok(error instanceof LinkLostError, String(error));
    assert.equal(error.retryable, true);
    return true;
  };
  const running = assert.rejects(host.run("sleep 300"), lost);
  const reading = assert.rejects(reader.read(), lost);
  const errors = assert.rejects(stream.stderr.getReader().read(), lost);
  const exiting = assert.rejects(stream.exit, lost);
  const putting = assert.rejects(
    host.put(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(10_000));
        },
      }),
      "never-finished",
    ),
    lost,
  );
  const getting = assert.rejects(
    host.get("/dev/zero").then(async (zeros) => {
      for await (const _ of zeros) continue;
    }),
    lost,
  );
  await host.run("true", { lane: "other" });
  proxy.cutAll();
  await Promise.all([running, reading, errors, exiting, putting, getting]);
  assert.ok(lost(await host.closed));
  await assert.rejects(host.run("true"));
  await host.close();
  assert.equal(host.openChannels, 0);
  await using again = await connect(facts);
  await untilNoRemains(again);
}, CUTS_WITHIN_PACKETS);

clusterTest("a line that goes dead is noticed by three lost probes", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const host = await connectThrough(facts, proxy, { keepaliveSeconds: 1 });
  const running = assert.rejects(host.run("sleep 300"), LinkLostError);
  await host.run("true", { lane: "other" });
  proxy.setBlackHole(true);
  const error = await host.closed;
  assert.ok(error instanceof LinkLostError, String(error));
  assert.match(error.message, /Keepalive/);
  await running;
  await host.close();
});

clusterTest(
  "a connection cut at any byte of a login or a command gives a typed error",
  async (facts) => {
    const limits = Array.from({ length: 24 }, (_, index) => 1 + index * 331);
    for (const limit of limits) {
      await using proxy = startProxy({ target: facts, cutAfterBytes: { down: limit } });
      try {
        await using host = await connectThrough(facts, proxy, { connectTimeoutSeconds: 10 });
        for (;;) await host.run("seq 100");
      } catch (error) {
        assert.ok(error instanceof LinkLostError || error instanceof ConnectError, String(error));
      }
    }
  },
  CUTS_WITHIN_PACKETS,
);

clusterTest("a late command is killed on the host, and the lane goes on", async (facts) => {
  await using host = await connect(facts);
  const mark = `3${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const late = host.run(`sleep ${mark}`, { timeoutMs: 200 });
  const behind = host.run("echo behind");
  await assert.rejects(late, CommandTimeoutError);
  assert.equal(text((await behind).stdout), "behind\n");
  const left = await host.run(`ps -u "$(id -u)" -o args= | grep -c '[s]leep ${mark}'`);
  assert.equal(text(left.stdout), "0\n");
});

clusterTest("closing a stream, or the host, ends the command on the host", async (facts) => {
  await using observer = await connect(facts);
  const host = await connect(facts);
  const marks = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => `3${n}`);
  const started = async (mark: string | undefined) => {
    const stream = await host.stream(`echo up; sleep ${mark}`);
    const reader = stream.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    return stream;
  };
  const count = async (mark: string | undefined) =>
    text((await observer.run(`ps -u "$(id -u)" -o args= | grep -c '[s]leep ${mark}'`)).stdout)
      .trim();
  const first = await started(marks[0]);
  await started(marks[1]);
  // The shell says that it is up before it has started the other.
  for (const mark of marks) await until("it runs", async () => await count(mark) === "1", 50);
  await first.close();
  assert.equal(await count(marks[0]), "0");
  await host.close();
  assert.equal(await count(marks[1]), "0");
});

clusterTest("a hundred lost connections leave nothing open", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const before = await openFiles();
  for (let round = 0; round < 100; round++) {
    const host = await connectThrough(facts, proxy);
    const stream = await host.stream("sleep 300");
    const waiting = assert.rejects(host.run("sleep 300"), LinkLostError);
    await host.run("true", { lane: "other" });
    proxy.cutAll();
    await waiting;
    await assert.rejects(stream.exit, LinkLostError);
    await host.close();
  }
  const after = await openFiles();
  assert.ok(after <= before + 3, `${before} file descriptors became ${after}`);
}, CUTS_WITHIN_PACKETS);
