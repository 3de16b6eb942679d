/**
 * Connections of OpenSSH's own client that are lost, given up or closed.
 */

import assert from "node:assert/strict";
import { HostClosedError, LinkLostError } from "../../hosts/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { runScript } from "../../scripts/testbed/mod.ts";
import { connect, remains, traces } from "./support/openssh.ts";
import { clusterTest, openFiles, untilNoRemains } from "./support/ssh.ts";
import { startServerProcess } from "./support/server_process.ts";
import { until, within } from "./support/until.ts";
import { Workspace } from "./support/workspace.ts";

const lost = (error: unknown) => {
  assert.ok(error instanceof LinkLostError, String(error));
  assert.equal(error.retryable, true);
  return true;
};

clusterTest("openssh: an attempt that is given up ends what it started", async (facts) => {
  await using silent = startProxy({ target: facts });
  silent.setBlackHole(true);
  const giveUp = new AbortController();
  const attempt = connect(facts, { host: silent.host, port: silent.port }, {
    signal: giveUp.signal,
  });
  const refused = assert.rejects(attempt, /enough/);
  await until("ssh has begun", () => silent.accepted > 0);
  const started = await traces();
  assert.ok(started.processIds.length >= 2);
  giveUp.abort(new Error("enough"));
  await refused;
  assert.deepEqual(await remains(started), []);
});

clusterTest(
  "openssh: a master that dies is a lost connection to all that was under way",
  async (facts) => {
    const host = await connect(facts);
    const stream = await host.stream("echo ready; sleep 300");
    const reader = stream.stdout.getReader();
    await reader.read();
    const outcomes = [
      assert.rejects(host.run("sleep 300"), lost),
      assert.rejects(reader.read(), lost),
      assert.rejects(stream.stderr.getReader().read(), lost),
      assert.rejects(stream.exit, lost),
      assert.rejects(
        host.put(
          new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) }),
          "never-finished",
        ),
        lost,
      ),
      assert.rejects(
        host.get("/dev/zero").then(async (zeros) => {
          for await (const _ of zeros) continue;
        }),
        lost,
      ),
    ];
    await host.run("true", { lane: "other" });
    const started = await traces();
    await runScript("kill", 'kill -s KILL "$1"', [started.masterId ?? "none"]);
    await within("everything is told", Promise.all(outcomes));
    const reason = await host.closed;
    assert.ok(lost(reason));
    assert.match(String(reason), /signal 9/);
    await assert.rejects(host.run("true"), lost);
    await host.close();
    assert.equal(host.openChannels, 0);
    assert.deepEqual(await remains(started), []);
    await using again = await connect(facts);
    await untilNoRemains(again);
  },
);

clusterTest("openssh: a line that is cut or goes dead is a lost connection", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const through = () =>
    connect(facts, {
      host: proxy.host,
      port: proxy.port,
      hostKeys: { policy: "insecure" },
      keepaliveSeconds: 1,
    });
  for (const cut of [() => proxy.cutAll(), () => proxy.setBlackHole(true)]) {
    const host = await through();
    const running = assert.rejects(host.run("sleep 300"), lost);
    await host.run("true", { lane: "other" });
    cut();
    await within("the loss is noticed", running);
    assert.ok(lost(await host.closed));
    await host.close();
  }
});

clusterTest("openssh: a master whose socket is gone is a lost connection", async (facts) => {
  const host = await connect(facts);
  await host.run("true");
  const started = await traces();
  await runScript("rm", 'rm "$1/s"', [started.directory ?? "none"]);
  await assert.rejects(host.stream("true"), lost);
  assert.ok(lost(await within("the loss is told", host.closed)));
  await host.close();
  assert.deepEqual(await remains(started), []);
});

clusterTest("openssh: closing ends every process and leaves no directory", async (facts) => {
  const files = await openFiles();
  for (let round = 0; round < 5; round++) {
    const host = await connect(facts);
    const stream = await host.stream("echo up; sleep 300");
    const reader = stream.stdout.getReader();
    await reader.read();
    const running = assert.rejects(host.run("sleep 300"), HostClosedError);
    const started = await traces();
    assert.ok(started.processIds.length >= 3 && started.directory !== undefined);
    await host.close();
    await running;
    await Promise.allSettled([stream.exit]);
    assert.equal(await host.closed, undefined);
    assert.deepEqual(await remains(started), []);
  }
  assert.ok(await openFiles() <= files + 3);
});

clusterTest("openssh: a Sluice that is killed leaves nothing behind", async () => {
  await using workspace = await Workspace.make();
  await using server = await startServerProcess(workspace, 0, { transport: "openssh" });
  await until("it is connected", async () => (await traces()).masterId !== undefined);
  const started = await traces();
  await server.kill();
  await until("all has ended", async () => (await remains(started)).length === 0);
});
